"""The tables that come with the package nas-bench-graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import nas_bench_graph
import numpy as np
from numpy.typing import NDArray

from harness import InvalidTable
from harness.data.safe_pickle import load_restricted
from harness.tables.source import Source, sha256_of

_COLUMNS: dict[str, Callable[[int, dict[str, float]], float]] = {
    "key": lambda key, _: key,
    "valid": lambda _, row: row["valid_perf"],
    "test": lambda _, row: row["perf"],
    "params": lambda _, row: round(1e6 * row["para"]),
    "latency": lambda _, row: row["latency"],
}


class LightTable(Source):
    """One table: a pickled dictionary of an architecture's number to its results.

    Columns are ``key``, ``valid``, ``test`` (both from 0 to 1, means of three trainings),
    ``params`` and ``latency`` (seconds of inference).
    """

    def __init__(self, dataset: str) -> None:
        """Remember the name of a dataset."""
        self._path = Path(nas_bench_graph.__file__).parent / "light" / f"{dataset}.bench"

    @property
    def place(self) -> str:
        """The path."""
        return str(self._path)

    @property
    def columns(self) -> frozenset[str]:
        """Names of all columns."""
        return frozenset(_COLUMNS)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return sha256_of(self._path)

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Read columns; see `Source.read`."""
        if unknown := set(names) - self.columns:
            raise InvalidTable(f"{self._path} has no column {', '.join(sorted(unknown))}")
        with self._path.open("rb") as file:
            table = load_restricted(file)
        return {
            name: np.array([_COLUMNS[name](key, row) for key, row in table.items()])
            for name in names
        }
