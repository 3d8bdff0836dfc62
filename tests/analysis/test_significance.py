"""The permutation test and Holm's correction against independent implementations."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from harness.analysis.significance import (
    DRAWS,
    EXACT_PAIRS,
    holm,
    pairs_needed,
    sign_flip_p,
    signed_rank_p,
    smallest_p,
)

RNG = np.random.default_rng(20)


def unused() -> np.random.Generator:
    """A generator for tests that must not draw: it has no state to draw from."""
    return None  # type: ignore[return-value]


@pytest.mark.parametrize("n", [2, 3, 5, 8, 12])
@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_exact_p_equals_scipy(n: int, shift: float) -> None:
    differences = np.random.default_rng(n).normal(shift, 1.0, n)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p(differences, unused()) == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [4, 9, 13])
def test_exact_p_with_ties_equals_full_enumeration(n: int) -> None:
    differences = np.random.default_rng(n).integers(-2, 4, n) / 4.0
    signs = np.array(list(product([-1, 1], repeat=n)))
    sums = np.abs(signs @ differences)
    expected = (sums >= abs(differences.sum()) - 1e-9).mean()
    assert sign_flip_p(differences, unused()) == pytest.approx(expected, abs=1e-12)


def test_equal_sums_that_differ_by_rounding_count_as_equal() -> None:
    differences = np.array([0.1, 0.2, 0.3, -0.3, 0.1, 0.2])
    in_tenths = np.array([1.0, 2.0, 3.0, -3.0, 1.0, 2.0])
    assert sign_flip_p(differences, unused()) == sign_flip_p(in_tenths, unused())


def test_default_study_of_30_seeds_is_exact() -> None:
    differences = np.random.default_rng(7).normal(0.3, 1.0, EXACT_PAIRS)
    exact = sign_flip_p(differences, unused())
    signs = RNG.integers(0, 2, (200_000, EXACT_PAIRS), dtype=np.int8) * 2 - 1
    drawn = (np.abs(signs @ differences) >= abs(differences.sum())).mean()
    assert exact == pytest.approx(drawn, abs=5 * np.sqrt(drawn * (1 - drawn) / 200_000))


def test_drawn_p_agrees_with_the_normal_limit() -> None:
    differences = np.random.default_rng(3).normal(0.08, 1.0, 500)
    z = abs(differences.sum()) / np.sqrt((differences**2).sum())
    expected = 2 * stats.norm.sf(z)
    error = 5 * np.sqrt(expected * (1 - expected) / DRAWS)
    assert sign_flip_p(differences, np.random.default_rng(0)) == pytest.approx(expected, abs=error)


@pytest.mark.parametrize("n", [31, 37, 40])
def test_drawn_p_is_never_zero_and_the_smallest_one_is_stated(n: int) -> None:
    assert sign_flip_p(np.ones(n), np.random.default_rng(0)) == smallest_p(n) == 1 / (DRAWS + 1)


@pytest.mark.parametrize("n", range(1, EXACT_PAIRS + 1))
def test_smallest_exact_p_is_reached(n: int) -> None:
    assert sign_flip_p(np.ones(n), unused()) == smallest_p(n) == min(1.0, 2.0 / 2**n)


def test_ties_between_pairs_cost_nothing() -> None:
    differences = np.array([0.5, 0.25, -0.125, 1.0, 0.75])
    padded = np.concatenate([differences, np.zeros(100)])
    assert sign_flip_p(padded, unused()) == sign_flip_p(differences, unused())


@pytest.mark.parametrize("differences", [[], [0.0], [0.0] * 50, [1.0, -1.0]])
def test_no_mean_difference_gives_one(differences: list[float]) -> None:
    assert sign_flip_p(np.array(differences), unused()) == 1.0


def test_either_side_has_the_same_p() -> None:
    for n in (12, 60):
        differences = RNG.normal(0.2, 1.0, n)
        forward = sign_flip_p(differences, np.random.default_rng(1))
        assert forward == sign_flip_p(-differences, np.random.default_rng(1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_differences_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        sign_flip_p(np.array([1.0, bad]), unused())


@pytest.mark.parametrize("n", [5, 8, 15])
def test_signed_ranks_equal_wilcoxon(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.4, 1.0, n)
    theirs = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank_p(differences, unused()) == pytest.approx(theirs, abs=1e-12)


def test_smallest_p_and_pairs_needed_are_the_printed_table() -> None:
    smallest = {n: round(smallest_p(n), 4) for n in (3, 4, 5, 6, 10)}
    assert smallest == {3: 0.25, 4: 0.125, 5: 0.0625, 6: 0.0312, 10: 0.002}
    needed = {tests: pairs_needed(tests, 0.05) for tests in (1, 3, 5, 10, 15, 45)}
    assert needed == {1: 6, 3: 7, 5: 8, 10: 9, 15: 10, 45: 11}


@pytest.mark.parametrize("tests", [1, 2, 7, 16, 100])
@pytest.mark.parametrize("alpha", [0.05, 0.005, 0.0625])
def test_pairs_needed_is_the_first_number_that_can_pass(tests: int, alpha: float) -> None:
    n = pairs_needed(tests, alpha)
    assert smallest_p(n) * tests <= alpha < smallest_p(n - 1) * tests


@pytest.mark.parametrize("m", [0, 1, 2, 5, 40])
def test_holm_equals_statsmodels(m: int) -> None:
    p = np.random.default_rng(m).uniform(0, 0.3, m).round(2)
    expected = multipletests(p, method="holm")[1] if m else p
    np.testing.assert_allclose(holm(p), expected, rtol=0, atol=1e-12)
