"""The cells that ASNG-NAS searches for CIFAR-10 (Akimoto et al., ICML 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness import Architecture, Decision, Panel, SearchSpace

OPERATIONS = ("identity", "avg_pool_3x3", "max_pool_3x3", "sep_conv_3x3", "sep_conv_5x5")
CELLS = ("normal", "reduction")
NODES = 5
# Outputs of the two cells before, in front of those of a cell's own nodes.
INPUTS = ("cell-2", "cell-1")

Operand = tuple[int, int]
"""One operand of a node: which output it takes, and what it does with it."""

Cell = tuple[tuple[Operand, Operand], ...]
"""Two operands a node, the smaller one first."""


class EnasMicroSpace(SearchSpace):
    """Two cells of five nodes, each the sum of two operations on earlier outputs.

    A genotype has four entries a node, two inputs and then two operations, for the nodes of the
    normal cell and then for those of the reduction cell. An input is the output of one of the two
    cells before or of an earlier node. The output of a cell is made of the nodes that no other node
    takes as input.
    """

    def __init__(self) -> None:
        """Make the space."""
        super().__init__("enas-micro", list(_decisions()))

    def canonical(self, arch: Architecture) -> tuple[Cell, ...]:
        """Both cells with nodes and operands in an order of their own.

        Two genotypes share it if and only if one becomes the other by exchanging the two operands
        of a node, which are summed, and by numbering nodes anew.
        """
        return tuple(_canonical(cell) for cell in self.cells(arch))

    def cells(self, arch: Architecture) -> tuple[Cell, Cell]:
        """What a genotype stands for: the normal cell and the reduction cell."""
        half = len(arch) // 2
        return _cell(arch[:half]), _cell(arch[half:])

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """Both cells; what stands at an arrow is done with the output that it starts at."""
        return tuple(
            Panel.cell(
                name,
                INPUTS,
                [[(i, OPERATIONS[op]) for i, op in node] for node in cell],
                outputs(cell),
            )
            for name, cell in zip(CELLS, self.cells(arch), strict=True)
        )


def outputs(cell: Cell) -> list[int]:
    """Numbers of the nodes that no node takes as input, from 0, ascending."""
    used = {source - len(INPUTS) for operands in cell for source, _ in operands}
    return [node for node in range(len(cell)) if node not in used]


def _decisions() -> Iterator[Decision]:
    for cell in CELLS:
        for node in range(1, NODES + 1):
            earlier = (*INPUTS, *(f"node{i}" for i in range(1, node)))
            for kind, choices in (("input", earlier), ("operation", OPERATIONS)):
                for side in (1, 2):
                    yield Decision(f"{cell} node{node} {kind}{side}", choices)


def _cell(part: Sequence[int]) -> Cell:
    nodes = (part[i : i + 4] for i in range(0, len(part), 4))
    return tuple(_pair((a, p), (b, q)) for a, b, p, q in nodes)


def _pair(one: Operand, other: Operand) -> tuple[Operand, Operand]:
    return (one, other) if one <= other else (other, one)


def _canonical(cell: Cell) -> Cell:
    """The smallest of all cells that differ in the numbers of their nodes only."""
    return min(_renumbered(cell))


def _renumbered(cell: Cell) -> Iterator[Cell]:
    first = len(INPUTS)
    for order in _orders(cell, ()):
        # The node at each new place; an output has the place of its node.
        place = {first + node: first + i for i, node in enumerate(order)}
        yield tuple(
            _pair(*((place.get(source, source), operation) for source, operation in cell[node]))
            for node in order
        )


def _orders(cell: Cell, begun: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Orders of the nodes in which each comes after those that it takes, and how they begin."""
    if len(begun) == len(cell):
        yield begun
    known = {*range(len(INPUTS)), *(len(INPUTS) + node for node in begun)}
    for node, operands in enumerate(cell):
        if node not in begun and all(source in known for source, _ in operands):
            yield from _orders(cell, (*begun, node))
