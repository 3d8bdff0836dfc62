"""The benchmark ``darts/cifar10``: networks, recipes and costs."""

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
from spaces.darts.costs import WIDTH, network_cost
from spaces.darts.space import DartsSpace

if TYPE_CHECKING:
    import torch
    from torch import nn

    from spaces.darts.supernet import DartsSupernet

RECIPES = Path(__file__).with_name("cifar10.toml")


@dataclass(frozen=True)
class DartsNetworks(Networks):
    """Networks of one size.

    Attributes:
        space: of the architectures.
        chain: what surrounds the cells.
    """

    space: DartsSpace
    chain: CellChain

    abilities: ClassVar[frozenset[Ability]] = frozenset({"mixtures", "partial channels"})

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Networks.network`."""
        from spaces.darts.network import darts_network

        return darts_network(self.space, arch, self.chain, generator)

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int
    ) -> DartsSupernet:
        """See `Networks.supernet`."""
        from spaces.darts.supernet import DartsSupernet

        return DartsSupernet(self.space, self.chain, generator, normalisation, partial)


class DartsSetup(Cifar10Setup):
    """DARTS on CIFAR-10; see `LiveSetup`."""

    space: DartsSpace
    citation = f"Liu et al., DARTS: Differentiable Architecture Search, ICLR 2019; data: {CITATION}"

    def __init__(self, recipe: str) -> None:
        """Make it; no image is read.

        Raises:
            HarnessError: there is no such recipe.
        """
        super().__init__(RECIPES, recipe)
        self.space = DartsSpace()

    def _chain(self, table: Mapping[str, Any]) -> CellChain:
        return CellChain(
            table["cells"],
            table["channels"],
            WIDTH,
            self.data.side,
            CLASSES,
            auxiliary=table.get("auxiliary_weight", 0) > 0,
        )

    def search_networks(self) -> DartsNetworks:
        """See `Cifar10Setup.search_networks`."""
        return DartsNetworks(self.space, self._chain(self.recipe.search))

    def final_networks(self) -> DartsNetworks:
        """See `Cifar10Setup.final_networks`."""
        return DartsNetworks(self.space, self._chain(self.recipe.final))

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`; without the auxiliary classifier, as published counts are."""
        return network_cost(self.space.cells(arch), self._chain(self.recipe.final)).properties
