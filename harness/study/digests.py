"""Digests of what a shard holds, by which a value that was changed afterwards is found.

They are no signature: whoever changes a value can write new digests. Running again what is stored
finds that, see `harness.gate.audit`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.study.lists import arrays

_LENGTH = 16


@dataclass(frozen=True)
class Digests:
    """SHA-256, shortened; a changed value shows in that of its run and that of its column.

    Attributes:
        told: of what the metadata say besides.
        runs: one a row.
        columns: by the name of the column.
    """

    told: str
    runs: tuple[str, ...]
    columns: dict[str, str]


def digests_of(table: Any, told: Mapping[str, Any]) -> Digests:
    """Digests of an Arrow table of runs.

    Args:
        table: one row a run.
        told: what stands in its metadata besides.
    """
    runs = [hashlib.sha256() for _ in range(table.num_rows)]
    columns = {}
    for name in table.column_names:
        column = hashlib.sha256()
        for run, cell in zip(runs, _cells(table.column(name)), strict=True):
            # The length keeps apart what would be the same text once it is joined.
            marked = f"{name} {len(cell)} ".encode() + cell
            run.update(marked)
            column.update(marked)
        columns[name] = column.hexdigest()[:_LENGTH]
    written = json.dumps(told, sort_keys=True).encode()
    return Digests(
        hashlib.sha256(written).hexdigest()[:_LENGTH],
        tuple(run.hexdigest()[:_LENGTH] for run in runs),
        columns,
    )


def _cells(column: Any) -> Iterator[bytes]:
    """Every value of a column to its last bit."""
    import pyarrow as pa

    if pa.types.is_list(column.type):
        yield from (array.tobytes() for array in arrays(column))
    else:
        yield from (repr(value).encode() for value in column.to_pylist())
