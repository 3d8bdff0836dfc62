"""Forms in which a space can show its architectures to a model, besides plain features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Graphs:
    """Architectures as directed graphs with one operation a node.

    Nodes stand in topological order, the input first. An architecture with fewer nodes than
    another is padded behind its last node with nodes that have no operation and no edge.

    Attributes:
        operations: one-hot, shape (n, nodes, kinds); input and output are kinds of their own, the
            first and the last one. All zero for padding.
        adjacency: 1.0 where an edge leads from the second index to the third; shape
            (n, nodes, nodes), upper triangular.
    """

    operations: NDArray[np.float32]
    adjacency: NDArray[np.float32]


def chain(choices: NDArray[np.int64], kinds: int) -> Graphs:
    """Layers in a row, between an input and an output.

    Args:
        choices: the operation of each layer, shape (n, layers).
        kinds: number of operations.
    """
    n, layers = choices.shape
    successors = np.eye(layers + 2, k=1, dtype=np.float32)
    return Graphs(
        with_ends(choices, kinds), np.broadcast_to(successors, (n, layers + 2, layers + 2)).copy()
    )


def with_ends(choices: NDArray[np.int64], kinds: int) -> NDArray[np.float32]:
    """One-hot operations of inner nodes, with an input before and an output behind them.

    Args:
        choices: the operation of each inner node, shape (n, inner nodes).
        kinds: number of operations.

    Returns:
        Shape (n, inner nodes + 2, kinds + 2).
    """
    n, inner = choices.shape
    nodes = np.concatenate(
        [np.zeros((n, 1), np.int64), choices + 1, np.full((n, 1), kinds + 1)], axis=1
    )
    one_hot = np.zeros((n, inner + 2, kinds + 2), np.float32)
    np.put_along_axis(one_hot, nodes[:, :, None], 1.0, axis=2)
    return one_hot


def paths(graphs: Graphs, limit: int) -> NDArray[np.float32]:
    """Which sequences of operations lead from the input to the output.

    This is the path encoding of White, Neiswanger and Savani (BANANAS, AAAI 2021, section 4).
    Sequences are numbered by their length, then by their operations in the order of the kinds;
    only the first ones are kept, since long paths are rare in random architectures.

    Args:
        graphs: architectures whose output is their last node.
        limit: number of sequences that are kept.

    Returns:
        1.0 where a sequence occurs, shape (n, limit); fewer columns where there are fewer
        sequences.
    """
    n, nodes, kinds = graphs.operations.shape
    inner = kinds - 2
    starts = np.concatenate([[0], np.cumsum([inner**k for k in range(nodes - 1)])])
    width = int(min(limit, starts[-1]))
    encoded = np.zeros((n, width), np.float32)
    kind = graphs.operations.argmax(axis=2)
    edges = graphs.adjacency.astype(bool)
    output = (kind == kinds - 1) & graphs.operations.any(axis=2)
    rows = np.arange(n)
    # Paths grow by one node at a time: who walks, where they stand, and the number of their path.
    walker, place, number = rows, np.zeros(n, np.int64), np.zeros(n, np.int64)
    for length in range(nodes - 1):
        step, target = np.nonzero(edges[walker, place])
        walker, number = walker[step], number[step]
        ended = output[walker, target]
        index = starts[length] + number[ended]
        kept = index < width
        encoded[walker[ended][kept], index[kept]] = 1.0
        walker, place = walker[~ended], target[~ended]
        number = number[~ended] * inner + kind[walker, place] - 1
        if not len(walker) or starts[length + 1] >= width:
            break
    return encoded
