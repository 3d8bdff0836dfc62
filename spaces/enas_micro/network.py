"""Networks of the space; needs torch.

Layers are those of the released code (Akimoto et al., ICML 2019).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture
from harness.live.cell_chain import CellChain, CellPlace
from harness.live.cell_layers import FactorizedReduction, Norms, SeparableConv, convolution
from harness.live.cell_network import CellInputs, CellNetwork
from harness.live.stochastic import DropPath
from spaces.enas_micro.space import INPUTS, OPERATIONS, Cell, EnasMicroSpace, outputs


def operation(op: int, channels: int, strided: bool, norms: Norms) -> nn.Module:
    """One operation; an average pooling counts what is outside as zeros."""
    name, stride = OPERATIONS[op], 2 if strided else 1
    if name == "identity":
        return FactorizedReduction(channels, channels, norms) if strided else nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, padding=1)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, padding=1)
    return SeparableConv(channels, int(name[-1]), stride, norms)


class MicroCell(nn.Module):
    """One cell.

    Paths that are not mere identities are dropped in training, each operand by its own draw.
    """

    def __init__(self, cell: Cell, place: CellPlace, norms: Norms) -> None:
        """Make it."""
        super().__init__()
        self.inputs = CellInputs(place, norms)
        self._cell, self._outputs = cell, outputs(cell)
        self.operations = nn.ModuleList(
            nn.ModuleDict(
                {
                    _key(source, op): operation(
                        op, place.channels, place.reduces and source < len(INPUTS), norms
                    )
                    for source, op in operands
                }
            )
            for operands in cell
        )
        self.join = convolution(len(self._outputs) * place.channels, place.channels, 1)
        self.norm = norms.layer(place.channels)
        self.drop_path = DropPath()

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """The outputs of the two cells before to this one's."""
        values = self.inputs(older, newer)
        for operands, layers in zip(self._cell, self.operations, strict=True):
            assert isinstance(layers, nn.ModuleDict)
            known: dict[str, Tensor] = {}
            terms = []
            for source, op in operands:
                key = _key(source, op)
                if key not in known:
                    known[key] = layers[key](values[source])
                plain = isinstance(layers[key], nn.Identity)
                terms.append(known[key] if plain else self.drop_path(known[key]))
            values.append(terms[0] + terms[1])
        kept = torch.cat([values[len(INPUTS) + node] for node in self._outputs], 1)
        joined: Tensor = self.norm(self.join(functional.relu(kept)))
        return joined


def _key(source: int, op: int) -> str:
    return f"{source} {op}"


def micro_network(
    space: EnasMicroSpace, arch: Architecture, chain: CellChain, generator: torch.Generator
) -> CellNetwork:
    """The network of one architecture with new weights."""
    cells, norms = space.cells(arch), Norms()
    return CellNetwork(
        chain, lambda place: MicroCell(cells[place.reduces], place, norms), norms, generator
    )
