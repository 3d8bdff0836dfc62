"""Sizes of effects and the intervals around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.study.results import FloatArray


def mean_interval(values: FloatArray, alpha: float = 0.05) -> tuple[FloatArray, FloatArray]:
    """Student's interval of the mean along the first axis.

    Measured on final scores of searches on NAS-Bench-201, on their paired differences and on
    normal noise, its 95 % interval covers between 93 and 97 % at 10, 30 and 100 seeds; percentile
    and BCa bootstraps cover 90 % at 10, the studentised bootstrap is wider for the same coverage.
    Where all values are equal it has no width, which says nothing about the next seed: flag it.

    Args:
        values: shape (n, ...), n of 2 or more.
        alpha: one minus the confidence.

    Returns:
        Lower and upper end, each of shape (...).

    Raises:
        ValueError: fewer than two values.
    """
    n = values.shape[0]
    if n < 2:
        raise ValueError(f"an interval needs 2 values or more, not {n}")
    from scipy import special

    mean = values.mean(axis=0)
    half = special.stdtrit(n - 1, 1.0 - alpha / 2) * values.std(axis=0, ddof=1) / math.sqrt(n)
    return mean - half, mean + half


def iqm(values: FloatArray) -> float:
    """Interquartile mean: the mean without the lowest and the highest quarter.

    Agarwal et al., "Deep RL at the edge of the statistical precipice" (NeurIPS 2021). As many
    values are cut at either end as fit into a quarter, as in ``scipy.stats.trim_mean(., 0.25)``.

    Args:
        values: any shape, not empty.
    """
    ordered = np.sort(values, axis=None)
    cut = ordered.size // 4
    return float(ordered[cut : ordered.size - cut].mean())


def bootstrap_counts(sizes: Sequence[int], draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each value is drawn in resamples with replacement, every stratum by itself.

    A resampled sum is then one matrix product, and statistics that must be resampled together
    share the counts.

    Args:
        sizes: number of values in each stratum.
        draws: number of resamples.
        rng: source of the resamples.

    Returns:
        Whole numbers, shape (draws, sum of sizes), strata side by side.
    """
    strata = []
    for size in sizes:
        drawn = rng.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=draws * size)
        strata.append(counts.reshape(draws, size).astype(np.float64))
    return np.concatenate(strata, axis=1)


def resampled_iqm(values: FloatArray, counts: FloatArray) -> FloatArray:
    """Interquartile mean of every resample.

    Args:
        values: shape (n,).
        counts: from `bootstrap_counts`, shape (draws, n).

    Returns:
        Shape (draws,).
    """
    order = np.argsort(values, kind="stable")
    cut = values.size // 4
    upto = np.cumsum(counts[:, order], axis=1)
    np.clip(upto, cut, values.size - cut, out=upto)
    kept = np.diff(upto, axis=1, prepend=float(cut))
    means: FloatArray = kept @ values[order] / (values.size - 2 * cut)
    return means


def percentile_interval(
    resampled: FloatArray, alpha: float = 0.05
) -> tuple[FloatArray, FloatArray]:
    """Percentile bootstrap interval along the first axis.

    The ends are order statistics, so that resamples may be infinite (a target never reached).

    Args:
        resampled: the statistic in every resample, shape (draws, ...).
        alpha: one minus the confidence.

    Returns:
        Lower and upper end, each of shape (...).
    """
    return order_statistic(resampled, alpha / 2), order_statistic(resampled, 1.0 - alpha / 2)


def order_statistic(values: FloatArray, share: float) -> FloatArray:
    """The smallest value that at least a share of all values do not exceed, along the first axis.

    A quantile without interpolation: infinite values stay apart from finite ones.

    Args:
        values: shape (n, ...), n of 1 or more.
        share: in (0, 1].

    Returns:
        Shape (...).
    """
    position = math.ceil(share * values.shape[0]) - 1
    statistic: FloatArray = np.partition(values, position, axis=0)[position]
    return statistic


def probability_of_improvement(differences: FloatArray) -> float:
    """P(A > B) with one seed: share of pairs that A wins, ties counting half.

    The paired form, which is the one of the design: with the same seed, how likely is A ahead?
    See `a12` for two independent seeds.

    Args:
        differences: A minus B, larger is better for A, shape (n,), not empty.
    """
    return float((np.sign(differences).mean() + 1.0) / 2.0)


def a12(a: FloatArray, b: FloatArray) -> float:
    """P(A > B) with two independent seeds (Vargha & Delaney 2000): the Mann-Whitney U over n * m.

    Args:
        a: larger is better, shape (n,), not empty.
        b: shape (m,), not empty.
    """
    ordered = np.sort(b)
    beaten = np.searchsorted(ordered, a, side="left").sum()
    not_lost = np.searchsorted(ordered, a, side="right").sum()
    return float((beaten + not_lost) / (2 * a.size * b.size))


def seed_correlation(a: FloatArray, b: FloatArray) -> float | None:
    """Pearson correlation over common seeds: what pairing gains.

    The variance of the mean difference is that of unpaired runs less twice the covariance.

    Args:
        a: shape (n,).
        b: shape (n,).

    Returns:
        In [-1, 1]; None with fewer than three seeds or where one side never varies.
    """
    if a.size < 3 or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return None
    return float(np.clip(np.corrcoef(a, b)[0, 1], -1.0, 1.0))
