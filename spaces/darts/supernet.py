"""The supernet of the DARTS space: all operations on all edges; needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture, HarnessError
from harness.live.cell_chain import CellChain, CellPlace
from harness.live.cell_layers import Norms, reset_statistics
from harness.live.cell_network import CellInputs, CellNetwork
from harness.live.search_task import Normalisation
from harness.live.supernet import Plan, Supernet
from spaces.darts.network import operation
from spaces.darts.space import CELLS, INPUTS, NODES, OPERATIONS, DartsSpace, Operand

NONE = 0
CHOICES = ("none", *OPERATIONS)

# Each edge of a cell as (output that is taken, node), in the order of a plan's entries.
EDGES = tuple((source, node) for node in range(NODES) for source in range(len(INPUTS) + node))


class DartsSupernet(Supernet):
    """A chain in which each cell has every operation on every edge (Liu et al., ICLR 2019).

    A plan has an entry for each of the 28 edges of both cells; `none`, and an entry without a
    choice, add nothing. Poolings are normalised. No normalisation of a cell has trained scale and
    shift; those of the stem have.
    """

    choices = (CHOICES,) * (len(CELLS) * len(EDGES))
    joins = tuple(
        tuple(cell * len(EDGES) + i for i, (_, end) in enumerate(EDGES) if end == node)
        for cell in range(len(CELLS))
        for node in range(NODES)
    )
    edges = tuple(
        f"{cell} {(*INPUTS, *(f'node{i + 1}' for i in range(NODES)))[source]} to node{node + 1}"
        for cell in CELLS
        for source, node in EDGES
    )

    def __init__(
        self,
        space: DartsSpace,
        chain: CellChain,
        generator: torch.Generator,
        normalisation: Normalisation = "batch",
        partial: int = 1,
    ) -> None:
        """Make it.

        Args:
            space: of the architectures.
            chain: what surrounds the cells.
            generator: draws the weights.
            normalisation: of all layers.
            partial: see `MixedEdge`.

        Raises:
            HarnessError: the channels cannot be parted so.
        """
        super().__init__()
        if partial < 1 or chain.channels % partial:
            raise HarnessError(
                f"partial={partial}: must divide the {chain.channels} channels of the first cells"
            )
        norms = Norms(normalisation, scaled=False)
        self._space, self._partial = space, partial
        self.network = CellNetwork(
            chain, lambda place: MixedCell(place, norms, partial), norms, generator
        )

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """See `Supernet.forward`; the entries of a plan are operations of the edges."""
        logits: Tensor = self.network(images, plan)
        if self._partial > 1:
            return logits
        # What nothing depends on has a gradient too, which is 0.
        idle = [entry[NONE] for entry in plan if NONE in entry]
        weights = [weight for weight in idle if weight is not None]
        return logits + 0 * torch.stack(weights).sum() if weights else logits

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """Of each node the two edges whose strongest operation, but for `none`, is strongest."""
        cells = []
        for cell in range(len(CELLS)):
            rows = strengths[cell * len(EDGES) : (cell + 1) * len(EDGES)]
            cells.append(tuple(_kept(rows, node) for node in range(NODES)))
        return self._space.genotype(cells)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`; edges that the architecture does not have are empty."""
        plan: list[dict[int, Tensor | None]] = [{} for _ in self.choices]
        for number, cell in enumerate(self._space.cells(arch)):
            for node, operands in enumerate(cell):
                for source, op in operands:
                    edge = number * len(EDGES) + EDGES.index((source, node))
                    plan[edge] = {1 + op: None}
        return plan

    def reset_statistics(self) -> None:
        """See `Supernet.reset_statistics`."""
        reset_statistics(self)


def _kept(rows: Sequence[NDArray[np.float64]], node: int) -> tuple[Operand, Operand]:
    """The two strongest operands of a node; the first ones of equals."""
    edges = zip(EDGES, rows, strict=True)
    own = [(source, row[1:]) for (source, end), row in edges if end == node]
    (one, first), (other, second) = sorted(own, key=lambda edge: -edge[1].max())[:2]
    return (one, int(first.argmax())), (other, int(second.argmax()))


class MixedCell(nn.Module):
    """One cell with all operations on all edges."""

    def __init__(self, place: CellPlace, norms: Norms, partial: int) -> None:
        """Make it."""
        super().__init__()
        self._place = place
        self.inputs = CellInputs(place, norms)
        self.edges = nn.ModuleList(
            MixedEdge(place.channels, place.reduces and source < len(INPUTS), norms, partial)
            for source, _ in EDGES
        )

    def forward(self, older: Tensor, newer: Tensor, plan: Plan) -> Tensor:
        """The outputs of the two cells before to this one's."""
        values = self.inputs(older, newer)
        start = len(EDGES) * self._place.reduces
        sums: list[Tensor | None] = [None] * NODES
        for edge, ((source, node), layer) in enumerate(zip(EDGES, self.edges, strict=True)):
            if source >= len(values):
                values.append(self._value(sums[source - len(INPUTS)], older))
            term = layer(values[source], plan[start + edge])
            if term is not None:
                before = sums[node]
                sums[node] = term if before is None else before + term
        return torch.cat([self._value(total, older) for total in sums], 1)

    def _value(self, total: Tensor | None, like: Tensor) -> Tensor:
        """The value of a node; zeros where nothing reaches it."""
        place = self._place
        shape = (len(like), place.channels, place.inner, place.inner)
        return like.new_zeros(shape) if total is None else total


class MixedEdge(nn.Module):
    """All operations of one edge."""

    def __init__(self, channels: int, strided: bool, norms: Norms, partial: int) -> None:
        """Make it.

        Args:
            channels: of input and output.
            strided: whether the output is half as wide.
            norms: how layers are normalised.
            partial: one of so many channels goes through the operations; the others pass by, where
                the edge strides by a maximum pooling, multiplied by the sum of the edge's weights;
                then channels are shuffled (Xu et al., PC-DARTS, ICLR 2020, section 3.1).
        """
        super().__init__()
        self._partial, self._width, self._strided = partial, channels // partial, strided
        self.operations = nn.ModuleList()
        for op, name in enumerate(OPERATIONS):
            layer = operation(op, self._width, strided, norms)
            if "pool" in name:
                layer = nn.Sequential(layer, norms.layer(self._width))
            self.operations.append(layer)

    def forward(self, x: Tensor, entry: Mapping[int, Tensor | None]) -> Tensor | None:
        """The weighted sum of what operations give; None where there is none."""
        if not entry or (self._partial == 1 and entry.keys() == {NONE}):
            return None
        shown = x[:, : self._width]
        terms = [
            _weighted(self.operations[choice - 1](shown), weight)
            for choice, weight in entry.items()
            if choice != NONE
        ]
        total = sum(terms[1:], terms[0]) if terms else None
        if self._partial == 1:
            return total
        rest = x[:, self._width :]
        if self._strided:
            rest = functional.max_pool2d(rest, 2)
        given = [weight for weight in entry.values() if weight is not None]
        if len(given) == len(entry):
            rest = rest * torch.stack(given).sum()
        if total is None:
            total = torch.zeros_like(rest[:, : self._width])
        n, _, height, width = rest.shape
        groups = torch.cat([total, rest], 1).view(n, self._partial, self._width, height, width)
        return groups.transpose(1, 2).reshape(n, -1, height, width)


def _weighted(value: Tensor, weight: Tensor | None) -> Tensor:
    return value if weight is None else value * weight
