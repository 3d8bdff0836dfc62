"""What a number of seeds can find, and how many would be needed."""

from __future__ import annotations

import math

POWER = 0.8
"""Probability with which a difference that is there should be found."""

MOST_SEEDS = 100_000
"""Beyond this many seeds nothing is recommended."""


def detectable_effect(n: int, alpha: float = 0.05, power: float = POWER) -> float:
    """Smallest true mean difference that n pairs find with a given probability.

    From the noncentral t distribution of the two-sided paired t test, which the sign-flip test
    follows closely; rejections on the wrong side are neglected. The noncentrality is found by
    bisection, since scipy's own inverse is wrong in the far tail.

    Args:
        n: number of pairs.
        alpha: level of the test.
        power: that probability.

    Returns:
        In standard deviations of the paired difference.

    Raises:
        ValueError: fewer than two pairs.
    """
    if n < 2:
        raise ValueError(f"a standard deviation needs 2 pairs or more, not {n}")
    from scipy import special

    critical = float(special.stdtrit(n - 1, 1.0 - alpha / 2))
    low, high = 0.0, 2.0 * critical + 10.0
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        missed = special.nctdtr(n - 1, middle, critical)
        low, high = (middle, high) if missed > 1.0 - power else (low, middle)
    return high / math.sqrt(n)


def seeds_needed(
    difference: float, sd: float, alpha: float = 0.05, margin: float | None = None
) -> int | None:
    """About how many pairs would settle a comparison, were the estimates the truth.

    Settled is either way: the difference is told from zero, or, where it is smaller than a margin,
    its interval lies inside the margin; the cheaper counts. Normal approximation with Guenther's
    correction for the t test (The American Statistician, 1981), power `POWER`.

    Args:
        difference: estimated mean difference.
        sd: standard deviation of the paired differences.
        alpha: level of the test.
        margin: differences up to this are practically none; None where nothing is.

    Returns:
        Number of pairs; None where it would be above `MOST_SEEDS` or nothing varies.
    """
    if sd == 0.0:
        return None
    from scipy import special

    distance = max(abs(difference), (margin or 0.0) - abs(difference))
    z = float(special.ndtri(1.0 - alpha / 2))
    effect = distance / sd
    reach = z + float(special.ndtri(POWER))
    if effect * math.sqrt(MOST_SEEDS) < reach:
        return None
    return math.ceil((reach / effect) ** 2 + z**2 / 2)
