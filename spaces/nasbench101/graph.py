"""Graphs of cells as whole numbers: pruning, and a numbering of vertices that is unique.

Bit ``j * (j - 1) / 2 + i`` of a number is the edge from vertex i to vertex j > i. Vertex 0 is the
input of the cell; its output is the last vertex, which is vertex 6 in a matrix of a genotype.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, permutations, product

VERTICES = 7
MAX_EDGES = 9
# Number of the first bit of the edges into a vertex.
FIRST_EDGE = tuple(j * (j - 1) // 2 for j in range(VERTICES + 1))
EDGES = tuple((i, j) for j in range(VERTICES) for i in range(j))
_OUTPUT = VERTICES - 1
# Where the edges into each vertex stand, as a shift and a mask.
_COLUMNS = tuple((FIRST_EDGE[j], (1 << j) - 1) for j in range(VERTICES))
# The edges between the vertices of each set.
_AMONG = tuple(
    sum(1 << bit for bit, (i, j) in enumerate(EDGES) if used >> i & used >> j & 1)
    for used in range(1 << VERTICES)
)
# The smallest pruned graph of each number of vertices would have just this bit.
_LAST_EDGES = [1 << first for first in FIRST_EDGE]
# Matrices whose form is remembered: there are 2^21, and a search meets a small part.
_REMEMBERED = 1 << 16

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What an adjacency matrix is, whatever the operations of its vertices are.

    Attributes:
        vertices: number of vertices that are on a path from the input to the output.
        bits: edges between these, in the canonical numbering.
        orders: all ways to number the inner vertices that lead to ``bits``; each has the inner
            vertices of the matrix, counted from 0, in their new order.
    """

    vertices: int
    bits: int
    orders: tuple[Order, ...]


@lru_cache(maxsize=_REMEMBERED)
def form_of(bits: int) -> Form | None:
    """The form of a matrix of seven vertices; None where it is no cell.

    Only vertices and edges on a path from the input to the output count. A cell needs one, and has
    at most nine edges (Ying et al., ICML 2019, section 2.1, and the authors' code).
    """
    sources = [bits >> first & mask for first, mask in _COLUMNS]
    reached = 1
    for j in range(1, VERTICES):
        if sources[j] & reached:
            reached |= 1 << j
    if not reached >> _OUTPUT:
        return None
    used = 1 << _OUTPUT
    for j in range(_OUTPUT, 0, -1):
        if used >> j & 1:
            used |= sources[j] & reached
    pruned = bits & _AMONG[used]
    return _form(pruned, used) if pruned.bit_count() <= MAX_EDGES else None


@cache  # There are 13,839.
def _form(pruned: int, used: int) -> Form:
    """The form of a matrix whose only edges are those between the vertices of a set."""
    kept = [v for v in range(VERTICES) if used >> v & 1]
    compact = sum(
        1 << FIRST_EDGE[target] + source
        for target, j in enumerate(kept)
        for source, i in enumerate(kept[:target])
        if pruned >> FIRST_EDGE[j] + i & 1
    )
    bits, orders = _numbering(compact)
    return Form(len(kept), bits, tuple(tuple(kept[v] - 1 for v in order) for order in orders))


@cache  # There are 6,472.
def _numbering(bits: int) -> tuple[int, tuple[Order, ...]]:
    """The canonical edges of a pruned graph, and all orders of inner vertices that lead to them.

    Vertices are sorted by what can be said of them without a numbering, the longest path from the
    input first, so that edges still lead upwards. Among the orders that are left, those count that
    give the smallest number.
    """
    n = vertices_of(bits)
    edges = [(i, j) for i, j in EDGES[: FIRST_EDGE[n]] if bits >> FIRST_EDGE[j] + i & 1]
    depth, height, leaving, entering = ([0] * n for _ in range(4))
    for i, j in edges:
        depth[j] = max(depth[j], depth[i] + 1)
        leaving[i] += 1
        entering[j] += 1
    for i, j in reversed(edges):
        height[i] = max(height[i], height[j] + 1)
    colours = list(zip(depth, height, leaving, entering, strict=True))
    groups: dict[tuple[int, ...], list[int]] = {}
    for v in sorted(range(1, n - 1), key=colours.__getitem__):
        groups.setdefault(colours[v], []).append(v)
    best = 1 << FIRST_EDGE[n]
    orders: list[Order] = []
    number = list(range(n))
    for parts in product(*map(permutations, groups.values())):
        order = tuple(chain.from_iterable(parts))
        for new, old in enumerate(order, start=1):
            number[old] = new
        value = 0
        for i, j in edges:
            value |= 1 << FIRST_EDGE[number[j]] + number[i]
        if value < best:
            best, orders = value, []
        if value == best:
            orders.append(order)
    return best, tuple(orders)


def vertices_of(bits: int) -> int:
    """Number of vertices of a pruned graph: the last one has an edge."""
    return bisect_right(_LAST_EDGES, bits)


def in_matrix(bits: int, vertices: int) -> int:
    """A graph in a matrix of seven vertices, the last of which is the output."""
    start = FIRST_EDGE[vertices - 1]
    return bits & ((1 << start) - 1) | bits >> start << FIRST_EDGE[_OUTPUT]


def all_graphs() -> list[int]:
    """The edges of all cells in their canonical numbering, ascending."""
    return sorted({_numbering(bits)[0] for n in range(2, VERTICES + 1) for bits in _pruned(n)})


def _pruned(n: int) -> Iterator[int]:
    """All graphs of n vertices that have nothing to prune, in every numbering."""

    def extend(j: int, bits: int, ends: int, edges: int) -> Iterator[int]:
        # `ends` are the vertices that nothing follows so far.
        if j == n - 1:
            for sources in range(1, 1 << j):
                if edges + sources.bit_count() <= MAX_EDGES and not ends & ~sources:
                    yield bits | sources << FIRST_EDGE[j]
            return
        for sources in range(1, 1 << j):
            more = edges + sources.bit_count()
            # Every vertex to come needs an edge into it.
            if more + n - 1 - j <= MAX_EDGES:
                left = ends & ~sources | 1 << j
                yield from extend(j + 1, bits | sources << FIRST_EDGE[j], left, more)

    return extend(1, 0, 1, 0)
