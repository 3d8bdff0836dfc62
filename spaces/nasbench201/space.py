"""The cell space of NAS-Bench-201 (Dong and Yang, ICLR 2020, section 2.1)."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from harness import (
    Architecture,
    Architectures,
    Decision,
    Graphs,
    InvalidArchitecture,
    Panel,
    SearchSpace,
    with_ends,
)

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
# Edge i of a genotype leads from the first node to the second one; node 0 is the cell's input.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

_NONE, _SKIP = OPERATIONS.index("none"), OPERATIONS.index("skip_connect")

# The cell as a graph of operations: an edge of the cell is a node here, which leads to the edges
# that start where it ends. Node 0 is the input, the last one the output.
_SUCCESSORS = np.zeros((len(EDGES) + 2, len(EDGES) + 2), np.float32)
for _i, (_source, _target) in enumerate(EDGES, start=1):
    _SUCCESSORS[0, _i] = _source == 0
    _SUCCESSORS[_i, -1] = _target == 3
    for _j, (_next, _) in enumerate(EDGES, start=1):
        _SUCCESSORS[_i, _j] = _target == _next


class NasBench201Space(SearchSpace):
    """15,625 cells: a fully connected graph of four nodes, one operation on each of six edges.

    The notation is the official one: ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``.
    """

    encodings: ClassVar[frozenset[str]] = SearchSpace.encodings | {"graph"}

    def __init__(self) -> None:
        """Make the space."""
        super().__init__(
            "nasbench201",
            [Decision(f"{target}<-{source}", OPERATIONS) for source, target in EDGES],
        )

    def canonical(self, arch: Architecture) -> str:
        """The function of the cell as text; 6,466 cells differ in it.

        Skips pass their source through and zeroed branches become a marker, which is kept in the
        sum (``#+#`` is not ``#``): the authors' rule, which is not a full isomorphism test.
        """
        nodes = ["0"]
        for target in (1, 2, 3):
            terms = []
            for (source, end), op in zip(EDGES, arch, strict=True):
                if end == target:
                    origin = nodes[source]
                    if op == _NONE or origin == "#":
                        terms.append("#")
                    elif op == _SKIP:
                        terms.append(origin)
                    else:
                        terms.append(f"({origin})@{op}")
            nodes.append("+".join(sorted(terms)))
        return nodes[3]

    def graphs(self, archs: Architectures) -> Graphs:
        """Eight nodes: the input, the six operations in the order of a genotype, the output.

        All cells have the same edges; ``none`` is an operation like the others (Wei et al., NPENAS,
        and NASLib).
        """
        rows = self.integers(archs)
        adjacency = np.broadcast_to(_SUCCESSORS, (len(rows), *_SUCCESSORS.shape)).copy()
        return Graphs(with_ends(rows, len(OPERATIONS)), adjacency)

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """The cell: four nodes, and at each edge its operation."""
        edges = zip(EDGES, arch, strict=True)
        nodes = ("input", "node 1", "node 2", "output")
        return (Panel("cell", nodes, tuple((i, j, OPERATIONS[op]) for (i, j), op in edges)),)

    def to_str(self, arch: Architecture) -> str:
        """The official notation."""
        o = [OPERATIONS[i] for i in arch]
        return f"|{o[0]}~0|+|{o[1]}~0|{o[2]}~1|+|{o[3]}~0|{o[4]}~1|{o[5]}~2|"

    def from_str(self, text: str) -> Architecture:
        """Read the official notation.

        Raises:
            InvalidArchitecture: the text is no cell of the space.
        """
        words = re.findall(r"([^|+~]+)~(\d)", text)
        if [int(source) for _, source in words] != [source for source, _ in EDGES]:
            raise InvalidArchitecture(
                f"'{text}' is no NAS-Bench-201 cell. "
                "The form is |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            )
        choices = [
            self.choice(decision, op)
            for decision, (op, _) in zip(self.decisions, words, strict=True)
        ]
        arch = tuple(choices)
        if self.to_str(arch) != text.strip():
            raise InvalidArchitecture(f"'{text}' is no NAS-Bench-201 cell: {self.to_str(arch)} is")
        return arch
