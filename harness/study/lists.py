"""List columns of Arrow tables, which hold the traces of runs, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def lists(arrays: Sequence[NDArray[Any]]) -> Any:
    """Arrays of different lengths as one list column."""
    import pyarrow as pa

    flat = np.concatenate([array.ravel() for array in arrays])
    ends = np.cumsum([0, *(array.size for array in arrays)])
    return pa.ListArray.from_arrays(_arrow(ends.astype(np.int32)), _arrow(flat))


def _arrow(array: NDArray[Any]) -> Any:
    """Numbers as an Arrow array; ``pyarrow.array`` would import pandas to look at its argument."""
    import pyarrow as pa

    array = np.ascontiguousarray(array)
    kind = pa.from_numpy_dtype(array.dtype)
    return pa.Array.from_buffers(kind, len(array), [None, pa.py_buffer(array)])


def arrays(column: Any) -> list[NDArray[Any]]:
    """A list column as arrays."""
    found: list[NDArray[Any]] = []
    for chunk in column.chunks:
        flat = np.from_dlpack(chunk.values)
        ends = np.from_dlpack(chunk.offsets)
        found.extend(flat[start:end] for start, end in pairwise(ends))
    return found
