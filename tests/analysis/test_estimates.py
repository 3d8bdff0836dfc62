"""Effect sizes and intervals against independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.analysis.estimates import (
    a12,
    bootstrap_counts,
    iqm,
    mean_interval,
    order_statistic,
    percentile_interval,
    probability_of_improvement,
    resampled_iqm,
    seed_correlation,
)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 30, 101])
def test_iqm_equals_scipy(n: int) -> None:
    values = np.random.default_rng(n).exponential(size=n)
    assert iqm(values) == pytest.approx(stats.trim_mean(values, 0.25), abs=1e-12)


def test_iqm_of_cells_flattens() -> None:
    cells = np.random.default_rng(0).normal(size=(6, 10))
    assert iqm(cells) == pytest.approx(stats.trim_mean(cells, 0.25, axis=None), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 7), (30, 11)])
@pytest.mark.parametrize("levels", [3, 10_000])
def test_a12_equals_mann_whitney(n: int, m: int, levels: int) -> None:
    rng = np.random.default_rng(n + m)
    a, b = rng.integers(0, levels, n).astype(float), rng.integers(0, levels, m).astype(float)
    u = stats.mannwhitneyu(a, b, method="asymptotic" if levels == 3 else "auto").statistic
    assert a12(a, b) == pytest.approx(u / (n * m), abs=1e-12)


def test_probability_of_improvement_counts_ties_half() -> None:
    assert probability_of_improvement(np.array([1.0, 2.0, 0.0, -1.0])) == 0.625


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_mean_interval_is_students(alpha: float) -> None:
    values = np.random.default_rng(1).exponential(size=(13, 4))
    low, high = mean_interval(values, alpha)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(1 - alpha)
    np.testing.assert_allclose(low, theirs.low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(high, theirs.high, rtol=0, atol=1e-12)


def test_mean_interval_of_equal_values_has_no_width() -> None:
    low, high = mean_interval(np.full(10, 0.25))
    assert low == high == 0.25


def test_mean_interval_needs_two_values() -> None:
    with pytest.raises(ValueError, match="2 values"):
        mean_interval(np.array([1.0]))


def test_counts_resample_every_stratum_by_itself() -> None:
    counts = bootstrap_counts([3, 5], 200, np.random.default_rng(0))
    assert counts.shape == (200, 8)
    np.testing.assert_array_equal(counts[:, :3].sum(axis=1), 3)
    np.testing.assert_array_equal(counts[:, 3:].sum(axis=1), 5)
    assert counts.mean(axis=0) == pytest.approx(np.ones(8), abs=0.35)
    assert (counts != counts[0]).any()


@pytest.mark.parametrize("n", [1, 3, 4, 10, 33])
def test_resampled_iqm_is_the_iqm_of_every_resample(n: int) -> None:
    values = np.random.default_rng(n).integers(0, 6, n) / 4.0
    counts = bootstrap_counts([n], 50, np.random.default_rng(0))
    expected = [iqm(np.repeat(values, row.astype(int))) for row in counts]
    np.testing.assert_allclose(resampled_iqm(values, counts), expected, rtol=0, atol=1e-12)


def test_percentile_interval_survives_infinity() -> None:
    low, high = percentile_interval(np.array([1.0, 2.0, np.inf, np.inf]), alpha=0.5)
    assert low == 1.0
    assert np.isinf(high)


def test_percentile_interval_agrees_with_scipys_bootstrap() -> None:
    values = np.random.default_rng(5).exponential(size=40)
    counts = bootstrap_counts([40], 20_000, np.random.default_rng(0))
    ours = percentile_interval(counts @ values / 40)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose(ours, theirs, atol=0.02)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.975, 1.0])
def test_order_statistic_is_the_inverted_cdf(share: float) -> None:
    values = np.random.default_rng(2).normal(size=(37, 3))
    expected = np.quantile(values, share, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(order_statistic(values, share), expected)


def test_seed_correlation_equals_pearson() -> None:
    a, b = np.random.default_rng(4).normal(size=(2, 25))
    assert seed_correlation(a, b + a) == pytest.approx(stats.pearsonr(a, b + a)[0], abs=1e-12)


def test_seed_correlation_of_what_does_not_vary_is_unknown() -> None:
    assert seed_correlation(np.ones(5), np.arange(5.0)) is None
    assert seed_correlation(np.arange(2.0), np.arange(2.0)) is None
