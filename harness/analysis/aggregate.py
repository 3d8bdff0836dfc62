"""Results over several benchmarks; a missing cell is never averaged away."""

from __future__ import annotations

from collections.abc import Sequence
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
from harness.analysis.scale import Scale, normalise
from harness.analysis.significance import holm, signed_rank_p, smallest_p
from harness.analysis.streams import Streams
from harness.analysis.wording import FEW_BENCHMARKS, population_sentence
from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray, StudyResults

SUITE_SCALE = Scale(decimals=3, unit=" of the gap", margin=0.01)
"""Normalised scores: 0 is the mean random architecture of a benchmark, 1 its optimum."""

TAUS: FloatArray = 1.0 - np.logspace(0.0, -3.0, 61)
"""Grid of the performance profile, from 0 to 0.999, even in the logarithm of what is missing."""

RESAMPLES = 1_000


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


def analyse_suite(
    results: StudyResults, alpha: float, margin: float | None, streams: Streams
) -> SuiteAnalysis:
    """Aggregate a study over its benchmarks.

    A method enters only with every seed of the study on every benchmark.

    Args:
        results: the study.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        margin: differences of normalised scores up to this are practically none; None makes no
            claim of equivalence.
        streams: generator for the names given.
    """
    names = tuple(card.id for card in results.cards)
    reasons = {method: _why_not(results, method) for method in results.methods}
    complete = [method for method in results.methods if not reasons[method]]
    scores = {method: _normalised(results, method) for method in complete}
    entries = {method: MethodAggregate(method, reason) for method, reason in reasons.items()}
    test = None
    pairwise: tuple[RankTest, ...] = ()
    if complete:
        means = np.array([scores[method].mean(axis=1) for method in complete]).T
        ranks = average_ranks(-means)
        if len(names) >= FEW_BENCHMARKS:
            test = friedman(ranks) if len(complete) > 2 else None
            pairwise = _pairwise(complete, means, streams)
        mean_ranks = dict(zip(complete, ranks.mean(axis=0).tolist(), strict=True))
        letters = _letters(mean_ranks, pairwise, len(names), alpha)
        sizes = [len(results.seeds)] * len(names)
        counts = bootstrap_counts(sizes, RESAMPLES, streams("aggregate"))
        for method in complete:
            entries[method] = _aggregate(
                method, scores[method].ravel(), counts, mean_ranks[method], letters[method], alpha
            )
    return SuiteAnalysis(
        benchmarks=names,
        methods=tuple(entries.values()),
        taus=TAUS,
        comparisons=_on_this_suite(results.control, scores, alpha, margin, streams),
        friedman=test,
        pairwise=pairwise,
        population=population_sentence(len(names)),
    )


def _why_not(results: StudyResults, method: str) -> str:
    """Why a method cannot be aggregated; empty where it can."""
    for card in results.cards:
        runs = results.pairs.get((card.id, method))
        missing = set(results.seeds) - set(runs.seeds.tolist() if runs else ())
        if missing:
            return f"{len(missing)} of {len(results.seeds)} runs on {card.id} are missing"
        try:
            normalised = normalise(_scores(results, card, method), card)
        except ValueError as error:
            return str(error)
        if not np.isfinite(normalised).all():
            return f"a score on {card.id} is not finite"
    return ""


def _scores(results: StudyResults, card: BenchmarkCard, method: str) -> FloatArray:
    """Reported scores of the seeds of the study, in ascending order, shape (seeds,)."""
    runs = results.pairs[card.id, method]
    return runs.reported[np.isin(runs.seeds, results.seeds)]


def _normalised(results: StudyResults, method: str) -> FloatArray:
    """Normalised scores of a complete method, shape (benchmarks, seeds)."""
    return np.stack([normalise(_scores(results, card, method), card) for card in results.cards])


def _aggregate(
    method: str,
    cells: FloatArray,
    counts: FloatArray,
    rank: float,
    group: str,
    alpha: float,
) -> MethodAggregate:
    """One method's interquartile mean and profile with their intervals.

    Args:
        method: identity of the method.
        cells: normalised scores, benchmark after benchmark, shape (benchmarks * seeds,).
        counts: resamples of the cells, from `bootstrap_counts`.
        rank: mean rank over benchmarks.
        group: letters.
        alpha: one minus the confidence.
    """
    low, high = percentile_interval(resampled_iqm(cells, counts), alpha)
    above = (cells[:, None] > TAUS).astype(np.float64)
    profile_low, profile_high = percentile_interval(counts @ above / cells.size, alpha)
    return MethodAggregate(
        method,
        reason="",
        iqm=iqm(cells),
        ci=(float(low), float(high)),
        rank=rank,
        group=group,
        profile=above.mean(axis=0),
        profile_low=profile_low,
        profile_high=profile_high,
    )


def _pairwise(methods: Sequence[str], means: FloatArray, streams: Streams) -> tuple[RankTest, ...]:
    """Test all pairs over benchmarks, whose mean scores have shape (benchmarks, methods)."""
    pairs = list(combinations(range(len(methods)), 2))
    p = np.array(
        [
            signed_rank_p(
                means[:, i] - means[:, j], streams("benchmarks", *sorted((methods[i], methods[j])))
            )
            for i, j in pairs
        ]
    )
    return tuple(
        RankTest(methods[i], methods[j], len(means), float(p[k]), adjusted)
        for k, ((i, j), adjusted) in enumerate(zip(pairs, holm(p).tolist(), strict=True))
    )


def _letters(
    mean_ranks: dict[str, float], pairwise: Sequence[RankTest], benchmarks: int, alpha: float
) -> dict[str, str]:
    """Groups over benchmarks, best mean rank first; empty where no test could separate a pair."""
    if not pairwise or smallest_p(benchmarks) * len(pairwise) > alpha:
        return dict.fromkeys(mean_ranks, "")
    separated = {frozenset((test.a, test.b)) for test in pairwise if test.p_adjusted <= alpha}
    return compact_letters(sorted(mean_ranks, key=mean_ranks.__getitem__), separated)


def _on_this_suite(
    control: str,
    scores: dict[str, FloatArray],
    alpha: float,
    margin: float | None,
    streams: Streams,
) -> tuple[Comparison, ...]:
    """Compare with the control on the mean of each seed's normalised scores on all benchmarks."""
    if control not in scores:
        return ()
    family = [
        paired_difference(
            (method, control),
            scores[method].mean(axis=0),
            scores[control].mean(axis=0),
            streams("suite", *sorted((method, control))),
            alpha=alpha,
        )
        for method in scores
        if method != control
    ]
    return judge_family(family, alpha, margin)
