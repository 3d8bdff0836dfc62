"""Networks of the DARTS space; needs torch.

Layers are those of the published code (Liu, Simonyan and Yang, ICLR 2019).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness import Architecture
from harness.live.cell_chain import CellChain, CellPlace
from harness.live.cell_layers import DilatedConv, FactorizedReduction, Norms, SeparableConv
from harness.live.cell_network import CellInputs, CellNetwork
from harness.live.stochastic import DropPath
from spaces.darts.space import INPUTS, OPERATIONS, Cell, DartsSpace


def operation(op: int, channels: int, strided: bool, norms: Norms) -> nn.Module:
    """One operation, without the normalisation that follows a pooling in a search."""
    name, stride = OPERATIONS[op], 2 if strided else 1
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, padding=1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    if name == "skip_connect":
        return FactorizedReduction(channels, channels, norms) if strided else nn.Identity()
    layer = SeparableConv if name.startswith("sep") else DilatedConv
    return layer(channels, int(name[-1]), stride, norms)


class DartsCell(nn.Module):
    """One cell; its output is all nodes, one behind the other.

    Paths that are not mere skips are dropped in training.
    """

    def __init__(self, cell: Cell, place: CellPlace, norms: Norms) -> None:
        """Make it."""
        super().__init__()
        self.inputs = CellInputs(place, norms)
        self._sources = [[source for source, _ in node] for node in cell]
        self.operations = nn.ModuleList(
            operation(op, place.channels, place.reduces and source < len(INPUTS), norms)
            for node in cell
            for source, op in node
        )
        self.drop_path = DropPath()

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """The outputs of the two cells before to this one's."""
        values = self.inputs(older, newer)
        operations = iter(self.operations)
        for sources in self._sources:
            terms = []
            for source, layer in zip(sources, operations, strict=False):
                term = layer(values[source])
                plain = isinstance(layer, nn.Identity)
                terms.append(term if plain else self.drop_path(term))
            values.append(terms[0] + terms[1])
        return torch.cat(values[len(INPUTS) :], 1)


def darts_network(
    space: DartsSpace, arch: Architecture, chain: CellChain, generator: torch.Generator
) -> CellNetwork:
    """The network of one architecture with new weights."""
    cells, norms = space.cells(arch), Norms()
    return CellNetwork(
        chain, lambda place: DartsCell(cells[place.reduces], place, norms), norms, generator
    )
