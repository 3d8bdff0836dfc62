"""One benchmark of a study: a row for every method, and which differences are real."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np

from harness.analysis.anytime import AnytimeAxis, anytime
from harness.analysis.comparison import (
    Comparison,
    Interval,
    PairedDifference,
    judge_family,
    paired_difference,
)
from harness.analysis.estimates import iqm, mean_interval
from harness.analysis.groups import compact_letters
from harness.analysis.power import detectable_effect
from harness.analysis.ranking import average_ranks
from harness.analysis.scale import Scale, sign
from harness.analysis.streams import Streams
from harness.analysis.wording import (
    FEW_SEEDS,
    pairing_sentence,
    power_sentence,
    top_sentence,
)
from harness.core.benchmark import BenchmarkCard
from harness.core.budget import Budget
from harness.study.results import FloatArray, IntArray, PairRuns, StudyResults

Runs = Mapping[str, PairRuns]


@dataclass(frozen=True)
class MethodSummary:
    """One row of a benchmark's table. What is unknown is None.

    Attributes:
        method: identity of the method.
        n: number of finished runs, failed ones among them.
        missing: number of runs that the study asks for and that are not there.
        failed: number of failed runs; they count with the worst score.
        mean: mean reported score, on the benchmark's own scale.
        std: standard deviation over seeds.
        ci: interval of the mean over seeds.
        degenerate: all scores are the same, so that the interval has no width.
        median: median score.
        iqm: interquartile mean.
        regret: distance of the mean from the optimum, 0 or above.
        relative_improvement: distance of the mean from the mean random architecture, in percent of
            the latter's score; above 0 is better (Yang et al., ICLR 2020).
        rank: mean over common seeds of the rank among the methods, 1 is best, ties averaged.
        group: letters of the methods that no test tells apart; empty where so few seeds cannot
            tell.
        top: no test separates the method from the one with the best mean.
        queries: mean number of queries charged.
        unique: mean number of distinct architectures among them.
        seconds: mean seconds spent by the runs that did not fail.
        valid_mean: mean score that the method saw for its recommendation, failed runs left out.
    """

    method: str
    n: int
    missing: int
    failed: int = 0
    mean: float | None = None
    std: float | None = None
    ci: Interval | None = None
    degenerate: bool = False
    median: float | None = None
    iqm: float | None = None
    regret: float | None = None
    relative_improvement: float | None = None
    rank: float | None = None
    group: str = ""
    top: bool = False
    queries: float | None = None
    unique: float | None = None
    seconds: float | None = None
    valid_mean: float | None = None


@dataclass(frozen=True)
class PowerLine:
    """What the comparisons with the control could find.

    Attributes:
        n: number of paired seeds of the weakest comparison.
        tests: number of comparisons.
        effect: detectable mean difference at alpha, in standard deviations of the difference.
        effect_holm: the same at Holm's first step.
        difference: ``effect`` on the benchmark's own scale, for the median comparison.
        difference_holm: the same for ``effect_holm``.
        text: all of it as a sentence.
    """

    n: int
    tests: int
    effect: float
    effect_holm: float
    difference: float
    difference_holm: float
    text: str


@dataclass(frozen=True)
class BenchmarkAnalysis:
    """One benchmark of a study.

    Attributes:
        card: what the benchmark states about itself.
        budget: budget of every run, as text.
        scale: how numbers are written here, with the margin of equivalence.
        results: one row a method, in the order of the study.
        common_seeds: seeds that all methods with a run share; ranks are over these.
        comparisons: every other method (``a``) with the control (``b``), Holm over them.
        pairwise: all pairs of methods, Holm over all of them; letters come from these.
        top: the methods of the top group, best mean first.
        top_text: a sentence about them; empty where fewer than two methods have a run.
        seed_correlation: median correlation of two methods' scores over seeds.
        pairing_text: a sentence about it.
        power: what the comparisons could find; None without a comparison.
        anytime: one entry an axis on which spending is known.
        notes: what a reader must know about incomplete or thin data; may be empty.
    """

    card: BenchmarkCard
    budget: str
    scale: Scale
    results: tuple[MethodSummary, ...]
    common_seeds: int
    comparisons: tuple[Comparison, ...]
    pairwise: tuple[Comparison, ...]
    top: tuple[str, ...]
    top_text: str
    seed_correlation: float | None
    pairing_text: str
    power: PowerLine | None
    anytime: tuple[AnytimeAxis, ...]
    notes: tuple[str, ...]


def analyse_benchmark(
    results: StudyResults, card: BenchmarkCard, scale: Scale, alpha: float, streams: Streams
) -> BenchmarkAnalysis:
    """Analyse all methods on one benchmark.

    Args:
        results: the study.
        card: the benchmark.
        scale: how numbers are written, with the margin of equivalence.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        streams: generator for the names given.
    """
    runs = {
        method: results.pairs[card.id, method]
        for method in results.methods
        if (card.id, method) in results.pairs and results.pairs[card.id, method].seeds.size
    }
    rows = {
        method: _summarise(method, runs.get(method), len(results.seeds), card, alpha)
        for method in results.methods
    }
    differences = [
        _difference(a, b, sign(card), alpha, streams(card.id, *sorted((a.method, b.method))))
        for a, b in combinations(runs.values(), 2)
    ]
    pairwise = judge_family(differences, alpha, scale.margin)
    comparisons = judge_family(_against(results.control, differences), alpha, scale.margin)
    common = _common_seeds(runs.values())
    ranks = _mean_ranks(runs, common, sign(card))
    order = _groupable(pairwise, rows, sign(card))
    separated = {
        frozenset((c.a, c.b))
        for c in pairwise
        if c.p_adjusted is not None and c.p_adjusted <= alpha
    }
    letters = compact_letters(order, separated)
    top = tuple(method for method in order if frozenset((order[0], method)) not in separated)
    uniform = not any(frozenset(pair) in separated for pair in combinations(top, 2))
    correlations = [c.seed_correlation for c in pairwise if c.seed_correlation is not None]
    correlation = float(np.median(correlations)) if correlations else None
    budget = results.budgets[card.id]
    axes = (
        anytime(
            card, Budget.parse(budget), runs, axis, streams(card.id, axis), alpha, results.control
        )
        for axis in ("queries", "seconds")
    )
    return BenchmarkAnalysis(
        card=card,
        budget=budget,
        scale=scale,
        results=tuple(
            replace(
                row,
                rank=ranks.get(method),
                group=letters.get(method, ""),
                top=method in top,
            )
            for method, row in rows.items()
        ),
        common_seeds=common.size,
        comparisons=comparisons,
        pairwise=pairwise,
        top=top,
        top_text=top_sentence(top, uniform, alpha, results.noun) if pairwise else "",
        seed_correlation=correlation,
        pairing_text=pairing_sentence(correlation),
        power=_power(comparisons, scale, alpha),
        anytime=tuple(axis for axis in axes if axis is not None),
        notes=tuple(_notes(results, rows, common.size, order)),
    )


def _summarise(
    method: str, runs: PairRuns | None, asked: int, card: BenchmarkCard, alpha: float
) -> MethodSummary:
    """A method's row, but for what depends on the other methods."""
    if runs is None:
        return MethodSummary(method, n=0, missing=asked)
    scores, done = runs.reported, ~runs.failed
    row = MethodSummary(
        method,
        n=scores.size,
        missing=max(0, asked - scores.size),
        failed=int(runs.failed.sum()),
        queries=float(runs.queries.mean()),
        unique=float(runs.unique.mean()),
        seconds=_mean(runs.seconds[done]),
        valid_mean=_mean(runs.valid[done]),
    )
    if not np.isfinite(scores).all():
        return row
    mean = float(scores.mean())
    ends = mean_interval(scores, alpha) if scores.size > 1 else None
    gain = sign(card) * (mean - card.mean_random)
    return replace(
        row,
        mean=mean,
        std=float(scores.std(ddof=1)) if scores.size > 1 else None,
        ci=None if ends is None else (float(ends[0]), float(ends[1])),
        degenerate=scores.size > 1 and bool(np.ptp(scores) == 0.0),
        median=float(np.median(scores)),
        iqm=iqm(scores),
        regret=_known(sign(card) * (card.optimum - mean)),
        relative_improvement=(
            _known(100.0 * gain / abs(card.mean_random)) if card.mean_random else None
        ),
    )


