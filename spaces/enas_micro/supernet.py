"""The supernet of the space: all operations on all outputs; needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture
from harness.live.cell_chain import CellChain, CellPlace
from harness.live.cell_layers import Norms, convolution, reset_statistics
from harness.live.cell_network import CellInputs, CellNetwork
from harness.live.search_task import Normalisation
from harness.live.supernet import Plan, Supernet
from spaces.enas_micro.network import operation
from spaces.enas_micro.space import INPUTS, NODES, OPERATIONS, Cell, EnasMicroSpace, outputs


class MicroSupernet(Supernet):
    """A chain in which each node of a cell has every operation on every earlier output.

    Its plans are single paths: which nodes are the output of a cell follows from all decisions
    together. The last convolution of a cell has weights for all nodes, of which a path takes those
    of its outputs. No normalisation of a cell has trained scale and shift (Akimoto et al., ICML
    2019).
    """

    joins = ()

    def __init__(
        self,
        space: EnasMicroSpace,
        chain: CellChain,
        generator: torch.Generator,
        normalisation: Normalisation = "batch",
    ) -> None:
        """Make it.

        Args:
            space: of the architectures.
            chain: what surrounds the cells.
            generator: draws the weights.
            normalisation: of all layers.
        """
        super().__init__()
        norms = Norms(normalisation, scaled=False)
        self._space = space
        self.choices = tuple(decision.choices for decision in space.decisions)
        self.network = CellNetwork(chain, lambda place: OpenCell(place, norms), norms, generator)

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """See `Supernet.forward`; every entry has one choice without weight."""
        arch = tuple(choice for entry in plan for choice in entry)
        logits: Tensor = self.network(images, self._space.cells(arch))
        return logits

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest choice of each decision; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{choice: None} for choice in arch]

    def reset_statistics(self) -> None:
        """See `Supernet.reset_statistics`."""
        reset_statistics(self)


class OpenCell(nn.Module):
    """One cell with all operations."""

    def __init__(self, place: CellPlace, norms: Norms) -> None:
        """Make it."""
        super().__init__()
        self._reduces, self._channels = place.reduces, place.channels
        self.inputs = CellInputs(place, norms)
        # By node, output that is taken, and operation.
        self.operations = nn.ModuleList(
            nn.ModuleList(
                nn.ModuleList(
                    operation(op, place.channels, place.reduces and source < len(INPUTS), norms)
                    for op in range(len(OPERATIONS))
                )
                for source in range(len(INPUTS) + node)
            )
            for node in range(NODES)
        )
        self.join = convolution(NODES * place.channels, place.channels, 1)
        self.norm = norms.layer(place.channels)

    def forward(self, older: Tensor, newer: Tensor, cells: tuple[Cell, Cell]) -> Tensor:
        """The outputs of the two cells before to this one's.

        Args:
            older: of the cell before the last one.
            newer: of the last cell.
            cells: the normal cell and the reduction cell of the path.
        """
        cell = cells[self._reduces]
        values = self.inputs(older, newer)
        for layers, operands in zip(self.operations, cell, strict=True):
            assert isinstance(layers, nn.ModuleList)
            terms = []
            for source, op in operands:
                choices = layers[source]
                assert isinstance(choices, nn.ModuleList)
                terms.append(choices[op](values[source]))
            values.append(terms[0] + terms[1])
        kept = outputs(cell)
        columns = [node * self._channels + i for node in kept for i in range(self._channels)]
        x = functional.relu(torch.cat([values[len(INPUTS) + node] for node in kept], 1))
        joined: Tensor = self.norm(functional.conv2d(x, self.join.weight[:, columns]))
        return joined
