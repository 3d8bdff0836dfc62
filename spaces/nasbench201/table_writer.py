"""Writes the table of columns, a few hundred cells at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spaces.nasbench201.record import CellColumns, FloatArray

_ROW_GROUP = 256
_NUMBER, _CURVE = pa.float64(), pa.list_(pa.float64())


class TableWriter:
    """Collects cells; which columns there are is known only at the end.

    So groups of cells are written to files of their own first, each with the columns that it has,
    and joined at the end: at no time is more than one group in memory.
    """

    def __init__(self, folder: Path) -> None:
        """Use an empty folder.

        Args:
            folder: where the groups and the table are written.
        """
        self._folder = folder
        self._groups: list[Path] = []
        self._cells: list[tuple[int, str, CellColumns]] = []
        self._count = 0
        # Number of cells that have a number, by column.
        self._having: dict[str, int] = {}
        # Curves of which more than the last epoch is known in some cell, and those that lack an
        # epoch in some cell that has the training run.
        self._curved: set[str] = set()
        self._lacking: set[str] = set()

    def add(self, index: int, arch: str, row: CellColumns) -> None:
        """Add a cell.

        Args:
            index: its official index.
            arch: its official notation.
            row: its numbers.
        """
        self._cells.append((index, arch, row))
        self._count += 1
        for name in row.numbers:
            self._having[name] = self._having.get(name, 0) + 1
        for name, curve in row.curves.items():
            lacking = np.isnan(curve)
            if not lacking[:-1].all():
                self._curved.add(name)
            if lacking.any():
                self._lacking.add(_score_of(name))
        if len(self._cells) == _ROW_GROUP:
            self._flush()

    def finish(self, name: str) -> Path:
        """Write the table.

        Args:
            name: name of its file.
        """
        self._flush()
        names = {"index": "index", "arch": "arch"} | {
            column: f"{column}_partial" if self._is_partial(column) else column
            for column in sorted(self._having.keys() | self._curved)
        }
        schema = pa.schema([(shown, _type_of(column)) for column, shown in names.items()])
        path = self._folder / name
        # Statistics and dictionaries gain nothing on numbers like these and slow down opening.
        with pq.ParquetWriter(
            path, schema, compression="zstd", write_statistics=False, use_dictionary=False
        ) as writer:
            for file in self._groups:
                group = pq.read_table(file)
                columns = [
                    group[column]
                    if column in group.column_names
                    else pa.nulls(len(group), _type_of(column))
                    for column in names
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
        return path

    def _is_partial(self, column: str) -> bool:
        if column in self._curved:
            return _score_of(column) in self._lacking
        return "_s_" in column and self._having[column] < self._count

    def _flush(self) -> None:
        if not self._cells:
            return
        indices, archs, rows = zip(*self._cells, strict=True)
        columns: dict[str, Any] = {
            "index": pa.array(indices, _type_of("index")),
            "arch": pa.array(archs, _type_of("arch")),
        }
        for name in dict.fromkeys(name for row in rows for name in row.numbers):
            columns[name] = pa.array([row.numbers.get(name) for row in rows], _NUMBER)
        for name in dict.fromkeys(name for row in rows for name in row.curves):
            columns[name] = _lists([row.curves.get(name) for row in rows])
        file = self._folder / f"{len(self._groups)}.group"
        pq.write_table(pa.table(columns), file)
        self._groups.append(file)
        self._cells = []


def _score_of(curve: str) -> str:
    return curve.partition("_seed")[0]


def _type_of(column: str) -> Any:
    if column == "index":
        return pa.int32()
    if column == "arch":
        return pa.string()
    return _CURVE if column.endswith("_curve") else _NUMBER


def _lists(curves: list[FloatArray | None]) -> Any:
    """A column of lists; a list or an element that does not exist is null."""
    lengths = [0 if curve is None else len(curve) for curve in curves]
    values = [curve for curve in curves if curve is not None]
    return pa.ListArray.from_arrays(
        pa.array(np.cumsum([0, *lengths]), pa.int32()),
        pa.array(np.concatenate(values), from_pandas=True),
        mask=pa.array([curve is None for curve in curves]),
    )
