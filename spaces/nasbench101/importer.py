"""``harness data import nasbench101``: the authors' file as one table of columns."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import InvalidTable, MissingData
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench101.cells import Keys, all_keys, key_of_matrix, row_of
from spaces.nasbench101.graph import in_matrix
from spaces.nasbench101.hashing import module_hash
from spaces.nasbench101.layout import CHOICES, EPOCHS, RUNS, columns_of
from spaces.nasbench101.official import Run, UnfamiliarRecord, run_reader
from spaces.nasbench101.row_index import RowIndex
from spaces.nasbench101.space import NasBench101Space
from spaces.nasbench101.tfrecord import read_records

Progress = Callable[[int, int], None]

_SPLITS = ("valid", "test", "seconds")
# Records after which the progress is told anew.
_STEP = 4096


@dataclass(frozen=True)
class ImportSummary:
    """What was imported.

    Attributes:
        path: the table.
        source: the file that it was made from.
        cells: number of cells.
        epochs: lengths of the trainings.
        sha256: checksum of the table.
    """

    path: Path
    source: Path
    cells: int
    epochs: tuple[int, ...]
    sha256: str

    def __str__(self) -> str:
        """A few lines for the terminal."""
        return (
            f"{self.cells:,} cells from {self.source}\n"
            f"  table    {self.path}\n"
            f"  runs     {RUNS} of each cell with {', '.join(map(str, self.epochs))} epochs\n"
            f"  SHA-256  {self.sha256}"
        )


def import_nasbench101(
    path: Path, target: Path, *, progress: Progress | None = None, cells: Keys | None = None
) -> ImportSummary:
    """Make a table from an official file; `spaces.nasbench101.layout` has its columns.

    Records are read one at a time: what is in memory is the table, about 0.2 GB. It appears whole
    or not at all, with its checksum in a file beside it.

    Args:
        path: ``nasbench_full.tfrecord`` or ``nasbench_only108.tfrecord``.
        target: the Parquet file to write; replaced if it is there.
        progress: told how many of the cells are done, by the part of the file that is read.
        cells: keys of the cells that the file must have, ascending; all of the space where None.

    Raises:
        MissingData: there is no such file.
        InvalidTable: it is damaged, truncated or incomplete, or no such file.
        MissingExtra: the packages that interpret it are not installed.
    """
    if not path.is_file():
        raise MissingData(f"no file '{path}'. Give nasbench_full.tfrecord or another TFRecord file")
    table = _Table(all_keys() if cells is None else cells)
    read, size = run_reader(), path.stat().st_size
    for number, (end, record) in enumerate(read_records(path), start=1):
        try:
            table.add(read(record))
        except UnfamiliarRecord as error:
            raise InvalidTable(
                f"{path}: record {number} is no run of NAS-Bench-101: {error}"
            ) from (error)
        if progress is not None and (number % _STEP == 0 or end == size):
            progress(len(table) * end // size, len(table))
    try:
        table.check()
    except UnfamiliarRecord as error:
        raise InvalidTable(f"{path} is incomplete: {error}. Get it anew") from error
    return ImportSummary(
        path=target,
        source=path,
        cells=len(table),
        epochs=tuple(sorted(table.levels)),
        sha256=table.write(target),
    )


class _Table:
    """The columns, one row a cell, ascending by keys."""

    def __init__(self, cells: Keys) -> None:
        """Make room for cells."""
        n = len(cells)
        self._index = RowIndex(cells, "the space")
        self._hashes = np.zeros(n, "S32")
        self._bits = np.zeros(n, np.int32)
        self._params = np.zeros(n, np.int32)
        self._ops = [""] * n
        self._counts: dict[int, NDArray[np.uint8]] = {}
        # Scores by epochs and by what they are; shape (cells, runs).
        self.levels: dict[int, dict[str, NDArray[np.float32]]] = {}

    def __len__(self) -> int:
        """Number of cells."""
        return len(self._index)

    def add(self, run: Run) -> None:
        """Add a training run.

        Raises:
            UnfamiliarRecord: its cell is none, has another hash, or had all of its runs.
        """
        row = self._row(run)
        if run.epochs not in self.levels:
            self._counts[run.epochs] = np.zeros(len(self), np.uint8)
            self.levels[run.epochs] = {
                what: np.full((len(self), RUNS), np.nan, np.float32) for what in _SPLITS
            }
        trial = int(self._counts[run.epochs][row])
        if trial == RUNS:
            raise UnfamiliarRecord(f"cell {run.hash} has more than {RUNS} of {run.epochs} epochs")
        self._counts[run.epochs][row] += 1
        level = self.levels[run.epochs]
        for what, value in zip(_SPLITS, (run.valid, run.test, run.seconds), strict=True):
            level[what][row, trial] = value

    def _row(self, run: Run) -> int:
        matrix = in_matrix(run.bits, len(run.labels) + 2)
        key = key_of_matrix(matrix, [CHOICES[label] for label in run.labels])
        if key is None or key not in self._index:
            raise UnfamiliarRecord(f"cell {run.hash} is not in the space")
        row = self._index[key]
        if not self._hashes[row]:
            if module_hash(run.bits, run.labels) != run.hash:
                raise UnfamiliarRecord(f"its cell does not have the hash {run.hash}")
            self._hashes[row] = run.hash.encode()
            self._bits[row], self._params[row] = run.bits, run.params
            self._ops[row] = "".join(map(str, run.labels))
        elif self._hashes[row] != run.hash.encode() or self._params[row] != run.params:
            raise UnfamiliarRecord(
                f"cell {run.hash} with {run.params} parameters is "
                f"{self._hashes[row].decode()} with {self._params[row]} in an earlier record"
            )
        return row

    def check(self) -> None:
        """Check that all is there.

        Raises:
            UnfamiliarRecord: it is not; says which.
        """
        absent = np.flatnonzero(self._hashes == b"")
        if len(absent):
            first = NasBench101Space().to_str(row_of(int(self._index.ascending[absent[0]])))
            raise UnfamiliarRecord(
                f"{len(absent):,} of the {len(self):,} cells are missing, the first one is {first}"
            )
        if EPOCHS[-1] not in self.levels:
            raise UnfamiliarRecord(f"there are no runs of {EPOCHS[-1]} epochs")
        for epochs, counts in sorted(self._counts.items()):
            lacking = np.flatnonzero(counts < RUNS)
            if len(lacking):
                first = self._hashes[lacking[0]].decode()
                raise UnfamiliarRecord(
                    f"{len(lacking):,} of the {len(self):,} cells lack some of {RUNS} runs of "
                    f"{epochs} epochs, the first one, {first}, has {counts[lacking[0]]}"
                )

    def write(self, target: Path) -> str:
        """Write the table and its checksum, which is returned."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {
            "key": self._index.ascending,
            "hash": [hash.decode() for hash in self._hashes.tolist()],
            "adjacency_bits": self._bits,
            "ops": self._ops,
            "params": self._params,
        }
        for epochs, level in sorted(self.levels.items()):
            for what, values in level.items():
                columns |= dict(zip(columns_of(what, epochs), values.T, strict=True))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Written beside its place and renamed into it, so that a half-written table is never found.
        part = target.with_name(f"{target.name}.part")
        try:
            # Dictionaries gain nothing on numbers like these and slow down opening.
            pq.write_table(pa.table(columns), part, compression="zstd", use_dictionary=False)
            sha256 = sha256_of(part)
            # A checksum of an older table must never stand beside the new one.
            checksum_file(target).unlink(missing_ok=True)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        checksum_file(target).write_text(f"{sha256}  {target.name}\n")
        return sha256
