from __future__ import annotations

import numpy as np
import pytest

from harness import Budget, BudgetExhausted, Decision, Predictor, SearchSpace
from harness.core.problem import Ledger, Problem
from methods.predictor.labels import Labels, candidates


class Mirrored(SearchSpace):
    """Genotypes that are the same architecture as their reverse."""

    def __init__(self, sizes=(3, 3)):
        super().__init__(
            "mirrored", [Decision(f"d{i}", tuple(map(str, range(n)))) for i, n in enumerate(sizes)]
        )

    def canonical(self, arch):
        return min(arch, arch[::-1])


def add(arch, epochs):
    return float(sum(arch))


@pytest.fixture
def opened(toy):
    def make(space, score=add, queries=100, seed=0):
        ledger = Ledger()
        rng = np.random.default_rng(seed)
        return Problem(toy(space, score), Budget(queries, "queries"), rng, 0, ledger), ledger

    return make


def test_scores_stand_beside_what_was_asked(opened):
    problem, ledger = opened(Mirrored(), lambda arch, epochs: 10.0 * arch[0] + arch[1])
    labels = Labels(problem)
    labels.ask([(0, 1), (2, 2)])
    labels.ask([(1, 0)])
    assert labels.archs == ledger.archs == [(0, 1), (2, 2), (1, 0)]
    assert labels.scores == [1.0, 22.0, 10.0]


def test_what_was_paid_for_is_kept_when_the_budget_ends(opened):
    problem, _ = opened(Mirrored(), queries=2)
    labels = Labels(problem)
    with pytest.raises(BudgetExhausted):
        labels.ask([(0, 0), (0, 1), (0, 2)])
    assert labels.archs == [(0, 0), (0, 1)]
    assert labels.scores == [0.0, 1.0]


def test_new_ones_are_different_architectures_in_their_order(opened):
    problem, _ = opened(Mirrored())
    labels = Labels(problem)
    labels.ask([(0, 1)])
    series = [(1, 0), (2, 1), (0, 1), (1, 2), (2, 2), (2, 2), (0, 0)]
    assert labels.new(series) == [(2, 1), (2, 2), (0, 0)]
    assert labels.new(series, 2) == [(2, 1), (2, 2)]
    assert labels.new(series, 0) == []
    assert labels.new([]) == []


def test_no_more_is_taken_of_an_endless_series_than_needed(opened):
    problem, _ = opened(Mirrored())
    series = iter([(0, 0), (0, 1), (0, 2)])
    assert Labels(problem).new(series, 2) == [(0, 0), (0, 1)]
    assert list(series) == [(0, 2)]


def test_samples_are_new_and_different_until_the_space_is_empty(opened):
    problem, _ = opened(Mirrored())
    labels = Labels(problem)
    drawn = labels.sample_new(4)
    assert len({min(a, a[::-1]) for a in drawn}) == 4
    labels.ask(drawn)
    rest = labels.sample_new(4)
    labels.ask(rest)
    # Nine genotypes are six architectures.
    assert len(rest) == 2
    assert {min(a, a[::-1]) for a in drawn + rest} == {
        (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)
    }  # fmt: skip
    assert labels.sample_new(1) == []


def test_the_last_of_a_space_is_found_by_listing(opened):
    # One of 10,000 has not been asked for: chance would miss it in 200 tries.
    space = Mirrored((100, 100))
    problem, _ = opened(space, queries=10_000)
    labels = Labels(problem)
    labels.ask(arch for arch in space.enumerate() if arch not in ((3, 96), (96, 3)))
    assert [min(arch) for arch in labels.sample_new(5)] == [3]


def test_samples_are_uniform(opened, toy_space):
    counts = np.zeros(6)
    for seed in range(600):
        problem, _ = opened(toy_space((2, 3)), seed=seed)
        ((a, b),) = Labels(problem).sample_new(1)
        counts[3 * a + b] += 1
    # Chi-square with five degrees of freedom; 20.5 is exceeded once in a thousand.
    assert ((counts - 100) ** 2 / 100).sum() < 20.5


def test_best_new_is_the_order_of_predictions_and_first_of_ties(opened):
    problem, _ = opened(Mirrored())
    labels = Labels(problem)
    labels.ask([(2, 2)])
    rows = np.array([(0, 0), (0, 1), (2, 2), (1, 0), (1, 1), (1, 2)], np.int16)
    predicted = np.array([1.0, 3.0, 9.0, 5.0, 1.0, 3.0])
    # (2, 2) is known, and (0, 1) is the same as (1, 0), which comes first.
    assert labels.best_new(rows, predicted, 10) == [(1, 0), (1, 2), (0, 0), (1, 1)]
    assert labels.best_new(rows, predicted, 2) == [(1, 0), (1, 2)]
    found = labels.best_new(rows, predicted, 1)[0]
    assert all(type(value) is int for value in found)


def test_top_is_by_score_and_first_of_ties(opened):
    problem, _ = opened(Mirrored())
    labels = Labels(problem)
    labels.ask([(0, 1), (2, 2), (1, 1), (0, 2)])
    assert labels.top(3) == [(2, 2), (1, 1), (0, 2)]
    assert labels.top(9) == [(2, 2), (1, 1), (0, 2), (0, 1)]


class Spy(Predictor):
    """Remembers what it was taught."""

    def learn(self, archs, scores):
        self.taught = archs.tolist(), scores.tolist()

    def guess(self, archs):
        return np.zeros(len(archs))


def test_a_predictor_is_taught_all_labels_or_those_above_a_floor(opened):
    problem, _ = opened(Mirrored())
    labels = Labels(problem)
    labels.ask([(0, 1), (2, 2), (0, 2)])
    spy = labels.teach(Spy())
    assert spy.taught == ([[0, 1], [2, 2], [0, 2]], [1.0, 4.0, 2.0])
    assert spy.space is problem.space
    assert spy.rng is problem.rng
    assert spy.properties == problem.properties
    assert labels.teach(Spy(), floor=2.0).taught == ([[2, 2], [0, 2]], [4.0, 2.0])
    assert labels.teach(Spy(), floor=5.0).taught == spy.taught


def test_candidates_are_the_space_or_samples_of_it(opened, toy_space):
    problem, _ = opened(Mirrored())
    assert candidates(problem, 2) is problem.space.population
    large, _ = opened(toy_space((10,) * 8))
    rows = candidates(large, 50)
    assert rows.shape == (50, 8)
    assert len(np.unique(rows, axis=0)) > 45
