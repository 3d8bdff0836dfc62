"""Comparing stored runs with the same runs done again, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.gate.audit_folder import StoredRun, StoredTask
from harness.gate.audit_replay import Replay, exception_of
from harness.gate.audit_result import Finding, since
from harness.study.shards import read_shard

Row = dict[str, Any]

_SHOWN = 60


@dataclass(frozen=True)
class Comparison:
    """A run and the same run done again.

    Attributes:
        findings: what differs; empty where nothing does.
        left_out: columns that were not compared, by the reason.
    """

    findings: tuple[Finding, ...]
    left_out: dict[str, tuple[str, ...]]


def compare(
    task: StoredTask, runs: Sequence[StoredRun], replay: Replay, again: Path
) -> list[Comparison]:
    """Compare stored runs with new ones.

    Args:
        task: theirs.
        runs: stored ones, of which those are left out that were not done again.
        replay: how they were done again.
        again: folder of the new shards.
    """
    new = {row["seed"]: row for path in again.glob("*.parquet") for row in _rows(path)}
    stored = {path: _rows(path) for path in {run.path for run in runs}}
    return [
        _compare_run(task.place, run, stored[run.path][run.row], new[run.seed], replay)
        for run in runs
        if run.seed in new
    ]


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = read_shard(path)[0].to_pylist()
    return rows


def _compare_run(place: str, run: StoredRun, stored: Row, new: Row, replay: Replay) -> Comparison:
    notes = (*replay.notes, *since(run.provenance))
    columns = [name for name in new if name in stored and name not in replay.clock]
    differing = [
        Finding("re-execution", place, where, run.seed, _shown(then), _shown(now), notes)
        for name in columns
        for where, then, now in _compare_values(name, stored[name], new[name])
    ]
    left_out = {
        "measured, and another value each time": replay.clock,
        "not stored by the version that made the run": tuple(n for n in new if n not in stored),
        "not known to this version": tuple(n for n in stored if n not in new),
    }
    if stored["error"]:
        left_out["of a traceback the exception is compared, and not the lines it went through"] = (
            "error",
        )
    return Comparison(tuple(differing), {why: names for why, names in left_out.items() if names})


def _compare_values(name: str, stored: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two values of a column differ, if they do, with what stands there."""
    if name == "error":
        stored, new = exception_of(stored), exception_of(new)
    elif name in ("counts", "logs") and stored != new:
        try:
            parts = json.loads(stored), json.loads(new)
        except ValueError:
            parts = stored, new
        # Texts can differ where the numbers that they stand for do not.
        yield from list(_difference(name, *parts)) or [(name, stored, new)]
        return
    yield from _difference(name, stored, new)


def _difference(where: str, stored: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The first place at which two values differ, if they do; every digit of a number counts."""
    if repr(stored) == repr(new):
        return
    parts = _parts(stored), _parts(new)
    for key in {**parts[0], **parts[1]}:
        then, now = (part.get(key, "nothing") for part in parts)
        if repr(then) != repr(now):
            yield from _difference(f"{where}[{key}]", then, now)
            return
    yield where, stored, new


def _parts(value: Any) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
