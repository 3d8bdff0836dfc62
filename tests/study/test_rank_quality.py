"""Measures of an order against definitions written out, and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.study.rank_quality import correlations, inversions, quality, violations, worst

RNG = np.random.default_rng(0)


def shuffled(n, seed=0):
    return np.random.default_rng(seed).permutation(n)


def measure(predicted, truth, seed=0):
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    return quality(predicted, truth, shuffled(len(truth), seed))


@pytest.mark.parametrize("n", [2, 3, 10, 40, 1000])
def test_perfect(n):
    truth = RNG.random(n)
    found = measure(10 * truth - 3, truth)
    assert found.kendall == pytest.approx(1.0, abs=1e-12)
    assert found.spearman == pytest.approx(1.0, abs=1e-12)
    assert (found.violations, found.regret_1, found.regret_10, found.top_share) == (0, 0, 0, 1)


@pytest.mark.parametrize("n", [2, 3, 10, 40, 1000])
def test_reversed(n):
    truth = RNG.random(n)
    found = measure(-truth, truth)
    assert found.kendall == pytest.approx(-1.0, abs=1e-12)
    assert found.spearman == pytest.approx(-1.0, abs=1e-12)
    assert found.violations == n * (n - 1) / 2
    assert found.regret_1 == np.ptp(truth)
    assert found.regret_10 == truth.max() - np.sort(truth)[min(n, 10) - 1]
    assert found.top_share == 0


def test_constant_predictions_say_nothing():
    truth = RNG.random(200)
    found = measure(np.full(200, 3.0), truth)
    assert (found.kendall, found.spearman, found.violations) == (0.0, 0.0, 0)
    # One of them is chosen at random, by the shuffle and not by its place.
    chosen = {measure(np.zeros(200), truth, seed).regret_1 for seed in range(20)}
    assert chosen == {truth.max() - truth[shuffled(200, seed)[0]] for seed in range(20)}
    assert len(chosen) > 10


def test_constant_truth():
    found = measure(RNG.random(20), np.ones(20))
    assert (found.kendall, found.spearman) == (0.0, 0.0)
    assert (found.regret_1, found.regret_10, found.top_share) == (0.0, 0.0, 1.0)


def test_infinite_predictions_are_ranked():
    truth = np.arange(6.0)
    found = measure([-np.inf, 0, 1, 2, 3, np.inf], truth)
    assert found.kendall == pytest.approx(1.0)
    assert found.spearman == pytest.approx(1.0)
    assert found.mae == math.inf


@pytest.mark.parametrize("levels", [2, 5, 10**6])
@pytest.mark.parametrize("n", [2, 3, 7, 30, 200])
def test_correlations_are_those_of_scipy(n, levels):
    for seed in range(5):
        rng = np.random.default_rng([n, levels, seed])
        a, b = rng.integers(levels, size=n) * 1.0, rng.integers(levels, size=n) * 1.0
        if np.ptp(a) and np.ptp(b):
            tau, rho = correlations(a, b)
            assert tau == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)
            assert rho == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


@pytest.mark.parametrize("n", [*range(20), 64, 65, 127, 128, 333])
def test_inversions_against_every_pair(n):
    order = np.random.default_rng(n).permutation(n)
    assert inversions(order) == sum(order[i] > order[j] for j in range(n) for i in range(j))


def test_inversions_of_more_than_16_bits():
    n = 70_000
    assert inversions(np.arange(n)[::-1]) == n * (n - 1) // 2
    assert inversions(np.roll(np.arange(n), 1)) == n - 1


def pairs_in_the_wrong_order(predicted, truth):
    """As NAAP-440 words it: sort by truth, sort that again by prediction, stably, and compare."""
    by_truth = sorted(range(len(truth)), key=lambda i: truth[i])
    again = sorted(by_truth, key=lambda i: predicted[i])
    return sum(
        by_truth.index(again[i]) > by_truth.index(again[j])
        for j in range(len(truth))
        for i in range(j)
    )


@pytest.mark.parametrize("levels", [1, 2, 4, 10**6])
@pytest.mark.parametrize("n", [2, 5, 25])
def test_violations_against_every_pair(n, levels):
    for seed in range(5):
        rng = np.random.default_rng([n, levels, seed])
        predicted, truth = rng.integers(levels, size=(2, n)) * 1.0
        assert violations(predicted, truth) == pairs_in_the_wrong_order(predicted, truth)


def test_violations_and_tau_without_ties():
    predicted, truth = RNG.random(40), RNG.random(40)
    assert measure(predicted, truth).kendall == pytest.approx(
        1 - 2 * violations(predicted, truth) / 780
    )


def test_lists_and_error():
    truth = np.arange(100.0)
    predicted = truth.copy()
    # The seven predicted best are the seven worst ones, and the best one is the eleventh.
    predicted[:7] += 1000
    found = measure(predicted, truth)
    assert found.regret_1 == 99 - 6
    assert found.regret_10 == 0
    assert found.top_share == 0
    assert found.mae == 7 * 1000 / 100
    predicted[:8] = 1100
    predicted[8:12] = 1000 + truth[8:12]
    assert measure(predicted, truth).regret_10 == 99 - 11


def test_the_top_takes_in_those_that_tie_with_it():
    truth = np.array([1.0] * 10 + [0.0] * 30)
    # Any two of the ten best ones are a true top of two.
    found = measure(np.where(np.arange(40) == 3, 9.0, np.where(np.arange(40) == 7, 8.0, 0)), truth)
    assert found.top_share == 1.0


def test_worst_is_what_the_reverse_gets():
    truth = np.arange(50.0)
    reverse, bad = measure(-truth, truth), worst(50, 49.0)
    assert (bad.kendall, bad.spearman) == (-1.0, -1.0)
    assert bad.violations == reverse.violations
    assert bad.regret_1 == reverse.regret_1
    assert bad.regret_10 >= reverse.regret_10
    assert bad.top_share == reverse.top_share == 0.0
    assert math.isnan(bad.mae)
