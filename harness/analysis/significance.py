"""Tests of paired differences, and the correction for making several of them."""

from __future__ import annotations

import math

import numpy as np

from harness.analysis.ranking import average_ranks
from harness.study.results import FloatArray

EXACT_PAIRS = 30
"""Up to this many non-zero differences every assignment of signs is counted."""

DRAWS = 9_999
"""Random assignments of signs beyond that."""

_TOLERANCE = 1e-12


def sign_flip_p(differences: FloatArray, rng: np.random.Generator) -> float:
    """Two-sided paired permutation test of the mean difference.

    Under the null hypothesis the two methods can be exchanged within a pair, so that each sign is
    as likely as its opposite; p is the share of all assignments of signs whose absolute sum is at
    least the observed one. Pairs that tie add a factor to both counts and are left out, which
    changes nothing but the work. The sums of up to `EXACT_PAIRS` differences are counted exactly by
    meeting in the middle (Horowitz & Sahni, J. ACM 1974): all signed sums of one half are looked up
    among the sorted ones of the other, ``2**(m / 2)`` of each. Beyond that `DRAWS` random
    assignments are drawn and p is ``(hits + 1) / (draws + 1)`` (Phipson & Smyth, 2010), never zero.

    Args:
        differences: shape (n,), finite.
        rng: used only beyond `EXACT_PAIRS` non-zero differences.

    Returns:
        p in (0, 1]; 1.0 where nothing differs.

    Raises:
        ValueError: a difference is not finite.
    """
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite")
    magnitudes = np.abs(differences[differences != 0.0])
    threshold = abs(float(differences.sum())) - _TOLERANCE * float(magnitudes.sum())
    if threshold <= 0.0:
        return 1.0
    if magnitudes.size <= EXACT_PAIRS:
        return _exact_p(magnitudes, threshold)
    return _drawn_p(magnitudes, threshold, rng)


def signed_rank_p(differences: FloatArray, rng: np.random.Generator) -> float:
    """Wilcoxon's signed-rank test: the sign-flip test of the signed ranks, hence right with ties.

    Zero differences carry no sign and are left out, as in Wilcoxon's own version.

    Args:
        differences: shape (n,), finite.
        rng: used only beyond `EXACT_PAIRS` non-zero differences.

    Returns:
        p in (0, 1].
    """
    moved = differences[differences != 0.0]
    return sign_flip_p(np.sign(moved) * average_ranks(np.abs(moved)), rng)


def smallest_p(n: int) -> float:
    """The smallest two-sided p that n pairs can give: ``2 / 2**n``, or one draw in `DRAWS` + 1."""
    return min(1.0, 2.0 / 2**n) if n <= EXACT_PAIRS else 1.0 / (DRAWS + 1)


def pairs_needed(tests: int, alpha: float) -> int:
    """Fewest pairs whose `smallest_p` can pass Holm's first step among so many tests."""
    return max(1, math.ceil(1.0 + math.log2(max(tests, 1) / alpha)))


def holm(p: FloatArray) -> FloatArray:
    """Adjust p values for their number (Holm, Scandinavian Journal of Statistics 1979).

    Args:
        p: shape (m,), in any order.

    Returns:
        Adjusted p values in the order of ``p``, at most 1.
    """
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _signed_sums(magnitudes: FloatArray) -> FloatArray:
    """Sums under every assignment of signs, shape (2**m,); bit i of an index is the i-th sign."""
    sums = np.zeros(1)
    for magnitude in magnitudes:
        sums = np.concatenate([sums - magnitude, sums + magnitude])
    return sums


def _exact_p(magnitudes: FloatArray, threshold: float) -> float:
    """Share of all assignments whose absolute sum reaches a threshold above zero."""
    middle = magnitudes.size // 2
    left = np.sort(_signed_sums(magnitudes[:middle]))
    right = np.sort(_signed_sums(magnitudes[middle:]))
    below = np.searchsorted(right, threshold - left, side="left").sum()
    above = left.size * right.size - int(below)
    return min(1.0, above * 2.0 ** (1 - magnitudes.size))


def _drawn_p(magnitudes: FloatArray, threshold: float, rng: np.random.Generator) -> float:
    """Monte-Carlo version; eight signs at a time are one random byte and one look-up."""
    blocks = np.pad(magnitudes, (0, -magnitudes.size % 8)).reshape(-1, 8)
    sums = np.zeros(DRAWS)
    for block in blocks:
        sums += _signed_sums(block)[rng.integers(0, 256, size=DRAWS, dtype=np.uint8)]
    hits = int((np.abs(sums) >= threshold).sum())
    return (hits + 1) / (DRAWS + 1)
