"""A ranking study told as a study of methods, so that the same statistics speak about both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from harness.analysis.scale import Scale
from harness.core.benchmark import BenchmarkCard
from harness.study.rank_results import RankResults, ScorerRuns
from harness.study.results import FloatArray, PairRuns, StudyResults

COLUMN = {"kendall": "kendall", "spearman": "spearman", "regret": "regret_1"}
"""Which measure of a run a study's ``measure`` stands for."""

NAMES = {"kendall": "Kendall's tau", "spearman": "Spearman's rho", "regret": "regret@1"}
"""What the measures are called."""

CORRELATION = Scale(decimals=3, margin=0.01)
"""Correlations; differences up to a hundredth are practically none."""


def card_of(card: BenchmarkCard, id: str, measure: str) -> BenchmarkCard:
    """A benchmark whose score is a measure of predictions on it.

    A random order has correlation 0; a random architecture has the regret that the mean one has.

    Args:
        card: the benchmark.
        id: what it is called.
        measure: one of `COLUMN`.
    """
    if measure == "regret":
        return replace(
            card,
            id=id,
            direction="minimize",
            optimum=0.0,
            worst=abs(card.optimum - card.worst),
            mean_random=abs(card.optimum - card.mean_random),
        )
    return replace(
        card,
        id=id,
        metric=NAMES[measure],
        direction="maximize",
        optimum=1.0,
        worst=-1.0,
        mean_random=0.0,
    )


def scale_of(card: BenchmarkCard, measure: str) -> Scale:
    """How the numbers of a card from `card_of` are written, and which differences matter."""
    return Scale.of(card) if measure == "regret" else CORRELATION


def by_cell(results: RankResults) -> StudyResults:
    """Each benchmark with each number of labels as a benchmark of its own."""
    return _study(
        results,
        [card_of(results.card(cell.benchmark), cell.id, results.measure) for cell in results.cells],
        {
            (own.cell.id, own.scorer): _pair([own], own.cell.id, results.measure)
            for own in results.runs.values()
        },
    )


def by_benchmark(results: RankResults) -> StudyResults:
    """Each benchmark with the mean over the numbers of labels as a seed's score.

    Several numbers of labels on one benchmark are no independent benchmarks; taken for these, they
    would support claims about scorers in general that one benchmark cannot.
    """
    pairs = {}
    for card in results.cards:
        for scorer in results.scorers:
            own = [
                runs
                for (benchmark, _, name), runs in results.runs.items()
                if benchmark == card.id and name == scorer
            ]
            pairs[card.id, scorer] = _pair(own, card.id, results.measure)
    cards = [card_of(card, card.id, results.measure) for card in results.cards]
    return _study(results, cards, pairs)


def _study(
    results: RankResults, cards: Sequence[BenchmarkCard], pairs: dict[tuple[str, str], PairRuns]
) -> StudyResults:
    return StudyResults(
        name=results.name,
        cards=tuple(cards),
        budgets={card.id: card.default_budget for card in cards},
        methods=results.scorers,
        control=results.control,
        pairs=pairs,
        seeds=results.seeds,
        provenance=results.provenance,
        noun="scorer",
    )


def _pair(cells: Sequence[ScorerRuns], id: str, measure: str) -> PairRuns:
    """The mean over cells on the seeds that all of them have; there is no curve over time."""
    seeds = reduce(np.intersect1d, [own.seeds for own in cells])

    def mean(name: str) -> FloatArray:
        chosen = [getattr(own, name)[np.isin(own.seeds, seeds)] for own in cells]
        values: FloatArray = np.mean(chosen, axis=0)
        return values

    labels = np.full(seeds.size, sum(own.cell.labels for own in cells), np.int64)
    return PairRuns(
        benchmark=id,
        method=cells[0].scorer,
        seeds=seeds,
        reported=mean(COLUMN[measure]),
        valid=np.full(seeds.size, np.nan),
        failed=mean("failed") > 0,
        queries=labels,
        unique=labels,
        epochs=np.full(seeds.size, np.nan),
        seconds=np.full(seeds.size, np.nan),
        wall=mean("wall"),
        errors={seed: text for own in cells for seed, text in own.errors.items()},
    )
