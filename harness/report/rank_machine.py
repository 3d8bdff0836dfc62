"""The report on a ranking study for programs: JSON and CSV; see `harness.report.machine`."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import Any

from harness.analysis.rank_analyse import CellAnalysis, RankAnalysis, ScorerMeans
from harness.report.machine import VERDICT_FIELDS, dumped, suite_object
from harness.study.rank_results import RankResults
from harness.study.results import mean_ends

SCHEMA = 1

# What the statistics of the measure say of a scorer.
_ROW_FIELDS = ("n", "missing", "failed", "mean", "std", "ci", "degenerate", "median", "iqm",
               "rank", "group", "top")  # fmt: skip
_MEANS = tuple(field.name for field in fields(ScorerMeans) if field.name != "scorer")


def as_json(results: RankResults, analysis: RankAnalysis) -> str:
    """Write the report as one JSON object."""
    return dumped(
        {
            "schema": SCHEMA,
            "study": {
                "name": results.name,
                "benchmarks": [card.id for card in results.cards],
                "scorers": list(results.scorers),
                "labels": list(analysis.labels),
                "seeds": len(results.seeds),
                "candidates": results.candidates,
                "measure": results.measure,
                "control": results.control,
                "alpha": analysis.alpha,
            },
            "benchmarks": [asdict(card) for card in results.cards],
            "cells": [_cell(results, cell) for cell in analysis.cells],
            "aggregate": {
                **suite_object(analysis.aggregate),
                "curves": [asdict(curve) for curve in analysis.curves],
            },
            "provenance": results.provenance,
        }
    )


def _cell(results: RankResults, cell: CellAnalysis) -> dict[str, Any]:
    own, statistics = cell.cell, cell.statistics
    return {
        **asdict(own),
        "margin": statistics.scale.margin,
        "results": [
            {
                **asdict(means),
                **{name: getattr(row, name) for name in _ROW_FIELDS},
                "failures": runs.errors,
                "ended": mean_ends(runs.ended),
            }
            for row, means in zip(statistics.results, cell.means, strict=True)
            for runs in [results.runs[own.benchmark, own.labels, means.scorer]]
        ],
        "comparisons": [asdict(comparison) for comparison in statistics.comparisons],
        "pairwise": [asdict(comparison) for comparison in statistics.pairwise],
        "top": list(statistics.top),
        "seed_correlation": statistics.seed_correlation,
        "power": None if statistics.power is None else asdict(statistics.power),
        "notes": list(cell.notes),
    }


def as_csv(results: RankResults, analysis: RankAnalysis) -> str:
    """Write the report as CSV: one line a cell and scorer, empty where unknown."""
    rows = [name for name in _ROW_FIELDS if name != "ci"]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(
        ["benchmark", "labels", "tested", "label", "truth", "noise", "measure", "scorer", *rows,
         "ci_low", "ci_high", *_MEANS, "control", *VERDICT_FIELDS, "difference_low",
         "difference_high"]
    )  # fmt: skip
    for cell in analysis.cells:
        own, card = cell.cell, cell.card
        verdicts = {comparison.a: comparison for comparison in cell.statistics.comparisons}
        for row, means in zip(cell.statistics.results, cell.means, strict=True):
            comparison = verdicts.get(row.method)
            writer.writerow(
                [own.benchmark, own.labels, own.tested, card.searched, card.reported, card.noise,
                 analysis.measure, row.method,
                 *(getattr(row, name) for name in rows),
                 *(row.ci or ("", "")),
                 *(getattr(means, name) for name in _MEANS),
                 analysis.control,
                 *(getattr(comparison, name, "") for name in VERDICT_FIELDS),
                 *((comparison and comparison.ci) or ("", ""))]
            )  # fmt: skip
    return written.getvalue().rstrip("\n")
