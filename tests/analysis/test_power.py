"""Power calculations against quadrature, statsmodels and the table that one plans with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats
from statsmodels.stats.power import TTestPower

from harness.analysis.power import MOST_SEEDS, detectable_effect, seeds_needed

TABLE = {
    5: (1.68, 3.16),
    10: (1.00, 1.48),
    20: (0.66, 0.91),
    30: (0.53, 0.72),
    100: (0.28, 0.37),
    500: (0.13, 0.16),
}


@pytest.mark.parametrize("n", TABLE)
def test_detectable_effect_is_the_table(n: int) -> None:
    effects = detectable_effect(n, 0.05), detectable_effect(n, 0.005)
    assert effects == pytest.approx(TABLE[n], abs=0.0051)


@pytest.mark.parametrize("n", [2, 5, 10, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_detectable_effect_is_found_with_80_percent(n: int, alpha: float) -> None:
    """The t test's power as an integral over the distribution of the standard deviation."""
    noncentrality = detectable_effect(n, alpha) * np.sqrt(n)
    critical = stats.t.ppf(1 - alpha / 2, n - 1)
    scale = np.sqrt(n - 1)

    def density(sd: float) -> float:
        found = special.ndtr(noncentrality - critical * sd)
        return float(found * stats.chi.pdf(sd * scale, n - 1) * scale)

    power, _ = integrate.quad(density, 0, 10, epsabs=1e-10, limit=500)
    assert power == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("n", [10, 30, 200])
def test_detectable_effect_equals_statsmodels(n: int) -> None:
    theirs = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert detectable_effect(n) == pytest.approx(theirs, rel=1e-5)


def test_detectable_effect_needs_two_pairs() -> None:
    with pytest.raises(ValueError, match="2 pairs"):
        detectable_effect(1)


@pytest.mark.parametrize("n", [10, 30, 100, 500])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_seeds_needed_undoes_detectable_effect(n: int, alpha: float) -> None:
    needed = seeds_needed(0.2 * detectable_effect(n, alpha), 0.2, alpha)
    assert needed == pytest.approx(n, abs=1)


def test_a_difference_below_the_margin_may_be_settled_either_way() -> None:
    assert seeds_needed(0.08, 0.3, margin=0.1) == seeds_needed(0.08, 0.3)
    assert seeds_needed(0.01, 0.3, margin=0.1) == seeds_needed(0.09, 0.3)
    assert seeds_needed(0.0, 0.3, margin=0.02) == seeds_needed(0.02, 0.3)


def test_no_number_of_seeds_for_nothing() -> None:
    assert seeds_needed(0.0, 0.3) is None
    assert seeds_needed(1e-9, 1.0) is None
    assert seeds_needed(0.1, 0.0) is None
    assert (seeds_needed(0.009, 1.0) or 0) <= MOST_SEEDS
