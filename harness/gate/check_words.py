"""What a check has found, in rows and sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.scale import Scale
from harness.analysis.wording import p_text
from harness.gate.baseline import Baseline
from harness.gate.judge import CERTAINTY, LIMIT, Judgement, showing_loss

HEADER = ("benchmark", "method", "n", "change (points)", "margin", "verdict")
TABLE = "(table and ledger)"
POINTS = Scale(2, " points")


@dataclass(frozen=True)
class Finding:
    """What a check says.

    Attributes:
        name: of the baseline.
        rows: one a judgement, of the columns `HEADER`.
        judgements: what the rows say.
        notes: sentences about all of them.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...]

    def count(self, verdict: str) -> int:
        """How many judgements have that verdict."""
        return sum(judgement.verdict == verdict for judgement in self.judgements)


def finding(path: str, then: Baseline, now: Baseline, judgements: Sequence[Judgement]) -> Finding:
    """Put judgements into words.

    Args:
        path: of the baseline.
        then: what was.
        now: what is.
        judgements: of the one against the other.
    """
    return Finding(
        path,
        tuple(_row(judgement, then.margin) for judgement in judgements),
        tuple(judgements),
        tuple(_notes(path, then, now, judgements)),
    )


def verdict_words(judgement: Judgement, margin: float) -> str:
    """The last column of a row.

    Args:
        judgement: of a cell or a table.
        margin: in points.
    """
    if judgement.verdict == "pass":
        return "pass"
    if judgement.verdict == "regression":
        if judgement.reason:
            return f"REGRESSION: {judgement.reason}"
        assert judgement.p is not None
        return f"REGRESSION (p {p_text(judgement.p)}, Holm over {judgement.tests})"
    needed = f"; about {judgement.needed} seeds needed" if judgement.needed else ""
    limit = POINTS.number(LIMIT * margin)
    return f"CANNOT TELL: a loss of {limit} is not excluded{needed}"


def planned_power(baseline: Baseline) -> str:
    """What a baseline could show, should the random streams of all its methods change.

    New streams are taken to be independent of the old ones and to spread as they did.
    """
    tests = len(baseline.cells)
    losses = []
    for cell in baseline.cells:
        benchmark = baseline.benchmark(cell.benchmark)
        sd = math.sqrt(2) * float(np.std(cell.reported, ddof=1)) / benchmark.point
        losses.append((showing_loss(len(cell.reported), sd, tests, baseline.margin), cell))
    worst, cell = max(losses, key=lambda pair: pair[0])
    return (
        f"Power: should all {tests} streams change, a loss of {POINTS.number(worst)} points or "
        f"more shows with {CERTAINTY:.0%} probability in every cell; the least sure one is "
        f"{cell.method} on {cell.benchmark}."
    )


def _row(judgement: Judgement, margin: float) -> tuple[str, ...]:
    about_table = not judgement.method
    found = judgement.difference
    if found is not None and found.difference is not None and found.ci is not None:
        change = f"{POINTS.signed(found.difference)} {POINTS.interval(found.ci)}"
    else:
        change = "changed" if judgement.changed else "identical"
    return (
        judgement.benchmark,
        TABLE if about_table else judgement.method,
        "" if about_table else str(judgement.n),
        change,
        "none" if about_table else f"{margin:.2f}",
        verdict_words(judgement, margin),
    )


def _notes(path: str, then: Baseline, now: Baseline, judgements: Sequence[Judgement]) -> list[str]:
    notes = []
    tested = [judgement for judgement in judgements if judgement.difference is not None]
    if tested:
        notes.append(
            f"The random stream of {len(tested)} of {len(then.cells)} cells has changed; they were "
            f"compared by paired seeds (losses up to {then.margin:g} points are accepted, one of "
            f"{LIMIT * then.margin:g} must not pass)."
        )
        notes += _power(tested, then.margin)
        if then.made != now.made:
            notes.append(f"Made with: {then.made}. Here: {now.made}.")
    effective = {method.id: method.effective for method in now.methods}
    for old in then.methods:
        if (new := effective[old.id]) != old.effective:
            notes.append(f"{old.id} was {old.effective}, and is {new}.")
    counts = {
        "regressed": sum(judgement.verdict == "regression" for judgement in judgements),
        "cannot be told": sum(judgement.verdict == "cannot-tell" for judgement in judgements),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    if told:
        notes.append(
            f"Of {len(judgements)} cells and tables {' and '.join(told)}. "
            f"To accept: harness check {path} --update"
        )
    else:
        notes.append(f"All {len(judgements)} cells and tables pass.")
    return notes


def _power(tested: Sequence[Judgement], margin: float) -> list[str]:
    losses = [
        (showing_loss(judgement.n, found.sd, judgement.tests, margin), judgement)
        for judgement in tested
        if (found := judgement.difference) is not None and found.sd is not None
    ]
    if not losses:
        return []
    worst, judgement = max(losses, key=lambda pair: pair[0])
    tests = f"{judgement.tests} test" + ("" if judgement.tests == 1 else "s")
    return [
        f"Power: with {judgement.n} seeds and {tests} a loss of "
        f"{POINTS.number(worst)} points or more shows with {CERTAINTY:.0%} probability; "
        f"the least sure is {judgement.method} on {judgement.benchmark}."
    ]
