"""Which row of a table has which cell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import InvalidTable
from spaces.nasbench101.cells import Keys


class RowIndex(Mapping[Hashable, int]):
    """The row of each key: 16 bytes a row, where a dictionary takes more than a hundred.

    Attributes:
        ascending: all keys in this order.
        rows: the row of each of these.
    """

    def __init__(self, keys: Keys, place: str) -> None:
        """Sort the keys of the rows of a table.

        Args:
            keys: shape (rows,).
            place: where the table is, for messages.

        Raises:
            InvalidTable: a key stands twice.
        """
        self.rows: NDArray[np.int64] = keys.argsort()
        self.ascending: Keys = keys[self.rows]
        if twice := np.count_nonzero(np.diff(self.ascending) == 0):
            raise InvalidTable(f"{place}: {twice} rows describe a cell that another row describes")
        # Items of these are plain numbers, and come faster than an array's.
        self._keys = self.ascending.data
        self._rows = self.rows.data

    def __getitem__(self, key: Any) -> int:
        """The row of a key."""
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            raise KeyError(key)
        return self._rows[at]

    def __iter__(self) -> Iterator[Hashable]:
        """The keys, ascending."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._keys)
