"""What a results folder holds, and whether it is what was stored: files, names and digests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError, InvalidStudy
from harness.gate.audit_result import Finding
from harness.study.digests import digests_of
from harness.study.plan import short_key
from harness.study.rank_results import Cell
from harness.study.rank_store import RankStore
from harness.study.shards import SCHEMA, kind_of, read_shard, shard_name
from harness.study.store import Store

Key = tuple[str, str]
"""Benchmark identity, and short hash of the whole identity."""


@dataclass(frozen=True)
class StoredRun:
    """Where a run lies.

    Attributes:
        path: of the shard.
        row: in it.
        seed: of the run.
        error: its traceback; empty for one that did not fail.
        wall: seconds on the wall that it took.
        provenance: of the shard.
    """

    path: Path
    row: int
    seed: int
    error: str
    wall: float
    provenance: dict[str, Any]


@dataclass(frozen=True)
class StoredTask:
    """Runs that differ in their seed only.

    Attributes:
        identity: as it was recorded.
        given: references of the benchmark, and of the method or scorer, as they were recorded.
        benchmark: what the benchmark, or cell, is called.
        name: what the method or scorer is called.
        runs: the runs.
    """

    identity: dict[str, Any]
    given: dict[str, str]
    benchmark: str
    name: str
    runs: tuple[StoredRun, ...]

    @property
    def place(self) -> str:
        """What findings call it."""
        return f"{self.benchmark} · {self.name}"


@dataclass(frozen=True)
class Folder:
    """A results folder.

    Attributes:
        store: reads it, without setting damaged files aside.
        content: of ``study.json``.
        asked: seeds of each task of the study.
        tasks: all that it holds, whether or not the study asks for it.
        findings: what is not as it was stored.
        unguarded: number of runs without digests.
        unknown: number of runs in shards of another version, by the version.
    """

    store: Store | RankStore
    content: dict[str, Any]
    asked: dict[Key, set[int]]
    tasks: dict[Key, StoredTask]
    findings: tuple[Finding, ...]
    unguarded: int
    unknown: dict[str, int]


def shard_files(folder: Path) -> list[Path]:
    """All shards of a results folder."""
    return sorted((folder / "runs").glob("*/*/[0-9]*.parquet"))


def read_folder(folder: Path, progress: Callable[[], None] = lambda: None) -> Folder:
    """Read all shards of a results folder and check what can be checked without running anything.

    Args:
        folder: of a study of methods or scorers; nothing in it is changed.
        progress: is told whenever a shard was read.

    Raises:
        InvalidStudy: the folder holds no study, or one of another version.
    """
    kind = RankStore if kind_of(folder) == "rank" else Store
    store: Store | RankStore = kind(folder, read_only=True)
    content = store.read_content()
    try:
        named = _names(content)
        asked = {key: set(content["seeds"]) for key in named}
        lacking = {"name", "cards", "control", "provenance", f"{store.subject}s"} - content.keys()
        if lacking:
            raise KeyError(*sorted(lacking))
    except (LookupError, TypeError) as error:
        raise InvalidStudy(
            f"{folder / 'study.json'} was edited or is incomplete ({error!r}). "
            "The command that made it writes it again; its runs are kept"
        ) from error
    tasks: dict[Key, StoredTask] = {}
    findings: list[Finding] = []
    unguarded, unknown = 0, Counter[str]()
    for path in shard_files(folder):
        progress()
        file = str(path.relative_to(folder))
        try:
            table, told = read_shard(path)
            if told["schema"] != SCHEMA:
                unknown[f"schema {told['schema']}"] += table.num_rows
                continue
            key, task = _task(path, table, told, store.subject, named)
            findings += [
                *_misnamed(store, file, path, key, task),
                *_changed(file, task, table, told),
            ]
        except (HarnessError, LookupError, TypeError, ValueError) as error:
            findings.append(Finding("file", file, "all", found=f"cannot be read: {error}"))
            continue
        unguarded += 0 if "digests" in told else len(task.runs)
        tasks[key] = replace(task, runs=(*tasks[key].runs, *task.runs)) if key in tasks else task
    # Those that the study does not ask for come last.
    ordered = {key: tasks[key] for key in [*named, *sorted(tasks)] if key in tasks}
    return Folder(store, content, asked, ordered, tuple(findings), unguarded, dict(unknown))


def _names(content: dict[str, Any]) -> dict[Key, tuple[str, str]]:
    """What the study calls its tasks, in its order."""
    named = {}
    for entry in content["pairs"]:
        ranked = "cell" in entry
        where = Cell(**entry["cell"]).id if ranked else entry["benchmark"]
        name = entry["scorer" if ranked else "method"]
        named[entry["identity"]["benchmark"], entry["key"]] = where, name
    return named


def _task(
    path: Path,
    table: Any,
    told: dict[str, Any],
    subject: str,
    named: dict[Key, tuple[str, str]],
) -> tuple[Key, StoredTask]:
    """The runs of a shard."""
    identity, given = told["identity"], told["given"]
    key = identity["benchmark"], short_key(identity)
    benchmark, name = named.get(key, (identity["benchmark"], Path(given[subject]).name))
    columns = (table.column(column).to_pylist() for column in ("seed", "error", "wall"))
    runs = []
    for row, (seed, error, wall) in enumerate(zip(*columns, strict=True)):
        if type(seed) is not int or seed < 0:
            raise ValueError(f"{seed} is no seed")
        runs.append(StoredRun(path, row, seed, error, wall, told["provenance"]))
    return key, StoredTask(identity, given, benchmark, name, tuple(runs))


def _misnamed(
    store: Store | RankStore, file: str, path: Path, key: Key, task: StoredTask
) -> Iterator[Finding]:
    """What the names of a shard and of its folder, which follow from its content, say of it."""
    name = shard_name([run.seed for run in task.runs])
    if path.name != name:
        yield Finding("file", file, "seed", None, path.name, name)
    parent = store.runs_folder(task.identity, key[1])
    if path.parent != parent:
        yield Finding("file", file, "identity", None, path.parent.name, parent.name)


def _changed(file: str, task: StoredTask, table: Any, told: dict[str, Any]) -> Iterator[Finding]:
    """What the digests of a shard say, if it has any: something was changed after it was stored."""
    if "digests" not in told:
        return
    seeds = [run.seed for run in task.runs]
    stored = told["digests"]
    besides = {key: value for key, value in told.items() if key != "digests"}
    now = json.loads(json.dumps(asdict(digests_of(table, besides))))
    if stored == now:
        return
    if not isinstance(stored, dict) or any(type(stored.get(k)) is not type(now[k]) for k in now):
        yield Finding("digest", file, "digests", found="are not what the harness writes")
        return
    if stored["told"] != now["told"]:
        yield Finding("digest", file, "metadata")
    names = {**stored["columns"], **now["columns"]}
    columns = ", ".join(n for n in names if stored["columns"].get(n) != now["columns"].get(n))
    if len(stored["runs"]) != len(seeds):
        counts = f"{len(seeds)} runs", f"{len(stored['runs'])} runs"
        yield Finding("digest", file, "seed", None, *counts)
        return
    changed = [
        seed
        for seed, then, digest in zip(seeds, stored["runs"], now["runs"], strict=True)
        if then != digest
    ]
    for seed in changed:
        yield Finding("digest", task.place, columns or "unknown", seed)
    if columns and not changed:
        yield Finding("digest", file, columns)
