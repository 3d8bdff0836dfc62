"""A table of one row per architecture, training run and epoch, seen as one row per architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InvalidTable
from harness.core.space import Architecture
from harness.tables.source import FileSource, Source

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Coded:
    """A column of few distinct values.

    Attributes:
        values: the distinct values, ascending.
        codes: which of them stands in each row.
    """

    values: NDArray[Any]
    codes: IntArray


@dataclass(frozen=True)
class Grid:
    """Where a file has what.

    Attributes:
        archs: the architectures, ascending.
        epochs: the fidelities, ascending; ``[None]`` where the file does not say.
        rows: row of the file, or -1 where it has none; shape (archs, epochs, training runs).
    """

    archs: list[Architecture]
    epochs: list[int | None]
    rows: IntArray


def read_coded(file: FileSource, column: str) -> Coded:
    """Read a column of texts or numbers, which every row must have.

    Raises:
        InvalidTable: a row has nothing there.
    """
    read = file.read([column])[column]
    missing = np.equal(read, None) | (read == "") if read.dtype == object else np.isnan(read)
    if missing.any():
        raise InvalidTable(
            f"{file.path}, row {int(missing.argmax()) + 1}: nothing in column '{column}'"
        )
    values, codes = np.unique(read, return_inverse=True)
    return Coded(values, codes.astype(np.int64))


def read_numbers(file: FileSource, column: str) -> FloatArray:
    """Read a column of numbers; NaN where a row has nothing there.

    Raises:
        InvalidTable: a row has something else, or an infinite number.
    """
    read = file.read([column])[column]
    wrong = np.not_equal(read, None) if read.dtype == object else np.isinf(read)
    if wrong.any():
        row = int(wrong.argmax())
        raise InvalidTable(
            f"{file.path}, row {row + 1}: {read[row]!s} in column '{column}', which must have "
            "finite numbers"
        )
    return read.astype(np.float64)


def make_grid(
    file: FileSource, decisions: Sequence[IntArray], epochs: Coded | None, trials: Coded | None
) -> Grid:
    """Find out where a file has what.

    Args:
        file: the table.
        decisions: the choice of each decision in each row.
        epochs: the column that tells fidelities apart, if there is one.
        trials: the column that tells training runs apart, if there is one.

    Raises:
        InvalidTable: two rows have the same architecture, epochs and training run.
    """
    found, arch = np.unique(np.stack(decisions, axis=1), axis=0, return_inverse=True)
    shape = (
        len(found),
        1 if epochs is None else len(epochs.values),
        1 if trials is None else len(trials.values),
    )
    cell = arch.reshape(-1)
    for size, column in zip(shape[1:], (epochs, trials), strict=True):
        cell = cell * size + (0 if column is None else column.codes)
    rows = np.full(np.prod(shape), -1)
    rows[cell] = np.arange(len(cell))
    # Of two rows with the same cell the later one is entered; the earlier one is then the fault.
    shadowed = rows[cell] != np.arange(len(cell))
    if shadowed.any():
        first = int(shadowed.argmax())
        raise InvalidTable(
            f"{file.path}: rows {first + 1} and {rows[cell[first]] + 1} have the same decisions"
            f"{' and epochs' if epochs else ''}{' and training run' if trials else ''} "
            f"({int(shadowed.sum())} such rows in all). If they are training runs of one "
            "architecture, say which column tells them apart: trial = \"COLUMN\""
        )
    return Grid(
        [tuple(row) for row in found.tolist()],
        [None] if epochs is None else [int(value) for value in epochs.values],
        rows.reshape(shape),
    )


def take(values: FloatArray, rows: IntArray) -> FloatArray:
    """Values of rows; NaN where there is no row."""
    return np.where(rows < 0, np.nan, values[rows])


class GridSource(Source):
    """A file whose columns are read as one value per architecture.

    It holds the architectures and the places of their rows, and none of the values.
    """

    def __init__(
        self,
        file: FileSource,
        archs: Sequence[Architecture],
        cells: Mapping[str, tuple[str, IntArray]],
        checksum: str,
    ) -> None:
        """Arrange a file.

        Args:
            file: the table.
            archs: its architectures.
            cells: by name of a column of this source, the column of the file and the rows, of shape
                (archs, n), whose mean is read; -1 where there is no row.
            checksum: SHA-256 of all that the scores depend on.
        """
        self.archs = archs
        self._file, self._cells, self._checksum = file, cells, checksum

    @property
    def place(self) -> str:
        """The path of the file."""
        return self._file.place

    @property
    def columns(self) -> frozenset[str]:
        """Names of all columns."""
        return frozenset(self._cells)

    @property
    def checksum(self) -> str:
        """SHA-256 of the file and its description."""
        return self._checksum

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Read columns; see `Source.read`."""
        stored = self._file.read(list({self._cells[name][0] for name in names}))
        columns = {}
        for name in names:
            column, rows = self._cells[name]
            values = take(stored[column].astype(np.float64), rows)
            columns[name] = values[:, 0] if rows.shape[1] == 1 else np.nanmean(values, axis=1)
        return columns
