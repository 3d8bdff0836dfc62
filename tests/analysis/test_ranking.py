"""Ranks and Friedman's test against scipy and the closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.analysis.ranking import average_ranks, friedman


@pytest.mark.parametrize("levels", [3, 1000])
def test_ranks_equal_scipy(levels: int) -> None:
    values = np.random.default_rng(levels).integers(0, levels, (40, 7)).astype(float)
    np.testing.assert_array_equal(average_ranks(values), stats.rankdata(values, axis=1))


@pytest.mark.parametrize(("n", "k"), [(5, 3), (12, 6), (30, 10)])
@pytest.mark.parametrize("levels", [4, 10_000])
def test_friedman_equals_scipy_and_iman_davenport_its_closed_form(
    n: int, k: int, levels: int
) -> None:
    values = np.random.default_rng(n * k).integers(0, levels, (n, k)).astype(float)
    test = friedman(average_ranks(values))
    theirs = stats.friedmanchisquare(*values.T)
    assert test.chi2 == pytest.approx(theirs.statistic, abs=1e-12 * n * k)
    assert test.p_chi2 == pytest.approx(theirs.pvalue, abs=1e-12)
    f = (n - 1) * theirs.statistic / (n * (k - 1) - theirs.statistic)
    assert test.f == pytest.approx(f, rel=1e-10)
    assert test.p == pytest.approx(stats.f.sf(f, k - 1, (k - 1) * (n - 1)), abs=1e-12)
    assert test.benchmarks == n


def test_example_of_demsar() -> None:
    """Table 6 of Demsar (JMLR 2006): mean ranks 3.143, 2.000, 2.893, 1.964 on 14 data sets."""
    auc = """0.763 0.768 0.771 0.798  0.599 0.591 0.590 0.569  0.954 0.971 0.968 0.967
             0.628 0.661 0.654 0.657  0.882 0.888 0.886 0.898  0.936 0.931 0.916 0.931
             0.661 0.668 0.609 0.685  0.583 0.583 0.563 0.625  0.775 0.838 0.866 0.875
             1.000 1.000 1.000 1.000  0.940 0.962 0.965 0.962  0.619 0.666 0.614 0.669
             0.972 0.981 0.9751 0.975 0.957 0.978 0.946 0.970"""
    ranks = average_ranks(-np.array(auc.split(), dtype=float).reshape(14, 4))
    np.testing.assert_allclose(ranks.mean(axis=0), [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    n, k = ranks.shape
    uncorrected = 12 * n / (k * (k + 1)) * ((ranks.mean(0) ** 2).sum() - k * (k + 1) ** 2 / 4)
    assert uncorrected == pytest.approx(9.28, abs=0.01)
    assert friedman(ranks).p < 0.05


def test_perfect_agreement_has_the_probability_of_chance() -> None:
    test = friedman(np.tile([1.0, 2.0, 3.0], (5, 1)))
    assert math.isinf(test.f)
    assert test.p == pytest.approx((1 / 6) ** 4)
    tied = friedman(np.tile([1.5, 1.5, 3.0], (5, 1)))
    assert tied.p == pytest.approx((1 / 3) ** 4)


def test_all_tied_is_no_difference() -> None:
    assert friedman(np.full((6, 4), 2.5)).p == 1.0


@pytest.mark.parametrize("shape", [(1, 3), (5, 2)])
def test_too_small_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="needs 2 benchmarks and 3 methods"):
        friedman(np.ones(shape))
