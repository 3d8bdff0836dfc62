"""The report for programs: JSON and CSV. Their fields are documented and stable.

The JSON is one object. Within a schema version fields may be added, never renamed or removed. A
value that is unknown, or that cannot be computed from so few runs, is null.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from harness.analysis.aggregate import SuiteAnalysis
from harness.analysis.analyse import StudyAnalysis
from harness.analysis.comparison import Comparison
from harness.analysis.summary import BenchmarkAnalysis, MethodSummary
from harness.study.results import PairRuns, StudyResults, mean_ends

SCHEMA = 1


def as_json(results: StudyResults, analysis: StudyAnalysis) -> str:
    """Write the report as one JSON object on one scale: that of each benchmark's scores."""
    return dumped(study_object(results, analysis))


def dumped(content: dict[str, Any]) -> str:
    """An object as JSON text."""
    return json.dumps(_plain(content), indent=1, allow_nan=False)


def study_object(results: StudyResults, analysis: StudyAnalysis) -> dict[str, Any]:
    """The object of the JSON format, before numbers that are not finite become null."""
    return {
        "schema": SCHEMA,
        "study": {
            "name": results.name,
            "benchmarks": [card.id for card in results.cards],
            "methods": list(results.methods),
            "seeds": len(results.seeds),
            "budget": dict(results.budgets),
            "control": results.control,
            "alpha": analysis.alpha,
        },
        "benchmarks": [_benchmark(results, benchmark) for benchmark in analysis.benchmarks],
        "aggregate": suite_object(analysis.aggregate),
        "provenance": results.provenance,
    }


def _benchmark(results: StudyResults, benchmark: BenchmarkAnalysis) -> dict[str, Any]:
    return {
        **asdict(benchmark.card),
        "budget": benchmark.budget,
        "margin": benchmark.scale.margin,
        "results": [
            {**asdict(row), **_told(results.pairs.get((benchmark.card.id, row.method)))}
            for row in benchmark.results
        ],
        "comparisons": [_comparison(comparison) for comparison in benchmark.comparisons],
        "pairwise": [_comparison(comparison) for comparison in benchmark.pairwise],
        "top": list(benchmark.top),
        "seed_correlation": benchmark.seed_correlation,
        "power": None if benchmark.power is None else asdict(benchmark.power),
        "anytime": [
            {
                "axis": axis.axis,
                "horizon": axis.horizon,
                "window": list(axis.window),
                "grid": axis.grid.tolist(),
                "methods": [asdict(curve) for curve in axis.methods],
            }
            for axis in benchmark.anytime
        ],
        "notes": list(benchmark.notes),
    }


def _told(runs: PairRuns | None) -> dict[str, Any]:
    """What the runs of a row say besides scores."""
    if runs is None:
        return {"failures": {}, "counts": {}, "ended": {}}
    counts: Counter[str] = Counter()
    for counted in runs.counts:
        counts.update(counted)
    return {"failures": runs.errors, "counts": dict(counts), "ended": mean_ends(runs.ended)}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison)


def suite_object(suite: SuiteAnalysis) -> dict[str, Any]:
    """All benchmarks together, for JSON."""
    return {
        "iqm": [
            {"method": m.method, "iqm": m.iqm, "ci": m.ci, "reason": m.reason}
            for m in suite.methods
        ],
        "ranks": [
            {"method": m.method, "rank": m.rank, "group": m.group, "reason": m.reason}
            for m in suite.methods
        ],
        "profile": [
            {
                "method": m.method,
                "tau": suite.taus,
                "share": m.profile,
                "low": m.profile_low,
                "high": m.profile_high,
            }
            for m in suite.methods
        ],
        "comparisons": [_comparison(comparison) for comparison in suite.comparisons],
        "pairwise": [asdict(test) for test in suite.pairwise],
        "friedman": None if suite.friedman is None else asdict(suite.friedman),
        "population": suite.population,
    }


def _plain(value: Any) -> Any:
    """Arrays and tuples as lists, numbers that are not finite as null."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


_ROW_FIELDS = ("n", "missing", "failed", "mean", "std", "median", "iqm", "regret",
               "relative_improvement", "rank", "group", "top", "queries", "unique", "seconds",
               "valid_mean")  # fmt: skip
VERDICT_FIELDS = ("difference", "p", "p_adjusted", "probability_of_improvement", "ties", "verdict")


def as_csv(results: StudyResults, analysis: StudyAnalysis) -> str:
    """Write the report as CSV: one line a benchmark and method, empty where unknown."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(
        ["benchmark", "searched", "reported", "noise", "budget", "optimum", "method", *_ROW_FIELDS,
         "ci_low", "ci_high", "control", *VERDICT_FIELDS, "difference_low", "difference_high"]
    )  # fmt: skip
    for benchmark in analysis.benchmarks:
        verdicts = {comparison.a: comparison for comparison in benchmark.comparisons}
        for row in benchmark.results:
            writer.writerow(_csv_row(analysis, benchmark, row, verdicts.get(row.method)))
    return written.getvalue().rstrip("\n")


def _csv_row(
    analysis: StudyAnalysis,
    benchmark: BenchmarkAnalysis,
    row: MethodSummary,
    comparison: Comparison | None,
) -> list[Any]:
    card = benchmark.card
    nothing = ("", "")
    return [
        card.id, card.searched, card.reported, card.noise, benchmark.budget, card.optimum,
        row.method,
        *(getattr(row, name) for name in _ROW_FIELDS),
        *(row.ci or nothing),
        analysis.control,
        *(getattr(comparison, name, "") for name in VERDICT_FIELDS),
        *((comparison and comparison.ci) or nothing),
    ]  # fmt: skip
