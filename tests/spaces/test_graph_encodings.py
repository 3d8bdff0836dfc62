"""Graphs that spaces show, against cells drawn by hand and all their paths."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from harness.core.registry import load_benchmark
from spaces.nasbench201.space import EDGES, OPERATIONS, NasBench201Space
from spaces.nasbench_graph.space import LINKS, NasBenchGraphSpace
from spaces.nasbench_graph.space import OPERATIONS as LAYERS
from spaces.nasbench_macro.space import NasBenchMacroSpace

CELLS = NasBench201Space()
GNNS = NasBenchGraphSpace("nasbench-graph", LAYERS)
CHAINS = NasBenchMacroSpace()


def edges_of(graphs, i):
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(graphs.adjacency[i]), strict=True)}


@pytest.mark.parametrize("space", [CELLS, GNNS, CHAINS], ids=lambda space: space.id)
def test_graphs_are_well_formed(space):
    assert "graph" in space.encodings
    archs = space.population[:: len(space.population) // 500]
    graphs = space.graphs(archs)
    n, size, _ = graphs.operations.shape
    assert graphs.operations.dtype == graphs.adjacency.dtype == np.float32
    assert graphs.adjacency.shape == (n, size, size) == (len(archs), size, size)
    assert (graphs.operations.sum(2) == 1).all()
    assert (graphs.adjacency == np.triu(graphs.adjacency, k=1)).all()
    # Every node can be reached and leads somewhere, but for the input and the output.
    assert (graphs.adjacency.any(1) == [False] + [True] * (size - 1)).all()
    assert (graphs.adjacency.any(2) == [True] * (size - 1) + [False]).all()
    # An architecture looks the same alone, and different ones look different.
    alone = space.graphs([tuple(archs[7].tolist())])
    assert np.array_equal(alone.operations[0], graphs.operations[7])
    assert np.array_equal(alone.adjacency[0], graphs.adjacency[7])
    looks = {
        (a.tobytes(), b.tobytes()) for a, b in zip(graphs.operations, graphs.adjacency, strict=True)
    }
    assert len(looks) == n


def test_a_cell_of_nasbench201_drawn_by_hand():
    r"""Edges of the cell as nodes.

    ::

        input -> 1 (0-1) -> 3 (1-2) -> 6 (2-3) -> output
        input -> 2 (0-2) ------------> 6
        input -> 4 (0-3) ------------------------> output
                 1 (0-1) -> 5 (1-3) -------------> output
    """
    arch = (0, 1, 2, 3, 4, 0)
    graphs = CELLS.graphs([arch, (4,) * 6])
    drawn = {(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)}
    assert edges_of(graphs, 0) == edges_of(graphs, 1) == drawn
    assert graphs.operations[0].argmax(1).tolist() == [0, 1, 2, 3, 4, 5, 1, 6]
    assert graphs.operations.shape == (2, 8, 7)


def paths_by_enumeration(arch):
    """All sequences of operations from node 0 to node 3 of the cell."""
    of = dict(zip(EDGES, arch, strict=True))
    return {
        (of[0, 3],),
        (of[0, 1], of[1, 3]),
        (of[0, 2], of[2, 3]),
        (of[0, 1], of[1, 2], of[2, 3]),
    }


@pytest.mark.parametrize("limit", [40, 31, 7, 1000])
def test_paths_of_nasbench201(limit):
    rng = np.random.default_rng(0)
    archs = [CELLS.sample(rng) for _ in range(200)]
    ops = range(len(OPERATIONS))
    # The shortest first, and of equal length in the order of the operations; none is empty.
    numbered = [path for length in range(7) for path in product(ops, repeat=length)][:limit]
    encoded = CELLS.paths(archs, limit)
    assert encoded.shape == (200, limit)
    expected = [[path in paths_by_enumeration(arch) for path in numbered] for arch in archs]
    assert encoded.tolist() == np.array(expected, float).tolist()


@pytest.mark.parametrize(
    ("links", "drawn"),
    [
        ("0000", {(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (2, 5), (3, 5), (4, 5)}),
        ("0123", {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)}),
        ("0012", {(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5)}),
        ("0111", {(0, 1), (1, 2), (1, 3), (1, 4), (2, 5), (3, 5), (4, 5)}),
    ],
)
def test_networks_of_nasbench_graph_drawn_by_hand(links, drawn):
    graphs = GNNS.graphs([(0, 8, 8, 8, 8), (LINKS.index(links), 0, 3, 8, 5)])
    assert edges_of(graphs, 1) == drawn
    assert graphs.operations[1].argmax(1).tolist() == [0, 1, 4, 9, 6, 10]
    assert graphs.operations.shape == (2, 6, 11)


def test_proteins_have_fewer_operations():
    space = load_benchmark("nasbench-graph/proteins").space
    assert space.graphs(space.population[:3]).operations.shape == (3, 6, 7)


def test_a_network_of_nasbench_macro_drawn_by_hand():
    graphs = CHAINS.graphs([(0, 1, 2, 0, 1, 2, 0, 1)])
    assert edges_of(graphs, 0) == {(i, i + 1) for i in range(9)}
    # Two layers of the first stage, three of the second and of the third.
    kinds = [0, 1, 2, 6, 4, 5, 9, 7, 8, 10]
    assert graphs.operations[0].argmax(1).tolist() == kinds
    assert graphs.operations.shape == (1, 10, 11)
