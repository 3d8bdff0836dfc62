"""Results over several benchmarks; a missing cell is never averaged away."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.analysis.comparison import Comparison, judge_family, paired_difference
from harness.analysis.estimates import (
    bootstrap_counts,
    iqm,
    percentile_interval,
    resampled_iqm,
)
from harness.analysis.groups import compact_letters
from harness.analysis.ranking import FriedmanTest, average_ranks, friedman
from harness.analysis.significance import holm, signed_rank_p, smallest_p
from harness.analysis.wording import FEW_BENCHMARKS, Scale, population_sentence
from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray, StudyResults

Streams = Callable[..., np.random.Generator]

SCALE = Scale(decimals=3, unit=" of the gap between the mean random architecture and the optimum")
"""Normalised scores: 0 is the mean random architecture of a benchmark, 1 its optimum."""

TAUS: FloatArray = 1.0 - np.logspace(0.0, -3.0, 61)
"""Grid of the performance profile, from 0 to 0.999, even in the logarithm of what is missing."""

RESAMPLES = 2_000


@dataclass(frozen=True)
class MethodAggregate:
    """One method over all benchmarks of a study.

    Attributes:
        method: identity of the method.
        reason: why everything else is None; empty where it is not.
        iqm: interquartile mean of the normalised scores of all runs.
        ci: its interval, from resampling the seeds of each benchmark by themselves: it covers
            other seeds, not other benchmarks.
        rank: mean over the benchmarks of the rank of the mean score, 1 is best.
        group: letters of the methods that no pairwise test over benchmarks tells apart; empty
            where so few benchmarks cannot tell.
        profile: share of runs whose normalised score is above each of `TAUS`, shape (taus,).
        profile_low: lower end of its pointwise interval.
        profile_high: upper end.
    """

    method: str
    reason: str
    iqm: float | None = None
    ci: tuple[float, float] | None = None
    rank: float | None = None
    group: str = ""
    profile: FloatArray | None = None
    profile_low: FloatArray | None = None
    profile_high: FloatArray | None = None


@dataclass(frozen=True)
class RankTest:
    """Wilcoxon's signed-rank test of two methods over benchmarks.

    Attributes:
        a: identity of the one method.
        b: identity of the other.
        n: number of benchmarks.
        p: exact two-sided p value.
        p_adjusted: p after Holm over all pairs.
    """

    a: str
    b: str
    n: int
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class SuiteAnalysis:
    """All methods over all benchmarks of a study.

    Two populations are spoken about. ``comparisons`` are about this very suite: the observation is
    a seed, its score the mean of the normalised scores on all benchmarks. ``friedman`` and
    ``pairwise`` are about benchmarks like these: the observation is a benchmark, its score the mean
    over seeds (Demsar, JMLR 2006); with too few benchmarks they are left out.

    Attributes:
        benchmarks: identities of the benchmarks.
        methods: one entry a method, in the order of the study.
        taus: where the profiles are taken, shape (taus,).
        comparisons: every method with the control on this suite, Holm over all of them.
        friedman: test of equal mean ranks over benchmarks.
        pairwise: tests of all pairs over benchmarks.
        population: a sentence about what may be claimed.
    """

    benchmarks: tuple[str, ...]
    methods: tuple[MethodAggregate, ...]
    taus: FloatArray
    comparisons: tuple[Comparison, ...]
    friedman: FriedmanTest | None
    pairwise: tuple[RankTest, ...]
    population: str


def normalise(scores: FloatArray, card: BenchmarkCard) -> FloatArray:
    """Put scores on a scale that benchmarks share: 0 the mean random architecture, 1 the optimum.

    Right for either direction; scores below the random architecture's are negative.

    Args:
        scores: on the benchmark's own scale, any shape.
        card: the benchmark.

    Raises:
        ValueError: the optimum or the mean random architecture is unknown, or they are equal.
    """
    gap = card.optimum - card.mean_random
    if not math.isfinite(gap) or gap == 0.0:
        raise ValueError(f"{card.id} has no gap between random architectures and its optimum")
    return (scores - card.mean_random) / gap


def analyse_suite(
    results: StudyResults, alpha: float, margin: float | None, streams: Streams
) -> SuiteAnalysis:
    """Aggregate a study over its benchmarks.

    A method enters only with every seed of the study on every benchmark.

    Args:
        results: the study.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        margin: differences of normalised scores up to this are practically none, or None.
        streams: generator for the names given.
    """
    names = tuple(card.id for card in results.cards)
    reasons = {method: _why_not(results, method) for method in results.methods}
    complete = [method for method in results.methods if not reasons[method]]
    scores = {method: _normalised(results, method) for method in complete}
    means = np.array([[row.mean() for row in scores[method]] for method in complete]).T
    ranks = average_ranks(-means) if complete else means
    pairwise = _pairwise(complete, means, alpha, streams) if len(names) >= FEW_BENCHMARKS else ()
    letters = _letters(complete, ranks, pairwise, alpha)
    sizes = [len(results.seeds)] * len(names)
    counts = bootstrap_counts(sizes, RESAMPLES, streams("aggregate")) if complete else None
    entries = []
    for method in results.methods:
        if counts is None or reasons[method]:
            entries.append(MethodAggregate(method, reasons[method]))
            continue
        place = complete.index(method)
        cells = scores[method].ravel()
        low, high = percentile_interval(resampled_iqm(cells, counts), alpha)
        above = (cells[:, None] > TAUS).astype(np.float64)
        band = percentile_interval(counts @ above / cells.size, alpha)
        entries.append(
            MethodAggregate(
                method,
                reason="",
                iqm=iqm(cells),
                ci=(float(low), float(high)),
                rank=float(ranks[:, place].mean()),
                group=letters[place],
                profile=above.mean(axis=0),
                profile_low=band[0],
                profile_high=band[1],
            )
        )
    return SuiteAnalysis(
        benchmarks=names,
        methods=tuple(entries),
        taus=TAUS,
        comparisons=_on_this_suite(results.control, scores, alpha, margin, streams),
        friedman=(
            friedman(ranks) if len(names) >= FEW_BENCHMARKS and len(complete) > 2 else None
        ),
        pairwise=pairwise,
        population=population_sentence(len(names)),
    )
