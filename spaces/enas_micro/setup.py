"""The benchmark ``enas-micro/cifar10``: networks, recipes and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Ability, Architecture
from harness.live.cell_chain import CellChain
from harness.live.images.cifar import CITATION, CLASSES
from harness.live.images.cifar_setup import Cifar10Setup, Networks
from harness.live.search_task import Normalisation
from spaces.enas_micro.costs import WIDTH, network_cost, widest
from spaces.enas_micro.space import EnasMicroSpace

if TYPE_CHECKING:
    import torch
    from torch import nn

    from spaces.enas_micro.supernet import MicroSupernet

RECIPES = Path(__file__).with_name("cifar10.toml")


@dataclass(frozen=True)
class MicroNetworks(Networks):
    """Networks of one size.

    Attributes:
        space: of the architectures.
        chain: what surrounds the cells.
        parameters: at most; networks then have as many channels as that allows. 0 for the channels
            of the chain.
    """

    space: EnasMicroSpace
    chain: CellChain
    parameters: int = 0

    # The output of a cell follows from all decisions together.
    abilities: ClassVar[frozenset[Ability]] = frozenset()

    def chain_of(self, arch: Architecture) -> CellChain:
        """What surrounds the cells of an architecture."""
        cells = self.space.cells(arch)
        return widest(cells, self.chain, self.parameters) if self.parameters else self.chain

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Networks.network`."""
        from spaces.enas_micro.network import micro_network

        return micro_network(self.space, arch, self.chain_of(arch), generator)

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int
    ) -> MicroSupernet:
        """See `Networks.supernet`."""
        from spaces.enas_micro.supernet import MicroSupernet

        return MicroSupernet(self.space, self.chain, generator, normalisation)


class EnasMicroSetup(Cifar10Setup):
    """ASNG-NAS on CIFAR-10; see `LiveSetup`."""

    space: EnasMicroSpace
    citation = (
        "Akimoto et al., Adaptive Stochastic Natural Gradient Method for One-Shot Neural "
        f"Architecture Search, ICML 2019; data: {CITATION}"
    )

    def __init__(self, recipe: str) -> None:
        """Make it; no image is read.

        Raises:
            HarnessError: there is no such recipe.
        """
        super().__init__(RECIPES, recipe)
        self.space = EnasMicroSpace()

    def _chain(self, table: Mapping[str, Any]) -> CellChain:
        auxiliary = table.get("auxiliary_weight", 0) > 0
        # Where parameters are limited, channels follow from them.
        channels = table.get("channels", 1)
        return CellChain(table["cells"], channels, WIDTH, self.data.side, CLASSES, auxiliary)

    def search_networks(self) -> MicroNetworks:
        """See `Cifar10Setup.search_networks`."""
        return MicroNetworks(self.space, self._chain(self.recipe.search))

    def final_networks(self) -> MicroNetworks:
        """See `Cifar10Setup.final_networks`."""
        final = self.recipe.final
        return MicroNetworks(self.space, self._chain(final), final["parameters"])

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`; without the auxiliary classifier, as published counts are."""
        chain = self.final_networks().chain_of(arch)
        return network_cost(self.space.cells(arch), chain).properties
