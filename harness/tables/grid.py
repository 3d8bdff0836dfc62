"""A table of one row per architecture, training run and epoch, seen as one row per architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InvalidTable
from harness.core.space import Architecture
from harness.tables.source import FileSource, Source

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

# Cells of a grid per row of a file at most: a column of running numbers that is taken for one of
# training runs would otherwise fill the memory.
_SPARSEST = 100


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


def _refuse(file: FileSource, column: str, wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise InvalidTable(
            f"{file.path}: {what} in column '{column}', row {row} (the first row of data is 1)"
        )


def read_coded(file: FileSource, column: str) -> Coded:
    """Read a column of texts or numbers, which every row must have.

    Raises:
        InvalidTable: a row has nothing there.
    """
    read = file.read([column])[column]
    if read.dtype != object:
        _refuse(file, column, np.isnan(read), "nothing")
        values, codes = np.unique(read, return_inverse=True)
        return Coded(values, codes.astype(np.int64))
    texts = read.tolist()
    _refuse(file, column, np.array([text in (None, "") for text in texts], np.bool_), "nothing")
    places = {text: place for place, text in enumerate(sorted(set(texts)))}
    return Coded(
        np.array(list(places), dtype=object), np.array([places[t] for t in texts], np.int64)
    )


def _reads_as_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def read_numbers(file: FileSource, column: str) -> FloatArray:
    """Read a column of numbers; NaN where a row has nothing there.

    Raises:
        InvalidTable: a row has something else, or an infinite number.
    """
    read = file.read([column])[column]
    if read.dtype == object:
        # One text makes the whole column texts: point at that one, not at the first number.
        texts = np.array([value is not None for value in read], np.bool_)
        wrong = np.array([not _reads_as_number(value) for value in read], np.bool_) & texts
        wrong = wrong if wrong.any() else texts
        _refuse(file, column, wrong, f"'{read[wrong.argmax()]}', which is no number,")
    values: FloatArray = read.astype(np.float64)
    _refuse(file, column, np.isinf(values), "an infinite number")
    return values


def make_grid(
    file: FileSource,
    decisions: Sequence[IntArray],
    epochs: Coded | int | None,
    trials: Coded | None,
) -> Grid:
    """Find out where a file has what.

    Args:
        file: the table.
        decisions: the choice of each decision in each row.
        epochs: the column that tells fidelities apart, or the one fidelity, if it is known.
        trials: the column that tells training runs apart, if there is one.

    Raises:
        InvalidTable: two rows have the same architecture, epochs and training run, or there are
            far fewer rows than combinations of these.
    """
    # The rank of each row's architecture among all, one more decision at a time.
    arch = np.zeros(len(decisions[0]), np.int64)
    for codes in decisions:
        _, first, arch = np.unique(
            arch * (1 + codes.max()) + codes, return_index=True, return_inverse=True
        )
    archs = np.stack(decisions, axis=1)[first]
    shape = [len(archs)]
    cell = arch
    for column in (epochs, trials):
        shape.append(len(column.values) if isinstance(column, Coded) else 1)
        cell = cell * shape[-1] + (column.codes if isinstance(column, Coded) else 0)
    size = math.prod(shape)
    if size > _SPARSEST * len(cell):
        raise InvalidTable(
            f"{file.path}: {len(cell)} rows for {shape[0]} architectures x {shape[1]} epochs x "
            f"{shape[2]} training runs. Give the runs of every architecture the same few names: "
            "0, 1, 2"
        )
    rows = np.full(size, -1)
    rows[cell] = np.arange(len(cell))
    # Of two rows with the same cell the later one is entered; the earlier one is then the fault.
    shadowed = rows[cell] != np.arange(len(cell))
    if shadowed.any():
        one = int(shadowed.argmax())
        raise InvalidTable(
            f"{file.path}: rows {one + 1} and {rows[cell[one]] + 1} are the same architecture"
            f"{' and epochs' if isinstance(epochs, Coded) else ''}"
            f"{' and training run' if trials else ''} ({int(shadowed.sum())} such rows in all). "
            'If they are training runs, say which column tells them apart: trial = "COLUMN"'
        )
    return Grid(
        [tuple(row) for row in archs.tolist()],
        [int(e) for e in epochs.values] if isinstance(epochs, Coded) else [epochs],
        rows.reshape(shape),
    )


def take(values: FloatArray, rows: IntArray) -> FloatArray:
    """Values of rows; NaN where there is no row."""
    return np.where(rows < 0, np.nan, values[rows])


def check_scores(
    file: FileSource,
    grid: Grid,
    columns: Sequence[str],
    show: Callable[[Architecture], str],
    *,
    last: bool,
) -> FloatArray:
    """Check that every training run of every architecture has a score at all epochs.

    Args:
        file: the table.
        grid: where it has what.
        columns: of scores; with several of them an architecture may lack some.
        show: writes an architecture.
        last: whether scores are needed at the last epochs only.

    Returns:
        Scores at the last epochs, of shape (archs, training runs).

    Raises:
        InvalidTable: an architecture has no score, or a training run not at all epochs.
    """
    rows = grid.rows[:, -1:] if last else grid.rows
    scores = []
    for column in columns:
        values = read_numbers(file, column)
        if len(columns) == 1:
            needed = np.zeros(len(values), np.bool_)
            needed[rows[rows >= 0]] = True
            _refuse(file, column, needed & np.isnan(values), "no score")
        scores.append(take(values, rows))
    joined = np.concatenate(scores, axis=2)
    present = ~np.isnan(joined)
    for wrong, what in (
        (~present.any(axis=2), "no score"),
        ((present != present[:, -1:]).any(axis=2), "not the training runs of the last epochs"),
    ):
        if wrong.any():
            arch, level = np.argwhere(wrong)[0].tolist()
            epochs = grid.epochs[-1] if last else grid.epochs[level]
            raise InvalidTable(
                f"{file.path}: {show(grid.archs[arch])} has {what} in {', '.join(columns)}"
                f"{f' at {epochs} epochs' if epochs else ''}. Add what is missing, or take the "
                "architecture or the training run out"
            )
    return joined[:, -1]


def check_seconds(file: FileSource, column: str) -> None:
    """Check that every row has its seconds.

    Raises:
        InvalidTable: a row has none, or a negative number.
    """
    values = read_numbers(file, column)
    _refuse(file, column, ~(values >= 0), "no seconds, or negative ones")


def check_property(
    file: FileSource, grid: Grid, column: str, show: Callable[[Architecture], str]
) -> None:
    """Check that a column depends on the architecture alone.

    Raises:
        InvalidTable: a row has none, or two rows of an architecture differ.
    """
    values = read_numbers(file, column)
    _refuse(file, column, np.isnan(values), "nothing")
    of_archs = take(values, grid.rows.reshape(len(grid.archs), -1))
    differ = np.nanmin(of_archs, axis=1) != np.nanmax(of_archs, axis=1)
    if differ.any():
        raise InvalidTable(
            f"{file.path}: column '{column}' differs between rows of "
            f"{show(grid.archs[int(differ.argmax())])}. A property is known without training"
        )


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
