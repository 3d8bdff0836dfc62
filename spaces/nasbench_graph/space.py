"""The space of NAS-Bench-Graph (Qin et al., NeurIPS 2022, section 3.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from nas_bench_graph.architecture import Arch, gnn_list, gnn_list_proteins, link_list
from numpy.typing import NDArray

from harness import Architecture, Architectures, Decision, Graphs, SearchSpace, with_ends

OPERATIONS = tuple(gnn_list)
OPERATIONS_PROTEINS = tuple(gnn_list_proteins)
LINKS = tuple("".join(map(str, links)) for links in link_list)

# Layer i may take its input from the network's input (0) or from any layer before it.
_ANY_LINKS = re.compile("0[01][012][0123]")


def _edges(links: str) -> NDArray[np.float32]:
    """Edges between the input, the layers and the output, for the inputs of the layers."""
    edges = np.zeros((len(links) + 2, len(links) + 2), np.float32)
    for layer, source in enumerate(links, start=1):
        edges[int(source), layer] = 1.0
    # What no layer takes as its input goes to the output.
    edges[1:-1, -1] = ~edges[1:-1].any(axis=1)
    return edges


_EDGES = np.stack([_edges(links) for links in LINKS])


class NasBenchGraphSpace(SearchSpace):
    """A directed acyclic graph of four layers, each with one input and one operation.

    The notation is ``0012,gat,gcn,skip,fc``: where each of the four layers takes its input from (0
    is the network's input, i is layer i), then their operations. A genotype has one of the nine
    orders of layers that the authors keep; all 24 can be read, and are brought into one of these.
    """

    encodings: ClassVar[frozenset[str]] = SearchSpace.encodings | {"graph"}

    def __init__(self, id: str, operations: Sequence[str]) -> None:
        """Make the space with these operations."""
        choices = tuple(operations)
        super().__init__(
            id, [Decision("link", LINKS), *(Decision(f"op{i}", choices) for i in (1, 2, 3, 4))]
        )
        self._all_skip = (choices.index("skip"),) * 4
        self._keys: dict[Architecture, int] = {}

    def is_valid(self, arch: Architecture) -> bool:
        """Whether a layer does something: the authors leave out what only skips."""
        return arch[1:] != self._all_skip

    def canonical(self, arch: Architecture) -> int:
        """The authors' number of the architecture, which is its key in their tables."""
        key = self._keys.get(arch)
        if key is None:
            link, *ops = self.to_str(arch).split(",")
            key = self._keys[arch] = Arch([int(digit) for digit in link], ops).valid_hash()
        return key

    def graphs(self, archs: Architectures) -> Graphs:
        """Six nodes: the input, the four layers, the output."""
        rows = self.integers(archs)
        return Graphs(with_ends(rows[:, 1:], self.sizes[1]), _EDGES[rows[:, 0]])

    def from_str(self, text: str) -> Architecture:
        """Read the notation.

        Raises:
            InvalidArchitecture: the text is no architecture of the space.
        """
        link, *ops = [word.strip() for word in text.split(",")]
        if len(ops) == 4 and _ANY_LINKS.fullmatch(link):
            regular = Arch([int(digit) for digit in link], ops).regularize()
            text = ",".join(["".join(map(str, regular.link)), *regular.ops])
        return super().from_str(text)