def _difference(
    a: PairRuns, b: PairRuns, orientation: float, alpha: float, rng: np.random.Generator
) -> PairedDifference:
    """Two methods on the seeds that both have run."""
    common = _common_seeds((a, b))
    return paired_difference(
        (a.method, b.method),
        orientation * _scores_on(a, common),
        orientation * _scores_on(b, common),
        rng,
        unpaired=a.seeds.size + b.seeds.size - 2 * common.size,
        alpha=alpha,
    )


def _against(control: str, differences: Sequence[PairedDifference]) -> list[PairedDifference]:
    """The differences that involve the control, told from the other method's side."""
    return [
        difference if difference.b == control else difference.reversed()
        for difference in differences
        if control in (difference.a, difference.b)
    ]


def _common_seeds(runs: Iterable[PairRuns]) -> IntArray:
    """Seeds that all of them have run, ascending; none where there are no runs."""
    seeds = [pair.seeds for pair in runs]
    return reduce(np.intersect1d, seeds) if seeds else np.empty(0, dtype=np.int64)


def _scores_on(runs: PairRuns, seeds: IntArray) -> FloatArray:
    """Reported scores on some of the seeds."""
    return runs.reported[np.searchsorted(runs.seeds, seeds)]


def _mean_ranks(runs: Runs, seeds: IntArray, orientation: float) -> dict[str, float]:
    """Mean over seeds of the rank among the methods that have a score on each of them."""
    scores = {method: orientation * _scores_on(pair, seeds) for method, pair in runs.items()}
    scores = {method: own for method, own in scores.items() if not np.isnan(own).any()}
    if not scores or not seeds.size:
        return {}
    ranks = average_ranks(-np.stack(list(scores.values()), axis=1)).mean(axis=0)
    return dict(zip(scores, ranks.tolist(), strict=True))


