from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness import HarnessError, Predictor
from harness.testing.synthetic import SyntheticBenchmark
from methods.predictor import acenas
from methods.predictor.acenas import AceNAS
from methods.predictor.pace import Pace

SIZES = (4, 4, 4, 4)


class Known(Predictor):
    """Knows the scores, and notes what it was fitted to."""

    fits: list[int]
    attached: int = 0

    def attach(self, *given):
        self.attached += 1
        super().attach(*given)

    def learn(self, archs, scores):
        self.fits.append(len(archs))

    def guess(self, archs):
        return np.array([value(arch) for arch in self.space.tuples(archs)])


def value(arch, epochs=None):
    return float(sum(choice * 4**i for i, choice in enumerate(arch)))


@pytest.fixture
def known(monkeypatch):
    predictor = Known(fits=[])
    monkeypatch.setattr(acenas, "load_predictor", lambda text: predictor)
    return predictor


@pytest.mark.parametrize(
    ("queries", "top", "fits"),
    [
        # n = 100 and k = 100, as published; a fifth of n each round.
        (200, 200, [20, 40, 60, 80, 100]),
        (200, 50, [30, 60, 90, 120, 150]),
        (40, 200, [4, 8, 12, 16, 20]),
        (30, 0, [6, 12, 18, 24]),
    ],
)
def test_queries_of_each_round(play, toy, toy_space, known, queries, top, fits):
    run = play(AceNAS(top=top), toy(toy_space(SIZES), value), queries)
    assert known.fits == fits
    assert known.attached == 1
    assert len(set(run.archs)) == len(run.archs) == queries
    learned = queries - min(top, queries // 2)
    everything = sorted((value(arch) for arch in toy_space(SIZES).enumerate()), reverse=True)

    def best_left(done, count):
        return [worth for worth in everything if worth not in run.scores[:done]][:count]

    for i in range(1, 5):
        start, share = learned * i // 5, learned // 5
        half = share // 2
        assert run.scores[start : start + half] == best_left(start, half)
        assert run.scores[start + half : start + share] != best_left(start + half, share - half)
    assert run.scores[learned:] == best_left(learned, queries - learned)


def test_ends_when_the_space_is_exhausted(play, toy, toy_space, known):
    run = play(AceNAS(), toy(toy_space((3, 3)), value), 50)
    assert sorted(run.scores) == sorted(value(arch) for arch in toy_space((3, 3)).enumerate())
    assert run.ledger.total_charged == 9


def test_spends_a_budget_of_seconds(play, toy, toy_space, known):
    # Two seconds a query: as with 50 queries.
    run = play(AceNAS(), toy(toy_space(SIZES), value), "100s")
    assert len(run.archs) == 50
    assert known.fits == [5, 10, 15, 20, 25]


def test_a_space_that_cannot_be_listed_is_sampled(play, toy, toy_space, known):
    run = play(AceNAS(pool=30), toy(toy_space((4,) * 12), value), 40)
    assert len(set(run.archs)) == 40


@pytest.mark.parametrize("settings", [{"rounds": 0}, {"top": -1}, {"pool": 0}])
def test_settings_out_of_range(settings):
    with pytest.raises(ValueError, match="outside"):
        AceNAS(**settings)


def test_needs_what_its_predictor_needs(toy_space):
    assert AceNAS().needs() == {"graph"}
    assert AceNAS(predictor="pretrained-mlp").needs() == {"features"}
    with pytest.raises(HarnessError, match="no-such"):
        AceNAS(predictor="no-such").needs()


def test_learns_the_order_by_default(play):
    pytest.importorskip("torch")
    # Budgets this small leave random search at the best tenth of the space.
    scores = [play(AceNAS(), SyntheticBenchmark(trials=1), 40, seed).ledger for seed in range(2)]
    table = SyntheticBenchmark(trials=1)
    oracle = table.oracle(0)
    everything = np.array([oracle.measure(arch, 36)[0] for arch in table.space.enumerate()])
    for ledger in scores:
        late, early = np.mean(ledger.scores[20:]), np.mean(ledger.scores[:4])
        assert late > max(early, np.quantile(everything, 0.6))


def test_queries_that_cost_nothing_are_planned_for_too():
    budget = SimpleNamespace(amount=1e6)
    problem, labels = SimpleNamespace(budget=budget), SimpleNamespace(archs=[(0,), (1,)])
    pace = Pace(problem, labels)
    assert pace.whole == 20_000
    budget.amount = 9e5
    assert pace.whole == 20
    assert [pace.missing(queries) for queries in (1, 2.4, 2.6, 20)] == [0, 0, 1, 18]
