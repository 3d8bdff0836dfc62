"""Where the columns of a table come from. A source holds a place, never the data itself."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InvalidTable, MissingData

_ELEMENT = re.compile(r"(.+)\[(\d+)\]")


class Source(ABC):
    """Columns by name, read anew each time they are asked for.

    That nothing is kept is what lets a search run in a process that holds no test scores: they are
    read after the search, used and dropped.
    """

    @property
    @abstractmethod
    def columns(self) -> frozenset[str]:
        """Names of all columns."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Read columns, each of shape (rows,).

        Args:
            names: columns; ``name[i]`` is element i of a column whose cells are lists.

        Raises:
            InvalidTable: a column does not exist, or the file is damaged.
        """

    @property
    @abstractmethod
    def checksum(self) -> str:
        """SHA-256 of the data, in hexadecimal."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the data is, for messages."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_file(path: Path) -> Path:
    """Where the checksum of a table lies that was computed when the table was written."""
    return path.with_name(path.name + ".sha256")


class FileSource(Source):
    """A Parquet or CSV file, told apart by its ending."""

    def __init__(self, path: Path) -> None:
        """Remember a path.

        Raises:
            MissingData: there is no such file.
            InvalidTable: it is neither ``.parquet`` nor ``.csv``.
        """
        if not path.is_file():
            raise MissingData(f"no table at {path}")
        if path.suffix not in (".parquet", ".csv"):
            raise InvalidTable(f"{path}: a table is a .parquet or a .csv file")
        self.path = path

    @property
    def place(self) -> str:
        """The path."""
        return str(self.path)

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of all columns."""
        import pyarrow.csv as pc
        import pyarrow.parquet as pq

        with self._reading():
            if self.path.suffix == ".csv":
                names = pc.open_csv(self.path).schema.names
            else:
                names = pq.read_schema(self.path).names
        if len(set(names)) < len(names):
            raise InvalidTable(f"{self.path}: two columns have the same name")
        return frozenset(names)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file; taken from the checksum file beside it where there is one."""
        beside = checksum_file(self.path)
        if beside.is_file():
            return beside.read_text().split()[0]
        return sha256_of(self.path)

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Read columns; see `Source.read`."""
        wanted = {
            name: None if name in self.columns else _ELEMENT.fullmatch(name) for name in names
        }
        stored = list(dict.fromkeys(m.group(1) if m else name for name, m in wanted.items()))
        if missing := [name for name in stored if name not in self.columns]:
            raise InvalidTable(
                f"{self.path} has no column {', '.join(missing)}. "
                f"All: {', '.join(sorted(self.columns))}"
            )
        table = self._table(stored)
        return {
            name: _to_numpy(
                table.column(match.group(1) if match else name),
                int(match.group(2)) if match else None,
            )
            for name, match in wanted.items()
        }

    def _table(self, columns: Sequence[str]) -> Any:
        import pyarrow.csv as pc
        import pyarrow.parquet as pq

        with self._reading():
            if self.path.suffix == ".csv":
                options = pc.ConvertOptions(include_columns=columns)
                return pc.read_csv(self.path, convert_options=options)
            return pq.ParquetFile(self.path, memory_map=True).read(columns=columns)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowInvalid, OSError) as error:
            kind = "CSV" if self.path.suffix == ".csv" else "Parquet"
            raise InvalidTable(f"{self.path} is not a whole {kind} file: {error}") from error


def _to_numpy(column: Any, element: int | None) -> NDArray[Any]:
    """An Arrow column as an array: numbers (floats where some are missing), else objects.

    Arrow's own conversion of texts and of missing values would import pandas.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if element is not None:
        column = pc.list_element(column, element)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.array(column.to_pylist(), dtype=object)
    if not column.null_count:
        return _join(column)
    numbers = np.full(len(column), np.nan)
    numbers[_join(column.is_valid().cast(pa.int8())) == 1] = _join(column.drop_null())
    return numbers


def _join(column: Any) -> NDArray[Any]:
    """A column of numbers, none of which is missing."""
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks]
    return np.concatenate(chunks) if chunks else np.empty(0)
