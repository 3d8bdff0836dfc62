"""Cells as models see them: always in their canonical form, so that equal cells look equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness import Graphs
from spaces.nasbench101.cells import INNER, OPERATIONS, Cells
from spaces.nasbench101.graph import EDGES, FIRST_EDGE, VERTICES, form_of, in_matrix

PADDING, NO_EDGE, EDGE, FIRST_OPERATION = range(4)
OUTPUT = FIRST_OPERATION + len(OPERATIONS)
_SOURCES, _TARGETS = (np.array(ends) for ends in zip(*EDGES, strict=True))
# A vertex is described by the edges into it, then by what it is: one token, or one-hot.
_LENGTH = len(EDGES) + VERTICES - 1
_WIDTH = len(EDGES) + (VERTICES - 1) * (len(OPERATIONS) + 1)
_VERTEX = np.arange(VERTICES)
_TOKEN_OF_VERTEX = np.array(FIRST_EDGE[:VERTICES]) + 2 * _VERTEX - 1
_TOKEN_OF_EDGE = np.arange(len(EDGES)) + _TARGETS - 1
_COLUMN_OF_VERTEX = _TOKEN_OF_VERTEX + len(OPERATIONS) * (_VERTEX - 1)
_COLUMN_OF_EDGE = _TOKEN_OF_EDGE + len(OPERATIONS) * (_TARGETS - 1)

TOKEN_CHOICES: tuple[tuple[int, ...], ...] = tuple(
    # The first vertex is always there, and its only edge too unless something has to be pruned.
    tokens if v == 1 else (PADDING, *tokens)
    for v in range(1, VERTICES)
    for tokens in (
        *[(NO_EDGE, EDGE)] * v,
        (OUTPUT,) if v == VERTICES - 1 else (*range(FIRST_OPERATION, OUTPUT), OUTPUT),
    )
)


def features(cells: Cells) -> NDArray[np.float32]:
    """For each vertex but the input: edges into it from each vertex before it, and what it is.

    What it is is one-hot: conv1x1, conv3x3, maxpool3x3, output. All is zero behind the output.
    This is the input of GBDT-NAS (Luo et al., 2020) and of WeakNAS (Wu et al., NeurIPS 2021) as
    in their code.

    Returns:
        Shape (cells, 45).
    """
    one_each = np.zeros((len(cells.graphs), _WIDTH), np.float32)
    one_each[:, _COLUMN_OF_EDGE] = _edges(cells)
    output = _COLUMN_OF_VERTEX[cells.vertices - 1] + len(OPERATIONS)
    one_each[np.arange(len(one_each)), output] = 1.0
    encoded = one_each[cells.graph]
    for v in range(1, INNER + 1):
        having = cells.has_vertex(v)
        encoded[having, _COLUMN_OF_VERTEX[v] + cells.operations[having, v - 1]] = 1.0
    return encoded


def sequences(cells: Cells) -> NDArray[np.int64]:
    """The same as tokens, one for an edge and one for what a vertex is.

    0 is padding behind the output, 1 no edge, 2 an edge, 3 conv1x1, 4 conv3x3, 5 maxpool3x3 and
    6 the output: the sequence of SemiNAS (Luo et al., NeurIPS 2020) as in the authors' code.

    Returns:
        Shape (cells, 27).
    """
    one_each = np.zeros((len(cells.graphs), _LENGTH), np.int64)
    exists = cells.vertices[:, None] > _TARGETS
    one_each[:, _TOKEN_OF_EDGE] = np.where(exists, NO_EDGE + _edges(cells), PADDING)
    one_each[np.arange(len(one_each)), _TOKEN_OF_VERTEX[cells.vertices - 1]] = OUTPUT
    encoded = one_each[cells.graph]
    for v in range(1, INNER + 1):
        having = cells.has_vertex(v)
        encoded[having, _TOKEN_OF_VERTEX[v]] = FIRST_OPERATION + cells.operations[
            having, v - 1
        ].astype(np.int64)
    return encoded


def from_sequence(tokens: list[int]) -> tuple[int, ...] | None:
    """Read a sequence; None where it is no cell or goes on behind the output."""
    edges, operations = 0, [0] * INNER
    at = 0
    for v in range(1, VERTICES):
        what = tokens[at + v]
        for source, token in enumerate(tokens[at : at + v]):
            if token not in (NO_EDGE, EDGE):
                return None
            edges |= (token == EDGE) << FIRST_EDGE[v] + source
        at += v + 1
        if what == OUTPUT:
            break
        if not (FIRST_OPERATION <= what < OUTPUT and v <= INNER):
            return None
        operations[v - 1] = what - FIRST_OPERATION
    if any(tokens[at:]):
        return None
    matrix = in_matrix(edges, v + 1)
    if form_of(matrix) is None:
        return None
    return (*[matrix >> bit & 1 for bit in range(len(EDGES))], *operations)


def graphs(cells: Cells) -> Graphs:
    """Seven nodes; what follows the output of a smaller cell is padding."""
    n = len(cells.graphs)
    kinds = np.zeros((n, VERTICES, len(OPERATIONS) + 2), np.float32)
    kinds[:, 0, 0] = 1.0
    kinds[np.arange(n), cells.vertices - 1, -1] = 1.0
    adjacency = np.zeros((n, VERTICES, VERTICES), np.float32)
    adjacency[:, _SOURCES, _TARGETS] = _edges(cells)
    operations = kinds[cells.graph]
    for v in range(1, INNER + 1):
        having = cells.has_vertex(v)
        operations[having, v, 1 + cells.operations[having, v - 1]] = 1.0
    return Graphs(operations, adjacency[cells.graph])


def _edges(cells: Cells) -> NDArray[np.int64]:
    """The edges of each graph, shape (graphs, 21)."""
    edges: NDArray[np.int64] = cells.graphs[:, None] >> np.arange(len(EDGES)) & 1
    return edges
