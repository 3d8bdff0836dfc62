"""Stored runs of a method, whole: what each of them is, and every query of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError, InvalidStudy, UnknownName
from harness.study.lists import arrays
from harness.study.run import RunRecord, Trace
from harness.study.shards import read_shard
from harness.study.store import Store


@dataclass(frozen=True)
class StoredRuns:
    """All runs of a study that one method made on one benchmark.

    Attributes:
        benchmark: identity as shown to the user.
        method: identity as shown to the user.
        given: the reference by which the benchmark is opened; empty where there is no run.
        records: the runs by seed.
        damaged: what is wrong with shards that cannot be read.
    """

    benchmark: str
    method: str
    given: str
    records: dict[int, RunRecord]
    damaged: tuple[str, ...]


def stored_runs(store: Store, benchmark: str, method: str) -> StoredRuns:
    """Read the runs of a pair; nothing in the folder is changed.

    Args:
        store: of the study.
        benchmark: identity as shown to the user.
        method: identity as shown to the user.

    Raises:
        UnknownName: the study has no such benchmark or method.
        InvalidStudy: the folder holds no study, or it was edited.
    """
    content = store.read_content()
    try:
        pairs = {(entry["benchmark"], entry["method"]): entry for entry in content["pairs"]}
        benchmarks, methods = ({key[i]: None for key in pairs} for i in (0, 1))
        for what, name, known in (
            ("benchmark", benchmark, benchmarks),
            ("method", method, methods),
        ):
            if name not in known:
                raise UnknownName(f"{what} of this study", name, known)
        entry = pairs[benchmark, method]
        folder, seeds = store.runs_folder(entry["identity"], entry["key"]), {*content["seeds"]}
    except (LookupError, TypeError) as error:
        raise edited(store, error) from error
    records: dict[int, RunRecord] = {}
    damaged, given = [], ""
    for path in sorted(folder.glob("[0-9]*.parquet")):
        try:
            found, given = _records(path)
        except (HarnessError, LookupError, TypeError, ValueError) as error:
            damaged.append(str(error) if isinstance(error, HarnessError) else f"{path}: {error!r}")
        else:
            records.update({seed: own for seed, own in found.items() if seed in seeds})
    ordered = {seed: records[seed] for seed in sorted(records)}
    return StoredRuns(benchmark, method, given, ordered, tuple(damaged))


def edited(store: Store, error: Exception) -> InvalidStudy:
    """What to raise where ``study.json`` lacks something."""
    return InvalidStudy(
        f"{store.folder / 'study.json'} was edited or is incomplete ({error!r}). "
        "The command that made it writes it again; its runs are kept"
    )


def _records(path: Path) -> tuple[dict[int, RunRecord], str]:
    """The runs of a shard by seed, and the reference of its benchmark."""
    table, told = read_shard(path)
    traces = _traces(table)
    names = [field.name for field in fields(RunRecord) if field.name not in ("trace", "logs")]
    columns = {name: table.column(name).to_pylist() for name in names}
    written = (
        table.column("logs").to_pylist() if "logs" in table.column_names else ["{}"] * len(traces)
    )
    found = {}
    for i, trace in enumerate(traces):
        row: dict[str, Any] = {name: column[i] for name, column in columns.items()}
        recommended = row["recommended"]
        row["recommended"] = None if recommended is None else tuple(recommended)
        row["counts"] = json.loads(row["counts"])
        found[row["seed"]] = RunRecord(**row, logs=json.loads(written[i]), trace=trace)
    return found, str(told["given"]["benchmark"])


def _traces(table: Any) -> list[Trace]:
    columns = {field.name: arrays(table.column(f"trace_{field.name}")) for field in fields(Trace)}
    found = []
    for i in range(table.num_rows):
        own = {name: column[i] for name, column in columns.items()}
        if queries := len(own["scores"]):
            own["archs"] = own["archs"].reshape(queries, -1)
        found.append(Trace(**own))
    return found
