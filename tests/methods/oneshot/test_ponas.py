"""PONAS: what is settled when, by which table, and what it gives up for a limit."""

from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError
from methods.oneshot.ponas import PONAS
from tests.methods.oneshot.toy import ToyBenchmark, ToySpace, opened, problem, run

torch = pytest.importorskip("torch")

SIZES = (4, 4, 3)


@pytest.fixture
def known(monkeypatch):
    """Accuracies that are sums of what choices are worth; keeps what was judged."""
    worth = np.array([[0.1, 0.4, 0.2, 0.3], [0.8, 0.1, 0.1, 0.2], [0.0, 0.015, 0.02, 0.0]])
    engine = pytest.importorskip("methods.oneshot.engine")
    judged = []

    def accuracies(search, archs, batch=None):
        judged.append(list(archs))
        search.forward_images += round(3 * search.judging_cost(len(archs)) * search.images)
        return np.array([worth[range(3), arch].sum() for arch in archs])

    monkeypatch.setattr(engine.Search, "accuracies", accuracies)
    return worth, judged


@pytest.mark.parametrize(
    ("meta", "epochs", "ends"),
    [
        (0.5, 6, [4, 5, 6]),
        (0.5, 4, [3, 4, 4]),
        (0.0, 3, [1, 2, 3]),
        (1.0, 5, [5, 5, 5]),
        (0.5, 1, [1, 1, 1]),
        (0.25, 8, [4, 6, 8]),
    ],
)
def test_decisions_are_settled_in_their_order(meta, epochs, ends):
    method = PONAS(meta=meta)
    search = opened(method, "100epochs")
    settled = [(d, e + 1) for e in range(epochs) for d in method._due(search, e, epochs)]
    assert settled == list(enumerate(ends))


def test_table_is_the_mean_over_paths_that_keep_what_is_settled(known):
    worth, judged = known
    given = problem("100epochs")
    assert PONAS(epochs=6, completions=40).search(given) == (1, 0, 2)
    assert [len(archs) for archs in judged] == [160, 160, 3]
    heads = [(), (1,), (1, 0)]
    for d, (archs, head) in enumerate(zip(judged, heads, strict=True)):
        assert {arch[:d] for arch in archs} == {head}
        chosen = np.array([arch[d] for arch in archs])
        assert np.bincount(chosen).tolist() == [len(archs) // SIZES[d]] * SIZES[d]
        (row,) = given._ledger.logs[f"table of edge{d}"]
        means = [
            np.mean([worth[range(3), a].sum() for a in archs if a[d] == c]) for c in range(SIZES[d])
        ]
        assert row == pytest.approx(means)
        assert len({arch[d + 1 :] for arch in archs}) == (1, 3, 12)[2 - d]


def test_training_keeps_what_is_settled():
    class Watching(PONAS):
        def paths(self, search):
            found = super().paths(search)
            (plan,) = found
            self._seen = [*getattr(self, "_seen", []), (search.epoch, [*map(list, plan)])]
            return found

        def derive(self, search):
            return tuple(choice for (choice,) in self._seen[-1][1])

    method = Watching(meta=0.4, epochs=10, completions=2)
    given = problem("100epochs")
    last = method.search(given)
    for epoch, plan in method._seen:
        # Settled after 6, 8 and 10 epochs.
        head = [[choice] for choice in last[: (epoch >= 6) + (epoch >= 8)]]
        assert plan[: len(head)] == head
    drawn = {tuple(choice for (choice,) in plan) for epoch, plan in method._seen if epoch < 6}
    assert len(drawn) > 12
    rows = given._ledger.logs["distribution of edge0"]
    assert rows[:5] == [[0.25] * 4] * 5
    assert rows[5] == rows[9] == [float(c == last[0]) for c in range(4)]


def test_where_no_valid_path_has_a_choice(known):
    space = ToySpace(SIZES, lambda arch: arch[0] == 2 or arch == (1, 3, 0))
    record = run(PONAS(epochs=3, completions=5), "100epochs", benchmark=ToyBenchmark(space))
    assert record.error == ""
    first, _, _ = known[1]
    assert {arch[0] for arch in first} <= {1, 2}
    (row,) = record.logs["table of edge0"]
    assert row[0] == row[3] == min(known[0][range(3), arch].sum() for arch in first)
    assert space.is_valid(record.recommended)


def test_exchanges_what_loses_least_for_what_it_saves(known):
    # A path costs the sum of its choices: (1, 0, 2) costs 3.
    worth = known[0]
    limits = {0.0: (1, 0, 2), 3.0: (1, 0, 2), 2.0: (1, 0, 1), 1.0: (1, 0, 0)}
    for limit, expected in limits.items():
        found = PONAS(epochs=3, completions=40, max_flops=limit).search(problem("100epochs"))
        assert found == expected
    assert worth[2, 2] - worth[2, 1] < worth[0, 1] - worth[0, 0]
    with pytest.raises(HarnessError, match=r"max_flops=0\.5: exchanging choices .* ends at 1"):
        PONAS(epochs=3, max_flops=0.5).search(problem("100epochs", benchmark=_at_least_one()))


def _at_least_one():
    return ToyBenchmark(ToySpace(SIZES, lambda arch: sum(arch) >= 1))


def test_finds_an_operation_that_can_tell_the_classes():
    method = PONAS(epochs=12, completions=4, learning_rate=0.1)
    arch = method.search(problem("500epochs", benchmark=ToyBenchmark()))
    assert 3 in arch[:2]


@pytest.mark.parametrize("wrong", [{"meta": 1.5}, {"completions": 0}, {"max_flops": -1.0}])
def test_refuses_impossible_parameters(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PONAS(**wrong)
