"""Labels that cost nothing: what is known of an architecture that was never trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Graphs, SearchSpace

FloatArray = NDArray[np.float64]
Properties = Callable[[Architecture], Mapping[str, float]]

# A column whose standard deviation is a smaller share of its largest value is constant.
CONSTANT = 1e-9


def no_properties(arch: Architecture) -> Mapping[str, float]:
    """Of a benchmark that knows nothing of its architectures."""
    return {}


def of_properties(
    space: SearchSpace, archs: NDArray[np.integer[Any]], properties: Properties
) -> FloatArray:
    """What a benchmark knows of architectures, in the order of the names.

    Sizes and costs spread over orders of magnitude: what is positive becomes its logarithm.

    Args:
        space: of the architectures.
        archs: shape (n, decisions), n of at least 1.
        properties: what is known of one architecture.

    Returns:
        Shape (n, properties); a property that is unknown or not finite for one of them is left out.
    """
    known = [properties(arch) for arch in space.tuples(archs)]
    names = sorted(known[0])
    values = np.array([[told.get(name, np.nan) for name in names] for told in known], np.float64)
    values = values[:, np.isfinite(values).all(axis=0)]
    positive = (values > 0).all(axis=0)
    values[:, positive] = np.log(values[:, positive])
    return values


def of_graphs(graphs: Graphs) -> FloatArray:
    """The number of edges, the edges of the longest path and how often each operation occurs.

    Returns:
        Shape (n, kinds + 2).
    """
    edges = graphs.adjacency
    longest = np.zeros(edges.shape[:2])
    # Nodes stand in topological order, so that all before a node are done when it is its turn.
    for node in range(1, edges.shape[1]):
        longest[:, node] = (edges[:, :node, node] * (longest[:, :node] + 1)).max(axis=1)
    totals = np.stack([edges.sum(axis=(1, 2)), longest.max(axis=1)], axis=1)
    return np.concatenate([totals, graphs.operations.sum(axis=1)], axis=1, dtype=np.float64)


def standardised(columns: FloatArray) -> NDArray[np.float32]:
    """Columns with mean 0 and standard deviation 1, without those that are constant."""
    std = columns.std(axis=0)
    varied = std > CONSTANT * np.abs(columns).max(axis=0, initial=0.0)
    scaled: NDArray[np.float32] = (
        (columns[:, varied] - columns[:, varied].mean(axis=0)) / std[varied]
    ).astype(np.float32)
    return scaled
