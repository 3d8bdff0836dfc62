"""Ranks, and whether methods differ in them over several benchmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.study.results import FloatArray


@dataclass(frozen=True)
class FriedmanTest:
    """Do all methods have the same mean rank?

    Attributes:
        benchmarks: number of benchmarks ranked on.
        chi2: Friedman's statistic, corrected for ties.
        p_chi2: its p value under chi-squared with ``methods - 1`` degrees of freedom.
        f: Iman and Davenport's statistic; infinite where all benchmarks agree on every rank.
        p: its p value, the one to report.
    """

    benchmarks: int
    chi2: float
    p_chi2: float
    f: float
    p: float


def average_ranks(values: FloatArray) -> FloatArray:
    """Rank along the last axis from 1, smallest first, tied values sharing their mean rank.

    Args:
        values: shape (..., k).

    Returns:
        Ranks of the same shape; every row adds up to ``k * (k + 1) / 2``.
    """
    own, other = values[..., :, None], values[..., None, :]
    rank: FloatArray = 0.5 + (other < own).sum(-1) + 0.5 * (other == own).sum(-1)
    return rank


def friedman(ranks: FloatArray) -> FriedmanTest:
    """Friedman's test with the correction of Iman and Davenport.

    Follows Conover (Practical Nonparametric Statistics, section 5.8), which is right with ties;
    the F statistic is less conservative than chi-squared (Demsar, JMLR 2006). Where all benchmarks
    agree F is infinite, and p is the exact probability that they would by chance.

    Args:
        ranks: shape (benchmarks, methods), from `average_ranks`.

    Returns:
        Both statistics and their p values; p is 1 where all methods tie on every benchmark.

    Raises:
        ValueError: fewer than two benchmarks or three methods.
    """
    n, k = ranks.shape
    if n < 2 or k < 3:
        raise ValueError(f"needs 2 benchmarks and 3 methods or more, not {n} and {k}")
    from scipy import special

    spread = float(((ranks - (k + 1) / 2) ** 2).sum())
    if spread == 0.0:
        return FriedmanTest(n, 0.0, 1.0, 0.0, 1.0)
    between = float(((ranks.sum(0) - n * (k + 1) / 2) ** 2).sum())
    chi2 = (k - 1) * between / spread
    p_chi2 = float(special.chdtrc(k - 1, chi2))
    if math.isclose(chi2, n * (k - 1), rel_tol=1e-12):
        sizes = np.unique(ranks[0], return_counts=True)[1]
        orders = math.factorial(k) / math.prod(math.factorial(int(size)) for size in sizes)
        return FriedmanTest(n, chi2, p_chi2, math.inf, orders ** (1.0 - n))
    f = (n - 1) * chi2 / (n * (k - 1) - chi2)
    p = float(special.fdtrc(k - 1, (k - 1) * (n - 1), f))
    return FriedmanTest(n, chi2, p_chi2, f, p)
