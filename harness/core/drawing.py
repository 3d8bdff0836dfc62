"""What a drawing of an architecture shows: boxes, and arrows between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.errors import HarnessError


@dataclass(frozen=True)
class Panel:
    """One graph of a drawing, e.g. a cell or a chain of layers.

    Attributes:
        name: what it shows; empty where that needs no words.
        nodes: what is written into each box.
        edges: arrows: the box that one starts at, the one that it leads to, further down in
            `nodes`, and what is written at it, which may be empty.
    """

    name: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            HarnessError: there is no box, or an arrow does not lead down the list of boxes.
        """
        if not self.nodes:
            raise HarnessError(f"a drawing '{self.name}' without boxes")
        for source, target, label in self.edges:
            if not 0 <= source < target < len(self.nodes):
                raise HarnessError(
                    f"the arrow '{label}' from box {source} to {target} in '{self.name}': arrows "
                    f"lead from a box to a later one, and the last is {len(self.nodes) - 1}"
                )

    @classmethod
    def chain(cls, name: str, nodes: Sequence[str]) -> Panel:
        """Boxes of which each leads to the next one."""
        return cls(name, tuple(nodes), tuple((i, i + 1, "") for i in range(len(nodes) - 1)))

    @classmethod
    def cell(
        cls,
        name: str,
        inputs: Sequence[str],
        nodes: Sequence[Sequence[tuple[int, str]]],
        ends: Sequence[int],
    ) -> Panel:
        """A cell whose nodes join what operations make of earlier outputs.

        Args:
            name: what it shows.
            inputs: outputs that come from outside, in front of those of the nodes.
            nodes: of each, the outputs that it takes and the operation on each.
            ends: nodes, from 0, that the output of the cell is made of.
        """
        first, end = len(inputs), len(inputs) + len(nodes)
        boxes = (*inputs, *(f"node {i}" for i in range(1, len(nodes) + 1)), "output")
        taken = [
            (source, first + node, operation)
            for node, operands in enumerate(nodes)
            for source, operation in operands
        ]
        return cls(name, boxes, (*taken, *((first + node, end, "") for node in ends)))

    @property
    def is_chain(self) -> bool:
        """Whether each box leads to the next one, and nothing is written at an arrow."""
        return self.edges == Panel.chain(self.name, self.nodes).edges
