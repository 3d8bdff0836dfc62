"""NAO: how it shares a budget, what it decodes and what it counts."""

from __future__ import annotations

import numpy as np
import pytest

from harness import Budget, load_predictor
from harness.core.problem import Ledger, Problem
from methods.predictor.gradient_ascent import climb, rounds_of
from methods.predictor.labels import Labels
from methods.predictor.nao import NAO

INVALID, KNOWN = "invalid sequences decoded", "known sequences decoded"
RANDOM = "random samples in place of decoded ones"


@pytest.mark.parametrize(
    ("budget", "asked", "shares"),
    [
        ("300", (0, 0), (100, 100)),
        ("2000", (0, 0), (1100, 300)),
        ("100", (0, 0), (34, 33)),
        ("150", (0, 0), (50, 50)),
        ("1000", (0, 0), (334, 333)),
        ("5", (0, 0), (3, 1)),
        ("2", (0, 0), (2, 1)),
        ("1", (0, 0), (1, 1)),
        ("200", (50, 0), (50, 75)),
        ("200", (0, 40), (120, 40)),
        ("200", (10, 7), (10, 7)),
        ("12000s", (0, 0), (100, 100)),
        ("500epochs", (0, 30), (100, 30)),
    ],
)
def test_budget_is_shared_as_published(budget, asked, shares):
    assert rounds_of(Budget.parse(budget), *asked) == shares


@pytest.mark.parametrize("queries", range(1, 60))
def test_two_rounds_use_up_a_budget(queries):
    initial, batch = rounds_of(Budget(queries, "queries"), 0, 0)
    assert initial + 2 * batch >= queries > initial + batch or queries <= 2


class Decodes:
    """A learner that decodes what it was told."""

    def __init__(self, decoded):
        self.decoded, self.made = decoded, 0

    def climb(self, seeds, steps):
        for _, row in zip(steps, self.decoded, strict=False):
            self.made += 1
            yield row


def problem_of(benchmark, budget="50"):
    ledger = Ledger()
    rng = np.random.default_rng(0)
    return Problem(benchmark, Budget.parse(budget), rng, 0, ledger), ledger


def test_invalid_and_known_sequences_are_counted_and_left_out(toy, toy_space):
    problem, ledger = problem_of(toy(toy_space((3, 3)), lambda arch, epochs: 0.0))
    labels = Labels(problem)
    labels.ask([(0, 0), (1, 1)])
    decodes = Decodes(
        [[None, (0, 0), (2, 0)], [(2, 0), (1, 1), None], [(2, 2), (0, 1), (1, 0)], [(0, 2)]]
    )
    found = climb(problem, labels, decodes, np.zeros((3, 2), int), [1.0, 2.0, 3.0, 4.0], 2)
    assert found == [(2, 0), (2, 2)]
    assert decodes.made == 3
    assert ledger.counts == {INVALID: 2, KNOWN: 3}


def test_all_steps_are_made_where_too_little_is_new(toy, toy_space):
    problem, ledger = problem_of(toy(toy_space((3, 3)), lambda arch, epochs: 0.0))
    labels = Labels(problem)
    labels.ask([(0, 0)])
    decodes = Decodes([[(0, 0)], [(1, 0)], [(1, 0)]])
    assert climb(problem, labels, decodes, np.zeros((1, 2), int), [1, 2, 3], 9) == [(1, 0)]
    assert ledger.counts == {INVALID: 0, KNOWN: 2}


def test_range_of_hyper_parameters():
    for wrong in ({"initial": -1}, {"seeds": 0}, {"step": 0.0}, {"step": 2.0, "longest": 1.0}):
        with pytest.raises(ValueError, match="outside"):
            NAO(**wrong)


class TestSearch:
    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    def test_every_query_is_another_architecture(self, play, toy, toy_space, smooth):
        sizes = (3,) * 5
        space = toy_space(sizes, valid=lambda arch: arch[0] != arch[1])
        played = play(NAO(), toy(space, smooth(sizes)), "45")
        assert len(played.archs) == len(set(played.archs)) == 45
        assert set(played.ledger.counts) == {INVALID, KNOWN, RANDOM}
        assert played.ledger.counts[INVALID] + played.ledger.counts[KNOWN] > 0

    def test_what_is_decoded_is_better_than_what_is_drawn(self, play, toy, toy_space, smooth):
        sizes = (4,) * 6
        gains = []
        for seed in range(3):
            played = play(NAO(), toy(toy_space(sizes), smooth(sizes)), "90", seed)
            assert played.ledger.counts[RANDOM] < 30
            scores = np.array(played.scores)
            gains.append((scores[60:].mean() - scores[:30].mean()) / scores[:30].std())
        assert np.mean(gains) > 0.5

    def test_ends_when_the_space_is_known(self, play, toy, toy_space, table):
        played = play(NAO(), toy(toy_space((2, 3)), table((2, 3))), "40")
        assert sorted(played.archs) == [(i, j) for i in range(2) for j in range(3)]

    def test_no_training_after_the_last_query(self, play, toy, toy_space, table, monkeypatch):
        from methods.predictor.models.encoder_decoder_training import Learner

        fits = []
        fit = Learner.fit
        monkeypatch.setattr(
            Learner, "fit", lambda self, archs, *rest: fits.append((id(self), len(archs)))
            or fit(self, archs, *rest),
        )  # fmt: skip
        play(NAO(), toy(toy_space((4,) * 5), table((4,) * 5)), "30")
        # One learner, so that its weights carry over from round to round.
        assert [n for _, n in fits] == [10, 20]
        assert len({which for which, _ in fits}) == 1


def test_predictor_ranks_what_is_nearly_additive(toy_space, smooth):
    pytest.importorskip("torch")
    from scipy.stats import kendalltau

    sizes = (4,) * 6
    space, score = toy_space(sizes), smooth(sizes)
    predictor = load_predictor("nao")
    predictor.attach(space, np.random.default_rng(1))
    rows = np.random.default_rng(0).permutation(space.population)
    truth = np.array([score(tuple(row), None) for row in rows[:1000]])
    predictor.fit(rows[:100], truth[:100])
    assert kendalltau(predictor.predict(rows[100:1000]), truth[100:]).statistic > 0.4
