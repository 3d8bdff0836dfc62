"""A published table beside ours, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence

from harness.gate.published import CERTAINTY
from harness.gate.reproduce import Cell, Done, Reproduction
from harness.gate.reproduce_verdict import ALPHA
from harness.report.terminal import columns
from harness.study.plan import Plan

SCHEMA = 1
HEADER = ("method", "column", "published", "here", "difference [95 % interval]", "se", "verdict")


def as_text(found: Reproduction, done: Sequence[Done]) -> str:
    """A table for a terminal, and what to know about it."""
    head = [found.protocol.title, *_facts(found, done), ""]
    return "\n".join([*head, *columns(HEADER, _rows(found)), "", *_remarks(found, done)])


def as_markdown(found: Reproduction, done: Sequence[Done]) -> str:
    """A table that code hosts render."""
    from tabulate import tabulate

    rows = [[cell.replace("|", r"\|") for cell in row] for row in _rows(found)]
    return "\n".join(
        [
            f"### {found.protocol.title}",
            "",
            "  \n".join(_facts(found, done)),
            "",
            tabulate(rows, HEADER, tablefmt="pipe", disable_numparse=True),
            "",
            "  \n".join(_remarks(found, done)),
        ]
    )


def as_csv(found: Reproduction, done: Sequence[Done]) -> str:
    """One line a published value."""
    flat = [_flat(cell, found) for cell in found.cells]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(flat[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().rstrip("\n")


def as_json(found: Reproduction, done: Sequence[Done]) -> str:
    """One JSON object; within a schema version fields may be added, never renamed or removed."""
    protocol = found.protocol
    return json.dumps(
        {
            "schema": SCHEMA,
            "protocol": {
                "name": protocol.name,
                "title": protocol.title,
                "label": protocol.label,
                "report": protocol.report,
                "notes": protocol.notes,
            },
            "studies": [
                {
                    "name": each.prepared.own.name,
                    "folder": str(each.store.folder),
                    "benchmarks": [card.id for card in each.results.cards],
                    "budgets": _budgets(each),
                    "seeds": len(each.results.seeds),
                    "seeds_published": each.prepared.own.seeds,
                    "provenance": each.results.provenance,
                }
                for each in done
            ],
            "differences": found.differences,
            "cells": [_flat(cell, found) for cell in found.cells],
        },
        indent=1,
    )


FORMATS: dict[str, Callable[[Reproduction, Sequence[Done]], str]] = {
    "table": as_text,
    "markdown": as_markdown,
    "csv": as_csv,
    "json": as_json,
}


def _flat(cell: Cell, found: Reproduction) -> dict[str, object]:
    theirs, far = cell.published, cell.distance
    ends = far.ci if far and far.ci else (None, None)
    return {
        "study": cell.study,
        "row": cell.row,
        "column": cell.column,
        "run_by": cell.run_by,
        "published": theirs and theirs.mean,
        "published_std": theirs and theirs.std,
        "published_runs": theirs and theirs.runs,
        "certainty": theirs and theirs.certainty,
        "source": theirs and theirs.source,
        "n": cell.n,
        "failed": cell.failed,
        "short": cell.short,
        "mean": cell.mean,
        "std": cell.std,
        "difference": far and far.difference,
        "se": far and far.se,
        "ci_low": ends[0],
        "ci_high": ends[1],
        "p": far and far.p,
        "margin": cell.margin,
        "numbers": cell.numbers,
        "verdict": cell.verdict,
        "how": "; ".join(found.differences[number - 1] for number in cell.differences),
    }


def _budgets(done: Done) -> dict[str, str]:
    plan = done.prepared.plan
    if isinstance(plan, Plan):
        return {name: str(budget) for name, budget in plan.budgets.items()}
    return {own.id: f"{plan.study.labels[-1]} labels" for own in plan.benchmarks}


def _facts(found: Reproduction, done: Sequence[Done]) -> list[str]:
    lines = []
    for each in done:
        cards = each.results.cards
        budgets = _budgets(each)
        where = ", ".join(f"{card.id} ({budgets[card.id]})" for card in cards)
        own = each.prepared.own
        seeds = f"{len(each.results.seeds)} seeds"
        if own.seeds > len(each.results.seeds):
            seeds += f", fewer than the {own.seeds} of the protocol"
        lines.append(f"{own.name}: {where} · {seeds}")
    lines.append(f"label: {found.protocol.label} · reported: {found.protocol.report}")
    return lines


def _rows(found: Reproduction) -> list[tuple[str, ...]]:
    """One row a cell; a method stands beside the first of its cells only."""
    rows, last = [], None
    for cell in found.cells:
        name = (cell.study, cell.row)
        rows.append(("" if name == last else cell.row, *_row(cell)))
        last = name
    return rows


def _row(cell: Cell) -> tuple[str, ...]:
    digits = _digits(cell)
    theirs, far = cell.published, cell.distance
    published = "-"
    if theirs is not None:
        published = _spread(theirs.mean, theirs.std, digits)
    here = _spread(cell.mean, cell.std, digits)
    difference = se = ""
    if far is not None:
        difference = f"{far.difference:+.{digits}f}"
        if far.ci is not None:
            difference += f" [{far.ci[0]:+.{digits}f}, {far.ci[1]:+.{digits}f}]"
        if far.se is not None:
            se = f"{far.se:.{digits + 1}f}"
    return cell.column, published, here, difference, se, _verdict(cell)


def _digits(cell: Cell) -> int:
    """As many as are printed, one at least; two where nothing is published."""
    if cell.published is None:
        return 2
    return max(1, round(-math.log10(2 * cell.published.rounding)))


def _spread(mean: float, std: float | None, digits: int) -> str:
    text = f"{mean:.{digits}f}"
    return text if std is None else f"{text} ± {std:.{digits}f}"


def _verdict(cell: Cell) -> str:
    if cell.published is None:
        return "cannot tell (no number is published)"
    why = f" ({_why(cell)})" if cell.numbers == "cannot tell" and _why(cell) else ""
    if cell.verdict == "protocol differs":
        marks = ", ".join(map(str, cell.differences))
        told = "" if cell.numbers == "cannot tell" else "numbers "
        return f"protocol differs [{marks}]; {told}{cell.numbers}{why}"
    return f"{cell.verdict}{why}"


def _why(cell: Cell) -> str:
    if cell.short:
        return f"{cell.short} of {cell.n} runs did not get there"
    return cell.distance.lacking if cell.distance else ""


def _remarks(found: Reproduction, done: Sequence[Done]) -> list[str]:
    lines = [f"[{number}] {text}" for number, text in enumerate(found.differences, start=1)]
    lines += list(found.protocol.notes)
    failed = sum(cell.failed for cell in found.cells)
    if failed:
        lines.append("Failed runs are scored as the worst value: harness report FOLDER shows why.")
    sources: dict[tuple[str, str], set[int | None]] = {}
    borrowed = False
    for cell in found.cells:
        if (theirs := cell.published) is not None:
            sources.setdefault((theirs.source, theirs.certainty), set()).add(theirs.runs)
            borrowed |= theirs.std is None and bool(cell.distance and cell.distance.se)
    for (source, certainty), runs in sources.items():
        known = "/".join(str(n) for n in sorted(filter(None, runs))) or "unknown number of"
        lines.append(f"Published: {source}, {known} runs; {CERTAINTY[certainty]}.")
    if borrowed:
        lines.append(
            "Where no deviation is published, ours stands in for it in the standard error."
        )
    margins = ", ".join(f"±{margin:g}" for margin in sorted({c.margin for c in found.cells}))
    lines.append(
        f"Numbers agree where the interval lies inside the margin ({margins}, by column), differ "
        f"where p is at most {ALPHA:g} after Holm over all rows; else one cannot tell."
    )
    lines += [f"Runs: {each.store.folder}" for each in done]
    return lines
