"""Making a tabular benchmark: every different architecture of a space in several trials."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.errors import HarnessError, InvalidTable, MissingExtra, UnknownName
from harness.core.registry import families, list_benchmarks, missing_extra
from harness.core.space import Architecture, SearchSpace
from harness.study.backends import backend, stop_workers
from harness.study.provenance import provenance
from harness.tables.source import checksum_file, sha256_of

if TYPE_CHECKING:
    from harness.live.training import TrialResult

SCHEMA = 1
_METADATA = b"nas_harness"

# Architectures that a worker trains before it hands them over: all that a kill can lose.
_BATCH = 4


@dataclass(frozen=True)
class Tabulation:
    """How the table of a benchmark is made.

    Attributes:
        id: of the benchmark, ``space/dataset``.
        dataset: as it stands in the names of columns.
        space: the search space.
        archs: one genotype of each different architecture, in the order of the table's rows.
        epochs: of a training.
        identity: hashes of everything that the scores depend on (recipe, data).
        train: trains one architecture in the given trials; is sent to workers.
        costs: parameters and FLOPs of an architecture by the name of their column.
        table: where the finished table lies that comes with the package.
    """

    id: str
    dataset: str
    space: SearchSpace
    archs: tuple[Architecture, ...]
    epochs: int
    identity: dict[str, str]
    train: Callable[[Architecture, Sequence[int]], list[TrialResult]]
    costs: Callable[[Architecture], dict[str, float]]
    table: Path


def find_tabulation(benchmark: str) -> Tabulation:
    """How the table of a benchmark is made.

    Raises:
        UnknownName: there is no such benchmark.
        MissingExtra: torch is not installed.
        HarnessError: its table is not made by the harness.
    """
    ids = [entry.id for entry in list_benchmarks()]
    if benchmark not in ids:
        raise UnknownName("benchmark", benchmark, ids, "harness list benchmarks")
    space, _, dataset = benchmark.partition("/")
    found = families()[space].tabulation(dataset)
    if found is None:
        raise HarnessError(f"the table of {benchmark} comes from its authors; it is not made here")
    assert isinstance(found, Tabulation)
    if missing := missing_extra("neural"):
        raise MissingExtra(f"training on {benchmark} {missing}")
    return found


def tabulate(
    tabulation: Tabulation,
    trials: int,
    target: Path,
    jobs: int,
    progress: Callable[[int], None],
) -> None:
    """Train whatever the table still lacks, and write it.

    Finished batches lie in a folder beside the target until the table is whole, so that the same
    call continues after an interruption.

    Args:
        tabulation: what to train.
        trials: training runs of each architecture, numbered from 0.
        target: the table, a Parquet file.
        jobs: worker processes.
        progress: is told how many architectures have been added.

    Raises:
        InvalidTable: there are rows of another recipe, other data or another number of trials.
        HarnessError: the disk is full.
    """
    stamp = {"schema": SCHEMA, "benchmark": tabulation.id, "trials": trials, **tabulation.identity}
    if target.exists():
        _refuse_other(target, stamp)
        progress(len(tabulation.archs))
        return
    parts = _Parts(target.with_name(target.name + ".parts"), stamp)
    done = parts.architectures()
    progress(len(done))
    missing = [a for a in tabulation.archs if tabulation.space.to_str(a) not in done]
    _train_missing(tabulation, trials, missing, parts, jobs, progress)
    parts.join(tabulation, target)


def _train_missing(
    tabulation: Tabulation,
    trials: int,
    missing: Sequence[Architecture],
    parts: _Parts,
    jobs: int,
    progress: Callable[[int], None],
) -> None:
    from joblib import delayed

    tasks = (delayed(_rows)(tabulation, trials, batch) for batch in _batches(missing))
    with backend("loky", "", jobs) as outcomes:
        try:
            for rows in outcomes(tasks):
                parts.write(rows)
                progress(len(rows))
        except BaseException:
            stop_workers()
            raise


def _batches(archs: Sequence[Architecture]) -> Iterator[tuple[Architecture, ...]]:
    for start in range(0, len(archs), _BATCH):
        yield tuple(archs[start : start + _BATCH])


def _rows(
    tabulation: Tabulation, trials: int, archs: Sequence[Architecture]
) -> list[dict[str, Any]]:
    """Rows of the table, in a worker."""
    import torch

    # Sums of several threads round differently; a row is the same on one core and on many.
    torch.set_num_threads(1)
    return [_row(tabulation, arch, range(trials)) for arch in archs]


def _row(tabulation: Tabulation, arch: Architecture, trials: Sequence[int]) -> dict[str, Any]:
    results = tabulation.train(arch, trials)
    data, schedule = tabulation.dataset, f"{tabulation.epochs}ep"
    row: dict[str, Any] = {
        "arch": tabulation.space.to_str(arch),
        "canonical": str(tabulation.space.canonical(arch)),
        **tabulation.costs(arch),
    }
    # The trials of a stack share its time.
    row[f"train_s_per_epoch_{data}"] = _mean(r.train_seconds for r in results) / tabulation.epochs
    row[f"eval_s_{data}_valid"] = _mean(r.evaluation_seconds for r in results) / (
        tabulation.epochs + 1
    )
    for result in results:
        valid, test = f"{data}_valid_{schedule}", f"{data}_test_{schedule}"
        row[f"{valid}_seed{result.trial}"] = 100 * result.valid_accuracy[-1]
        row[f"{valid}_seed{result.trial}_curve"] = 100 * result.valid_accuracy
        row[f"{test}_seed{result.trial}"] = 100 * result.test_accuracy
        row[f"{data}_failed_{schedule}_seed{result.trial}"] = result.failed
    return row


def _mean(values: Iterator[float]) -> float:
    return float(np.mean(list(values)))


class _Parts:
    """Finished batches of a table, each a file that is written whole and renamed."""

    def __init__(self, folder: Path, stamp: dict[str, Any]) -> None:
        self.folder, self.stamp = folder, stamp

    def architectures(self) -> set[str]:
        """Notations of the architectures that are there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        found: set[str] = set()
        for path in self._files():
            try:
                table = pq.ParquetFile(path).read(columns=["arch"])
            except (pa.ArrowException, OSError):
                path.unlink()
                continue
            _refuse_other(path, self.stamp)
            found.update(table.column("arch").to_pylist())
        return found

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep a batch."""
        import pyarrow as pa

        table = pa.Table.from_pylist([_plain(row) for row in rows])
        name = hashlib.sha256(rows[0]["arch"].encode()).hexdigest()[:16]
        _write(table, self.folder / f"{name}.parquet", self.stamp)

    def join(self, tabulation: Tabulation, target: Path) -> None:
        """Write the table from its parts and remove them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.concat_tables([pq.read_table(path) for path in self._files()])
        rows = {arch: row for row, arch in enumerate(table.column("arch").to_pylist())}
        order = [rows[tabulation.space.to_str(arch)] for arch in tabulation.archs]
        _write(_narrow(table.take(order)), target, {**self.stamp, "provenance": provenance()})
        checksum_file(target).write_text(f"{sha256_of(target)}  {target.name}\n")
        shutil.rmtree(self.folder)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9a-f]*.parquet"))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in row.items()
    }