def _groupable(
    pairwise: Sequence[Comparison], rows: Mapping[str, MethodSummary], orientation: float
) -> list[str]:
    """Methods that the tests can group, best mean first.

    A method with too few seeds to be told from anything would share a letter with everything; the
    one with the most untestable pairs is left out until none is left.
    """
    methods = {method for comparison in pairwise for method in (comparison.a, comparison.b)}
    blind = [{c.a, c.b} for c in pairwise if c.verdict == "cannot-tell"]
    while blind:
        untestable = {method: sum(method in pair for pair in blind) for method in methods}
        worst = max(sorted(methods), key=lambda method: (untestable[method], -rows[method].n))
        methods.remove(worst)
        blind = [pair for pair in blind if worst not in pair]
    if len(methods) < 2:
        return []
    means = {
        method: orientation * (rows[method].mean or 0.0) for method in rows if method in methods
    }
    return sorted(means, key=lambda method: -means[method])


def _power(comparisons: Sequence[Comparison], scale: Scale, alpha: float) -> PowerLine | None:
    """What the comparisons with the control could find; the one with fewest seeds counts."""
    tested = [comparison for comparison in comparisons if comparison.sd is not None]
    if not tested:
        return None
    n = min(comparison.n for comparison in tested)
    sd = float(np.median([comparison.sd for comparison in tested]))
    effects = (detectable_effect(n, alpha), detectable_effect(n, alpha / len(tested)))
    return PowerLine(
        n=n,
        tests=len(tested),
        effect=effects[0],
        effect_holm=effects[1],
        difference=effects[0] * sd,
        difference_holm=effects[1] * sd,
        text=power_sentence(n, effects, sd, scale, len(tested)),
    )


def _notes(
    results: StudyResults, rows: Mapping[str, MethodSummary], common: int, grouped: Sequence[str]
) -> list[str]:
    """What a reader must know about incomplete or thin data."""
    asked = len(results.seeds)
    notes = [
        f"{row.method}: {row.missing} of {asked} runs are missing"
        for row in rows.values()
        if row.missing
    ]
    if notes:
        notes.append(
            f"{results.noun}s are compared on the seeds that both have; ranks are over the "
            f"{common} seeds that all {results.noun}s with a run have"
        )
    notes += [
        f"{row.method}: cannot be grouped with so few seeds, or scores that are not finite"
        for row in rows.values()
        if grouped and row.n and row.method not in grouped
    ]
    fewest = min((row.n for row in rows.values() if row.n), default=0)
    if 0 < fewest < FEW_SEEDS:
        notes.append(f"fewer than {FEW_SEEDS} seeds: intervals are unreliable")
    return notes


def _mean(values: FloatArray) -> float | None:
    """The mean; None where there is no value or one is unknown."""
    return _known(float(values.mean())) if values.size else None


def _known(value: float) -> float | None:
    """The value; None where it is not finite."""
    return value if math.isfinite(value) else None
