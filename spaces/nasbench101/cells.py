"""Keys of cells: one whole number for each of the 423,624 different ones.

A key is 243 times the edges of the cell in the canonical numbering of
`spaces.nasbench101.graph`, plus its operations in this order, read as a number with base 3. Where
several numberings lead to the same edges, it is the one with the smallest operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import InvalidArchitecture
from spaces.nasbench101.graph import (
    FIRST_EDGE,
    VERTICES,
    Form,
    Order,
    all_graphs,
    form_of,
    in_matrix,
    vertices_of,
)

OPERATIONS = ("conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3")
INNER = VERTICES - 2
MATRIX_BITS = FIRST_EDGE[VERTICES]
_CODES: int = len(OPERATIONS) ** INNER
# The operations that a number stands for, by how many inner vertices there are; 0 behind them.
_DIGITS = np.array(
    [
        [
            [code // 3 ** (inner - 1 - i) % 3 if i < inner else 0 for i in range(INNER)]
            for code in range(_CODES)
        ]
        for inner in range(INNER + 1)
    ],
    dtype=np.int8,
)

_PLACES = 3 ** np.arange(INNER - 1, -1, -1)
_OPERATION_ROWS: list[list[list[int]]] = _DIGITS.tolist()

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Cells in their canonical form, those with the same edges together.

    Attributes:
        graphs: the edges of the graphs that occur, shape (graphs,).
        vertices: how many vertices each graph has.
        graph: which graph each cell has, shape (cells,).
        operations: of the inner vertices, shape (cells, 5); 0 where there is no vertex.
    """

    graphs: NDArray[np.int64]
    vertices: NDArray[np.int64]
    graph: NDArray[np.int64]
    operations: NDArray[np.int8]

    def has_vertex(self, v: int) -> NDArray[np.int64]:
        """The cells of which vertex ``v`` is an inner one."""
        return np.flatnonzero((self.vertices > v + 1)[self.graph])


def is_cell(arch: Sequence[int]) -> bool:
    """Whether a genotype is a cell."""
    return form_of(_matrix_of(bytes(arch[:MATRIX_BITS]))) is not None


def key_of(arch: Sequence[int]) -> int | None:
    """The key of a genotype; None where it is no cell."""
    row = bytes(arch)
    return key_of_matrix(_matrix_of(row[:MATRIX_BITS]), row[MATRIX_BITS:])


def key_of_matrix(matrix: int, operations: Sequence[int]) -> int | None:
    """The key of a cell; None where it is none.

    Args:
        matrix: its edges in a matrix of seven vertices.
        operations: of the inner vertices, as many as are in use at least.
    """
    form = form_of(matrix)
    if form is None:
        return None
    best = _CODES
    for order in form.orders:
        code = 0
        for vertex in order:
            code = 3 * code + operations[vertex]
        best = min(best, code)
    key: int = _CODES * form.bits + best
    return key


def _matrix_of(edges: bytes) -> int:
    return int(edges[::-1].translate(_AS_DIGITS), 2)


_AS_DIGITS = b"01" + bytes(range(2, 256))


def matrices_of(rows: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """The edges of genotypes, shape (n,)."""
    low, middle, high = np.packbits(rows[:, :MATRIX_BITS] > 0, axis=1, bitorder="little").T
    matrices: NDArray[np.int32] = low + middle * np.int32(1 << 8) + high * np.int32(1 << 16)
    return matrices


def keys_of(matrices: NDArray[np.int32], operations: NDArray[np.integer[Any]]) -> Keys:
    """The keys of many cells.

    Args:
        matrices: their edges in a matrix of seven vertices, shape (n,).
        operations: of the inner vertices, shape (n, 5).

    Raises:
        InvalidArchitecture: one is no cell.
    """
    known, graph = np.unique(matrices, return_inverse=True)
    forms: list[Form] = []
    for bits in known.tolist():
        form = form_of(bits)
        if form is None:
            raise InvalidArchitecture(f"edges {bits:#x} are no cell of nasbench101")
        forms.append(form)
    codes = operations @ _PLACES
    counts = np.array([len(form.orders) for form in forms], np.int64)
    best = np.full(len(matrices), _CODES - 1, np.int64)
    for turn in range(max(counts, default=0)):
        having = np.flatnonzero(counts > turn)
        orders = {forms[i].orders[turn]: None for i in having.tolist()}
        number = {order: k for k, order in enumerate(orders)}
        which = np.zeros(len(forms), np.int64)
        which[having] = [number[forms[i].orders[turn]] for i in having.tolist()]
        reordered = np.stack([_reordered(order) for order in orders])
        cells = np.flatnonzero((counts > turn)[graph])
        found = reordered[which[graph[cells]], codes[cells]]
        best[cells] = np.minimum(best[cells], found)
    keys: Keys = np.array([_CODES * form.bits for form in forms], np.int64)[graph] + best
    return keys


@cache
def _reordered(order: Order) -> NDArray[np.int64]:
    """The operations of some of five vertices in another order, for all operations of the five."""
    found: NDArray[np.int64] = _DIGITS[INNER][:, list(order)] @ _PLACES[INNER - len(order) :]
    return found


def cells_of(keys: Keys) -> Cells:
    """The cells that keys stand for."""
    bits, codes = np.divmod(keys, _CODES)
    graphs, graph = np.unique(bits, return_inverse=True)
    vertices = np.array([vertices_of(bits) for bits in graphs.tolist()], np.int64)
    return Cells(graphs, vertices, graph, _DIGITS[(vertices - 2)[graph], codes])


def rows_of(keys: Keys) -> NDArray[np.int8]:
    """A genotype of each cell: its vertices come first, and unused ones have operation 0."""
    cells = cells_of(keys)
    pairs = zip(cells.graphs.tolist(), cells.vertices.tolist(), strict=True)
    edges = np.array([in_matrix(*pair) for pair in pairs], np.int32)
    matrices = edges[:, None] >> np.arange(MATRIX_BITS) & 1
    return np.concatenate([matrices.astype(np.int8)[cells.graph], cells.operations], axis=1)


def row_of(key: int) -> tuple[int, ...]:
    """The same of one cell."""
    bits, code = divmod(key, _CODES)
    edges, inner = _edges_row(bits)
    return (*edges, *_OPERATION_ROWS[inner][code])


def cell_of(key: int) -> tuple[int, list[int]]:
    """The edges of a cell, and the operations of its inner vertices, in the canonical numbering."""
    bits, code = divmod(key, _CODES)
    inner = vertices_of(bits) - 2
    return bits, _OPERATION_ROWS[inner][code][:inner]


@cache  # There are 2,494.
def _edges_row(bits: int) -> tuple[list[int], int]:
    vertices = vertices_of(bits)
    matrix = in_matrix(bits, vertices)
    return [matrix >> bit & 1 for bit in range(MATRIX_BITS)], vertices - 2


def all_keys() -> Keys:
    """The keys of all cells, ascending, found without a table."""
    graphs = [(bits, vertices_of(bits)) for bits in all_graphs()]
    inner = np.array([vertices - 2 for _, vertices in graphs])
    counts = 3**inner
    codes = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    matrices = np.array([in_matrix(*graph) for graph in graphs], np.int32)
    operations = _DIGITS[np.repeat(inner, counts), codes]
    return np.unique(keys_of(np.repeat(matrices, counts), operations))
