"""Where the boxes and arrows of a drawing go; everything is in inches.

Layers by longest path, labels of arrows and bends of long arrows as further members of layers,
an order in each layer by the middle of the neighbours: the method of Sugiyama, Tagawa and Toda
(IEEE Transactions on Systems, Man and Cybernetics, 1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.core.drawing import Panel

Point = tuple[float, float]
Size = tuple[float, float]

WIDEST = 10.0
CHARACTER, LINE = 0.078, 0.165
_PAD, _GAP, _BETWEEN = 0.10, 0.16, 0.34
_SWEEPS = 24


@dataclass(frozen=True)
class Layout:
    """A drawing whose lower left corner is at (0, 0); up is positive.

    Attributes:
        size: width and height.
        texts: what is written into each box, in lines.
        boxes: middle of each box.
        sizes: width and height of each box.
        arrows: of each edge, the points from the middle of its first box to that of its last one.
        labels: of each edge, the middle of what is written at it; None where that is nothing.
    """

    size: Size
    texts: tuple[str, ...]
    boxes: tuple[Point, ...]
    sizes: tuple[Size, ...]
    arrows: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]


def extent(text: str, pad: float = _PAD) -> Size:
    """Width and height of a text of one or more lines with space around it."""
    lines = text.split("\n")
    return CHARACTER * max(map(len, lines)) + 2 * pad, LINE * len(lines) + 2 * pad * 0.7


def arrange(panel: Panel) -> Layout:
    """Place a chain in rows, and any other graph from left to right, or down if that is narrow."""
    texts = tuple(text.replace(": ", ":\n") for text in panel.nodes)
    if panel.is_chain:
        return _rows(panel, texts)
    across = _layered(panel, texts, down=False)
    return across if across.size[0] <= WIDEST else _layered(panel, texts, down=True)


def _rows(panel: Panel, texts: tuple[str, ...]) -> Layout:
    """A chain from left to right, which goes on in the next row where it is too long."""
    sizes = [extent(text) for text in texts]
    width, height = max(w for w, _ in sizes), max(h for _, h in sizes)
    step, fall = width + _BETWEEN, height + _BETWEEN
    columns = max(1, int((WIDEST + _BETWEEN) // step))
    rows = -(-len(texts) // columns)
    # Rows of the same length look better than a short last one.
    columns = -(-len(texts) // rows)
    boxes = [
        (width / 2 + step * (i % columns), height / 2 + fall * (rows - 1 - i // columns))
        for i in range(len(texts))
    ]
    arrows = []
    for i, j, _ in panel.edges:
        (x, y), (to_x, to_y) = boxes[i], boxes[j]
        half = fall / 2
        turn = () if y == to_y else ((x, y - half), (to_x, to_y + half))
        arrows.append(((x, y), *turn, (to_x, to_y)))
    size = (step * columns - _BETWEEN, fall * rows - _BETWEEN)
    box_sizes = tuple((width, height) for _ in texts)
    return Layout(size, texts, tuple(boxes), box_sizes, tuple(arrows), (None,) * len(arrows))


def _layered(panel: Panel, texts: tuple[str, ...], down: bool) -> Layout:
    """Any graph; layers follow each other to the right, or down."""
    labelled = any(label for _, _, label in panel.edges)
    ranks = [rank * (2 if labelled else 1) for rank in _longest_paths(panel)]
    sizes: list[Size] = [extent(text) for text in texts]
    paths: list[list[int]] = []
    middles: list[int | None] = []
    for source, target, label in panel.edges:
        path = [source]
        bends = range(ranks[source] + 1, ranks[target])
        # What is written at an arrow stands where it starts, in its first layer of labels.
        for rank in bends:
            ranks.append(rank)
            sizes.append(extent(label, 0.03) if label and rank == bends[0] else (0.04, 0.04))
            path.append(len(ranks) - 1)
        middles.append(path[1] if label else None)
        paths.append([*path, target])
    layers: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    for member, rank in enumerate(ranks):
        layers[rank].append(member)
    axis = 1 if down else 0
    across = _across(layers, paths, [size[1 - axis] for size in sizes])
    along = _along(layers, [size[axis] for size in sizes])
    length, breadth = (
        along[-1],
        max(a + s[1 - axis] / 2 for a, s in zip(across, sizes, strict=True)),
    )
    if down:
        points = [(across[m], length - along[ranks[m]]) for m in range(len(ranks))]
        whole = (breadth, length)
    else:
        points = [(along[ranks[m]], breadth - across[m]) for m in range(len(ranks))]
        whole = (length, breadth)
    count = len(texts)
    return Layout(
        whole,
        texts,
        tuple(points[:count]),
        tuple(sizes[:count]),
        tuple(tuple(points[member] for member in path) for path in paths),
        tuple(None if middle is None else points[middle] for middle in middles),
    )


def _longest_paths(panel: Panel) -> list[int]:
    """Edges on the longest path that leads to each box; a box without one is beside its first."""
    ranks = [0] * len(panel.nodes)
    for source, target, _ in sorted(panel.edges, key=lambda edge: edge[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def _along(layers: Sequence[Sequence[int]], extents: Sequence[float]) -> list[float]:
    """Where the middle of each layer is, and behind them the length of all."""
    found, end = [], 0.0
    for layer in layers:
        deep = max(extents[member] for member in layer)
        found.append(end + deep / 2)
        end += deep + _BETWEEN
    return [*found, end - _BETWEEN]


def _across(
    layers: list[list[int]], paths: Sequence[Sequence[int]], extents: Sequence[float]
) -> list[float]:
    """Where each member is in its layer, from 0; neighbours are close to each other."""
    near: list[list[int]] = [[] for _ in extents]
    for path in paths:
        for one, other in pairwise(path):
            near[one].append(other)
            near[other].append(one)
    rank = {member: i for i, layer in enumerate(layers) for member in layer}
    place = [0.0] * len(extents)
    for layer in layers:
        _spread(layer, [0.0] * len(layer), place, extents)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            wanted = []
            for member in layer:
                own = near[member]
                if sweep < _SWEEPS - 4:
                    # One side only, or an order could never change.
                    side = [n for n in own if (rank[n] < rank[member]) == forward]
                    own = side or own
                wanted.append(sum(place[n] for n in own) / len(own) if own else place[member])
            order = sorted(range(len(layer)), key=lambda i, w=wanted: w[i])  # type: ignore[misc]
            layer[:] = [layer[i] for i in order]
            _spread(layer, [wanted[i] for i in order], place, extents)
    low = min(place[m] - extents[m] / 2 for m in range(len(extents)))
    return [p - low for p in place]


def _spread(
    layer: Sequence[int], wanted: Sequence[float], place: list[float], extents: Sequence[float]
) -> None:
    """Bring the members of a layer, in their order, as near to where they want to be as fits.

    The least squares under distances that must be kept: a run of members that push each other lies
    around the mean of what they want (pool adjacent violators).
    """
    offsets = [0.0]
    for one, other in pairwise(layer):
        offsets.append(offsets[-1] + (extents[one] + extents[other]) / 2 + _GAP)
    blocks: list[tuple[float, int]] = []
    for target, offset in zip(wanted, offsets, strict=True):
        blocks.append((target - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (b, m), (a, n) = blocks.pop(), blocks.pop()
            blocks.append(((a * n + b * m) / (n + m), n + m))
    starts = [start for start, members in blocks for _ in range(members)]
    for member, start, offset in zip(layer, starts, offsets, strict=True):
        place[member] = start + offset
