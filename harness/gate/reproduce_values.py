"""What stored runs have for the columns of a published table: one number a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.benchmark import Benchmark
from harness.core.space import Architecture
from harness.gate.protocol import Column
from harness.study.plan import Pair
from harness.study.rank_results import ScorerRuns
from harness.study.results import FloatArray, PairRuns
from harness.study.store import Store
from harness.tables.open import open_benchmark


@dataclass(frozen=True)
class Values:
    """A column of one method or scorer.

    Attributes:
        values: one a run in the order of the seeds, on the published scale.
        failed: runs that failed, and are scored as the worst.
        short: runs whose budget ended before what is counted was reached; their value is what they
            spent, which is too small.
    """

    values: FloatArray
    failed: int
    short: int = 0


def of_search(
    column: Column, benchmark: Benchmark, store: Store, pair: Pair, runs: PairRuns
) -> Values:
    """The values of a column that is about searches.

    Args:
        column: which values.
        benchmark: the one that was searched.
        store: has the runs.
        pair: the one that was run.
        runs: the same, as they were read.
    """
    table = open_benchmark(column.report) if column.report else benchmark
    short = 0
    if column.value == "queries-to-optimum":
        found, short = _to_optimum(table, store, pair, runs)
    elif column.value == "best-queried":
        found = _best_queried(column.queries, table, store, pair, runs)
    elif column.queries:
        found = _after(column.queries, table, runs)
    elif column.report:
        found = _looked_up(table, store, pair, runs)
    else:
        found = runs.reported
    return Values(column.factor * found + column.offset, int(runs.failed.sum()), short)


def of_ranking(column: Column, runs: ScorerRuns) -> Values:
    """The values of a column that is about rankings.

    Args:
        column: which values.
        runs: of the scorer with the most labels of the study.
    """
    if column.value == "score":
        pairs = runs.cell.tested * (runs.cell.tested - 1) / 2
        found = 1.0 - runs.violations / pairs
    else:
        found = getattr(runs, column.value)
    return Values(column.factor * found + column.offset, int(runs.failed.sum()))


def _looked_up(table: Benchmark, store: Store, pair: Pair, runs: PairRuns) -> FloatArray:
    """Scores of what was recommended; the worst of all for a run that failed."""
    recommended: dict[int, Architecture] = {}
    for shard in store.shards(store.pair_folder(pair), ["seed", "recommended"]):
        seeds, archs = (shard.column(name).to_pylist() for name in ("seed", "recommended"))
        recommended.update((s, tuple(a)) for s, a in zip(seeds, archs, strict=True) if a)
    scores = _scores(table, list(recommended.values()))
    worst = table.card().worst if runs.failed.any() else np.nan
    return np.array(
        [
            worst if failed else scores[recommended[seed]]
            for seed, failed in zip(runs.seeds.tolist(), runs.failed, strict=True)
        ]
    )


def _after(queries: int, table: Benchmark, runs: PairRuns) -> FloatArray:
    """Scores of the incumbents after so many queries; the worst where there is none."""
    found = []
    for curve, failed in zip(runs.curves, runs.failed, strict=True):
        place = int(np.searchsorted(curve.queries, queries, side="right")) - 1
        known = not failed and place >= 0
        found.append(float(curve.reported[place]) if known else table.card().worst)
    return np.array(found)


def _best_queried(
    queries: int, table: Benchmark, store: Store, pair: Pair, runs: PairRuns
) -> FloatArray:
    """The best score of all that was asked for; with ``queries``, of the first ones."""
    found = []
    for scores, failed in zip(_asked(table, store, pair, runs), runs.failed, strict=True):
        first = scores[:queries] if queries else scores
        good = not failed and first.size
        found.append(table.sign * (table.sign * first).max() if good else table.card().worst)
    return np.array(found)


def _to_optimum(
    table: Benchmark, store: Store, pair: Pair, runs: PairRuns
) -> tuple[FloatArray, int]:
    """How many were asked for until the best of all was, and how many runs never did."""
    optimum = table.card().optimum
    found, short = [], 0
    for scores, failed in zip(_asked(table, store, pair, runs), runs.failed, strict=True):
        hits = np.flatnonzero(scores == optimum)
        reached = hits.size > 0 and not failed
        found.append(float(hits[0] + 1) if reached else float(scores.size))
        short += not reached
    return np.array(found), short


def _asked(table: Benchmark, store: Store, pair: Pair, runs: PairRuns) -> list[FloatArray]:
    """Reported scores of everything that a run asked for, in its order, a run at a time."""
    traces = store.traces(pair)
    asked = [list(map(tuple, traces[seed].archs.tolist())) for seed in runs.seeds.tolist()]
    scores = _scores(table, list({arch for run in asked for arch in run}))
    return [np.array([scores[arch] for arch in run]) for run in asked]


def _scores(table: Benchmark, archs: Sequence[Architecture]) -> dict[Architecture, float]:
    distinct = list(dict.fromkeys(archs))
    return dict(zip(distinct, table.report(distinct), strict=True))
