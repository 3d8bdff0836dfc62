"""Everything that a report says about a ranking study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.aggregate import SUITE_SCALE, SuiteAnalysis, analyse_suite
from harness.analysis.rank_cards import by_benchmark, by_cell, scale_of
from harness.analysis.scale import gap, normalise
from harness.analysis.streams import named_streams
from harness.analysis.summary import BenchmarkAnalysis, analyse_benchmark
from harness.core.benchmark import BenchmarkCard
from harness.study.rank_results import Cell, RankResults, ScorerRuns
from harness.study.results import FloatArray, StudyResults

_WHOLE_SPLIT = (
    "every seed labels and orders the same architectures: seeds vary the scorers' own randomness "
    "and the noise of labels, and tests speak about nothing else"
)


@dataclass(frozen=True)
class ScorerMeans:
    """Means over the seeds of what a scorer did in a cell; None without a run.

    A failed run counts with the worst value of each measure; it has no error and no times, which
    are those of the other runs.

    Attributes:
        scorer: identity of the scorer.
        kendall: Kendall's tau-b.
        spearman: Spearman's rank correlation.
        violations: pairs in the wrong order.
        violations_median: median of these.
        mae: mean absolute error on the benchmark's scale, for predictors of scores.
        regret_1: regret of the architecture predicted best, in the benchmark's unit.
        regret_10: regret of the best one of the ten predicted best.
        top_share: share of the predicted top 5 % that belongs to the true top 5 %.
        fit_seconds: median seconds on the wall of learning; the first run of a process loads the
            libraries that a scorer needs, which no other run has to do.
        predict_seconds: median seconds on the wall of predicting.
    """

    scorer: str
    kendall: float | None
    spearman: float | None
    violations: float | None
    violations_median: float | None
    mae: float | None
    regret_1: float | None
    regret_10: float | None
    top_share: float | None
    fit_seconds: float | None
    predict_seconds: float | None


@dataclass(frozen=True)
class CellAnalysis:
    """One benchmark with so many labels.

    Attributes:
        cell: the benchmark and the number of labels.
        card: what the benchmark states about itself.
        statistics: of the measure of the study; its "methods" are the scorers.
        means: of all measures, one entry a scorer, in the order of the study.
    """

    cell: Cell
    card: BenchmarkCard
    statistics: BenchmarkAnalysis
    means: tuple[ScorerMeans, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about incomplete or thin data, and about what seeds vary."""
        if not self.cell.split or self.cell.labels < self.cell.available:
            return self.statistics.notes
        return (*self.statistics.notes, _WHOLE_SPLIT)


@dataclass(frozen=True)
class LabelCurve:
    """The measure of one scorer over the number of labels, as a mean over benchmarks.

    Attributes:
        scorer: identity of the scorer.
        scores: normalised (0 random, 1 perfect), one entry a number of labels; None where a
            benchmark lacks a run.
    """

    scorer: str
    scores: tuple[float | None, ...]


@dataclass(frozen=True)
class RankAnalysis:
    """A ranking study, analysed.

    Attributes:
        control: identity of the scorer that the others are compared with.
        measure: what the statistics are about.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        labels: the numbers of labels, ascending.
        cells: one entry a cell, in the order of the study.
        aggregate: all benchmarks together, the score of a seed being the mean over the numbers of
            labels.
        curves: one entry a scorer, in the order of the study.
    """

    control: str
    measure: str
    alpha: float
    labels: tuple[int, ...]
    cells: tuple[CellAnalysis, ...]
    aggregate: SuiteAnalysis
    curves: tuple[LabelCurve, ...]


def analyse_ranking(results: RankResults, *, alpha: float = 0.05) -> RankAnalysis:
    """Analyse a ranking study with the statistics of `harness.analysis.analyse.analyse`.

    Args:
        results: finished runs; some may be missing.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
    """
    streams = named_streams(np.random.default_rng(0))
    cells = by_cell(results)
    return RankAnalysis(
        control=results.control,
        measure=results.measure,
        alpha=alpha,
        labels=_labels(results),
        cells=tuple(
            CellAnalysis(
                cell,
                results.card(cell.benchmark),
                analyse_benchmark(cells, card, scale_of(card, results.measure), alpha, streams),
                tuple(_means(results, cell, scorer) for scorer in results.scorers),
            )
            for cell, card in zip(results.cells, cells.cards, strict=True)
        ),
        aggregate=analyse_suite(by_benchmark(results), alpha, SUITE_SCALE.margin, streams),
        curves=tuple(_curve(results, cells, scorer) for scorer in results.scorers),
    )


def _labels(results: RankResults) -> tuple[int, ...]:
    return tuple(sorted({cell.labels for cell in results.cells}))


def _means(results: RankResults, cell: Cell, scorer: str) -> ScorerMeans:
    runs = results.runs[cell.benchmark, cell.labels, scorer]
    done = ~runs.failed
    return ScorerMeans(
        scorer=scorer,
        kendall=_mean(runs.kendall),
        spearman=_mean(runs.spearman),
        violations=_mean(runs.violations),
        violations_median=_median(runs.violations),
        mae=_mean(runs.mae[done]),
        regret_1=_mean(runs.regret_1),
        regret_10=_mean(runs.regret_10),
        top_share=_mean(runs.top_share),
        fit_seconds=_median(runs.fit_seconds[done]),
        predict_seconds=_median(runs.predict_seconds[done]),
    )


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if values.size else None


def _median(values: FloatArray) -> float | None:
    return float(np.median(values)) if values.size else None


def _curve(results: RankResults, cells: StudyResults, scorer: str) -> LabelCurve:
    cards = {card.id: card for card in cells.cards}

    def score(runs: ScorerRuns) -> float | None:
        card, own = cards[runs.cell.id], cells.pairs[runs.cell.id, scorer].reported
        if not own.size or gap(card) is None:
            return None
        return float(normalise(own, card).mean())

    curve: list[float | None] = []
    for labels in _labels(results):
        found = [
            score(runs)
            for (_, amount, name), runs in results.runs.items()
            if amount == labels and name == scorer
        ]
        known = [value for value in found if value is not None]
        curve.append(float(np.mean(known)) if len(known) == len(found) else None)
    return LabelCurve(scorer, tuple(curve))
