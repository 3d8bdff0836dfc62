"""What an audit of a results folder found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.study.provenance import provenance

Evidence = Literal["re-execution", "digest", "file", "study.json", "summary.csv"]

AGREES, DIFFERS, NOTHING_DONE, INTERRUPTED = 0, 1, 3, 130


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was stored, or not as it comes out again.

    Attributes:
        evidence: by what it was found.
        place: benchmark and method (or scorer), or a file of the folder.
        column: which value, with its place in a list, e.g. ``trace_scores[3]``; of a digest all
            columns of the shard in which something was changed.
        seed: of the run; None where it is not about one run.
        stored: the value in the folder; empty where there is none to show.
        found: what it should be; empty where that is not known.
        notes: what differs between then and now that could be the cause.
    """

    evidence: Evidence
    place: str
    column: str
    seed: int | None = None
    stored: str = ""
    found: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskRow:
    """What was done of the runs of one method on one benchmark, or of one scorer in one cell.

    Attributes:
        benchmark: where they were run.
        name: the method or scorer.
        stored: number of runs in the folder.
        executed: number of runs that were run again.
        agreed: how many of these are the same to the last bit.
        barred: number of runs that cannot be run again, by the reason.
    """

    benchmark: str
    name: str
    stored: int
    executed: int
    agreed: int
    barred: dict[str, int]


@dataclass(frozen=True)
class NotCompared:
    """Columns of runs that were run again which say nothing if they differ.

    Attributes:
        columns: their names.
        runs: number of runs.
        reason: why.
    """

    columns: tuple[str, ...]
    runs: int
    reason: str


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        folder: the results.
        study: name of the study.
        seed: by which the runs were drawn.
        rows: one a task.
        findings: what does not agree.
        not_compared: columns that were left out.
        unguarded: number of runs that carry no digest.
        remarks: further facts that a reader of the results must know.
        interrupted: whether it was stopped before its end.
    """

    folder: str
    study: str
    seed: int
    rows: tuple[TaskRow, ...]
    findings: tuple[Finding, ...]
    not_compared: tuple[NotCompared, ...]
    unguarded: int
    remarks: tuple[str, ...]
    interrupted: bool

    @property
    def stored(self) -> int:
        """Number of runs in the folder that could be read."""
        return sum(row.stored for row in self.rows)

    @property
    def executed(self) -> int:
        """Number of runs that were run again."""
        return sum(row.executed for row in self.rows)

    @property
    def agreed(self) -> int:
        """Number of runs that are the same to the last bit."""
        return sum(row.agreed for row in self.rows)

    @property
    def exit_code(self) -> int:
        """0 all agree, 1 something differs, 3 nothing could be run again, 130 interrupted."""
        if self.interrupted:
            return INTERRUPTED
        if self.findings:
            return DIFFERS
        return AGREES if self.executed else NOTHING_DONE


def since(recorded: dict[str, dict[str, object]]) -> tuple[str, ...]:
    """What differs between where a run was made and this process.

    Args:
        recorded: see `harness.study.provenance.provenance`.
    """
    try:
        return tuple(_since(recorded))
    except (LookupError, TypeError, AttributeError):
        return ("where it was made cannot be understood",)


def _since(recorded: dict[str, dict[str, object]]) -> Iterator[str]:
    here: dict[str, dict[str, object]] = provenance()  # type: ignore[assignment]
    then, now = recorded["versions"], here["versions"]
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name} {then.get(name, 'absent')} then, {now.get(name, 'absent')} here"
    if recorded["commit"] != here["commit"] or recorded["dirty"] or here["dirty"]:
        yield f"code: {_code(recorded)} then, {_code(here)} here"
    processors = [told["machine"]["processor"] for told in (recorded, here)]
    if processors[0] != processors[1]:
        yield f"processor: {processors[0]} then, {processors[1]} here"


def _code(told: dict[str, dict[str, object]]) -> str:
    commit = f"commit {str(told['commit'])[:10]}" if told["commit"] else "an installed package"
    return commit + (" with uncommitted changes" if told["dirty"] else "")
