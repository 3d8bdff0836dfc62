"""The cells that DARTS searches (Liu, Simonyan and Yang, ICLR 2019, section 3.1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from harness import Architecture, Decision, InvalidArchitecture, Panel, SearchSpace

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
CELLS = ("normal", "reduction")
NODES = 4
# Outputs of the two cells before, in front of those of a cell's own nodes.
INPUTS = ("cell-2", "cell-1")

PAIRS = tuple(tuple(combinations(range(len(INPUTS) + node), 2)) for node in range(NODES))
"""Of each node, the pairs of outputs that it can take."""

Operand = tuple[int, int]
"""One operand of a node: which output it takes, and what it does with it."""

Cell = tuple[tuple[Operand, Operand], ...]
"""Two operands a node, the one that takes the earlier output first."""


class DartsSpace(SearchSpace):
    """Two cells of four nodes, each the sum of operations on two different earlier outputs.

    A genotype has three entries a node, the pair of outputs and then one operation on each, for the
    nodes of the normal cell and then for those of the reduction cell; so all genotypes are valid.
    An output is that of one of the two cells before (0 and 1) or of an earlier node (2 and on). The
    output of a cell is made of all its nodes.
    """

    def __init__(self) -> None:
        """Make the space."""
        super().__init__("darts", list(_decisions()))

    def cells(self, arch: Architecture) -> tuple[Cell, Cell]:
        """What a genotype stands for: the normal cell and the reduction cell."""
        half = len(arch) // 2
        return _cell(arch[:half]), _cell(arch[half:])

    def genotype(self, cells: Sequence[Cell]) -> Architecture:
        """The genotype of a normal cell and a reduction cell, operands in any order.

        Raises:
            InvalidArchitecture: a node takes the same output twice, or one that is not there.
        """
        entries: list[int] = []
        for cell in cells:
            for node, operands in enumerate(cell):
                (first, one), (second, other) = sorted(operands)
                if (first, second) not in PAIRS[node]:
                    raise InvalidArchitecture(
                        f"node {node + 1} cannot take the outputs {first} and {second}: they are "
                        f"two different ones from 0 to {node + 1}"
                    )
                entries += [PAIRS[node].index((first, second)), one, other]
        return self.check(tuple(entries))

    def canonical(self, arch: Architecture) -> tuple[Cell, ...]:
        """Both cells with nodes in an order of their own.

        Two genotypes share it if and only if one becomes the other by numbering nodes anew.
        """
        return tuple(min(_renumbered(cell)) for cell in self.cells(arch))

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """Both cells; what stands at an arrow is done with the output that it starts at."""
        return tuple(
            Panel.cell(
                name,
                INPUTS,
                [[(i, OPERATIONS[op]) for i, op in node] for node in cell],
                range(NODES),
            )
            for name, cell in zip(CELLS, self.cells(arch), strict=True)
        )

    def to_str(self, arch: Architecture) -> str:
        """Nodes as ``sep_conv_3x3~0+skip_connect~1``, with blanks between, cells with `` / ``."""
        return " / ".join(
            " ".join("+".join(f"{OPERATIONS[op]}~{source}" for source, op in node) for node in cell)
            for cell in self.cells(arch)
        )

    def from_str(self, text: str) -> Architecture:
        """Read what `to_str` writes.

        Raises:
            InvalidArchitecture: the text is no architecture of the space.
        """
        try:
            normal, reduction = (
                tuple(_node(word) for word in part.split()) for part in text.split("/")
            )
            if len(normal) != NODES or len(reduction) != NODES:
                raise ValueError
        except ValueError:
            raise InvalidArchitecture(
                f"'{text}' is no architecture of {self.id}: write two cells with / between, each "
                f"of {NODES} nodes like sep_conv_3x3~0+skip_connect~1. All operations: "
                f"{', '.join(OPERATIONS)}"
            ) from None
        return self.genotype((normal, reduction))


def _node(word: str) -> tuple[Operand, Operand]:
    one, other = word.split("+")
    return _operand(one), _operand(other)


def _operand(word: str) -> Operand:
    operation, source = word.split("~")
    return int(source), OPERATIONS.index(operation)


def _decisions() -> Iterator[Decision]:
    for cell in CELLS:
        for node, pairs in enumerate(PAIRS, 1):
            names = (*INPUTS, *(f"node{i}" for i in range(1, node)))
            choices = tuple(f"{names[first]}+{names[second]}" for first, second in pairs)
            yield Decision(f"{cell} node{node} inputs", choices)
            yield Decision(f"{cell} node{node} operation1", OPERATIONS)
            yield Decision(f"{cell} node{node} operation2", OPERATIONS)


def _cell(part: Sequence[int]) -> Cell:
    found = []
    for node, pairs in enumerate(PAIRS):
        pair, one, other = part[3 * node : 3 * node + 3]
        first, second = pairs[pair]
        found.append(((first, one), (second, other)))
    return tuple(found)


def _renumbered(cell: Cell) -> Iterator[Cell]:
    first = len(INPUTS)
    for order in _orders(cell, ()):
        # The node at each new place; an output has the place of its node.
        place = {first + node: first + i for i, node in enumerate(order)}
        found = []
        for node in order:
            one, other = sorted((place.get(source, source), op) for source, op in cell[node])
            found.append((one, other))
        yield tuple(found)


def _orders(cell: Cell, begun: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Orders of the nodes in which each comes after those that it takes, and how they begin."""
    if len(begun) == len(cell):
        yield begun
    known = {*range(len(INPUTS)), *(len(INPUTS) + node for node in begun)}
    for node, operands in enumerate(cell):
        if node not in begun and all(source in known for source, _ in operands):
            yield from _orders(cell, (*begun, node))