def _narrow(table: Any) -> Any:
    """Scores and seconds in single precision: they have few distinct values, or few true digits."""
    import pyarrow as pa

    narrower = {pa.float64(): pa.float32(), pa.list_(pa.float64()): pa.list_(pa.float32())}
    fields = [pa.field(field.name, narrower.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields)).combine_chunks()


def _write(table: Any, path: Path, metadata: dict[str, Any]) -> None:
    import pyarrow.parquet as pq

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stamped = table.replace_schema_metadata({_METADATA: json.dumps(metadata)})
        pq.write_table(stamped, temporary, compression="zstd", compression_level=19)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise HarnessError(
            f"cannot write {path}: {error}. What was trained before is kept; the same command "
            "continues"
        ) from error


def read_stamp(path: Path) -> dict[str, Any]:
    """What a table that `tabulate` wrote says of its making.

    Raises:
        InvalidTable: it is damaged, or was not made by `tabulate`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.ParquetFile(path).schema_arrow.metadata or {}
        stamp: dict[str, Any] = json.loads(metadata[_METADATA])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise InvalidTable(f"{path} is no whole table made by harness tabulate: {error}") from error
    return stamp


def _refuse_other(path: Path, stamp: dict[str, Any]) -> None:
    found = read_stamp(path)
    for name, wanted in stamp.items():
        if found.get(name) != wanted:
            raise InvalidTable(
                f"{path} was made with {name} {found.get(name)}, and this would be made with "
                f"{wanted}. Rows of both cannot share a table: choose another --out, or remove it"
            )
