"""How well predictions order architectures whose true scores are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.study.results import FloatArray, IntArray

TOP = 0.05
"""Share of the architectures that count as the top."""

SHORT_LIST = 10
"""Length of the longer of the two lists that regret is measured on; the shorter one has 1."""


@dataclass(frozen=True)
class Quality:
    """What one set of predictions is worth. Scores are on the benchmark's own scale.

    Attributes:
        kendall: Kendall's tau-b; 0 where the predictions, or the true scores, are all the same.
        spearman: Spearman's rank correlation; 0 likewise.
        violations: pairs in the wrong order, among the architectures sorted by true score and,
            stably, by prediction; equal predictions violate nothing (Hakim 2022, NAAP-440).
        mae: mean absolute error; means something only for predictors of scores.
        regret_1: best true score less that of the architecture predicted best, 0 or above.
        regret_10: best true score less the best one among the `SHORT_LIST` predicted best.
        top_share: share of the predicted top `TOP` that belongs to the true top.
    """

    kendall: float
    spearman: float
    violations: int
    mae: float
    regret_1: float
    regret_10: float
    top_share: float


def quality(predicted: FloatArray, truth: FloatArray, shuffle: IntArray) -> Quality:
    """Measure predictions.

    Args:
        predicted: larger is better, no NaN, shape (n,), n of at least 2.
        truth: true scores, larger is better, shape (n,).
        shuffle: a random order of the architectures, by which equal predictions are ordered where
            an order is needed; shape (n,).
    """
    best_first = shuffle[np.argsort(-predicted[shuffle], kind="stable")]
    best = float(truth.max())
    top = max(1, round(TOP * truth.size))
    threshold = np.partition(truth, truth.size - top)[truth.size - top]
    kendall, spearman = correlations(predicted, truth)
    return Quality(
        kendall=kendall,
        spearman=spearman,
        violations=violations(predicted, truth),
        mae=float(np.abs(predicted - truth).mean()),
        regret_1=best - float(truth[best_first[0]]),
        regret_10=best - float(truth[best_first[:SHORT_LIST]].max()),
        top_share=float((truth[best_first[:top]] >= threshold).mean()),
    )


def worst(tested: int, spread: float) -> Quality:
    """What a failed run counts as.

    Args:
        tested: number of architectures that were to be ordered.
        spread: best less worst score of the benchmark.
    """
    return Quality(
        kendall=-1.0,
        spearman=-1.0,
        violations=tested * (tested - 1) // 2,
        mae=math.nan,
        regret_1=spread,
        regret_10=spread,
        top_share=0.0,
    )


def correlations(predicted: FloatArray, truth: FloatArray) -> tuple[float, float]:
    """Kendall's tau-b and Spearman's rho; 0 where one side is constant and they do not exist."""
    from scipy import stats

    if (predicted == predicted[0]).all() or (truth == truth[0]).all():
        return 0.0, 0.0
    # Ranks, since predictions may be infinite.
    ranks = stats.rankdata(predicted), stats.rankdata(truth)
    # The p value, which nobody asks for, can be slow by default, and by this method fails for two.
    method: Literal["asymptotic", "auto"] = "asymptotic" if truth.size > 2 else "auto"
    tau = stats.kendalltau(*ranks, method=method).statistic
    return float(tau), float(np.clip(np.corrcoef(*ranks)[0, 1], -1.0, 1.0))


def violations(predicted: FloatArray, truth: FloatArray) -> int:
    """Pairs that a stable sort by true score and one by prediction put in opposite orders.

    Args:
        predicted: shape (n,).
        truth: shape (n,).
    """
    by_truth = np.argsort(truth, kind="stable")
    by_both = by_truth[np.argsort(predicted[by_truth], kind="stable")]
    place = np.empty_like(by_truth)
    place[by_truth] = np.arange(by_truth.size)
    return inversions(place[by_both])


def inversions(permutation: NDArray[np.integer]) -> int:
    """Pairs of a permutation whose larger number comes first, in O(n log n).

    Bit by bit from the highest: numbers that agree in all higher bits are side by side, in their
    original order, and a one before a zero is an inversion.

    Args:
        permutation: of 0 to n - 1.
    """
    values = np.asarray(permutation, np.int64)
    # Stable sorting takes linear time for numbers of 16 bits.
    small = np.uint16 if values.size <= 2**16 else np.int64
    found = 0
    for bit in reversed(range(int(values.size).bit_length())):
        one = values >> bit & 1
        before = np.cumsum(one) - one
        # Ones of earlier groups are no partners. A group starts where its smallest number stands
        # in a sorted permutation.
        start = values >> (bit + 1) << (bit + 1)
        found += int((before - before[start])[one == 0].sum())
        # Stable, so that the original order lasts within the next bit's groups.
        values = values[np.argsort((values >> bit).astype(small), kind="stable")]
    return found
