"""The benchmark ``nasbench201/cifar10-live``: networks, recipes and costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness import ABILITIES, Ability, Architecture
from harness.live.images.cifar import CITATION, CLASSES
from harness.live.images.cifar_setup import Cifar10Setup, Networks
from harness.live.search_task import Normalisation
from spaces.nasbench201.skeleton import Skeleton, costs
from spaces.nasbench201.space import NasBench201Space

if TYPE_CHECKING:
    import torch
    from torch import nn

    from spaces.nasbench201.supernet import CellSupernet

RECIPES = Path(__file__).with_name("cifar10_live.toml")


@dataclass(frozen=True)
class CellNetworks(Networks):
    """Networks of one size.

    Attributes:
        skeleton: what surrounds the cells.
    """

    skeleton: Skeleton

    abilities: ClassVar[frozenset[Ability]] = ABILITIES

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Networks.network`."""
        from harness.live.layers import initialise
        from spaces.nasbench201.search_task import SingleNetwork

        network = SingleNetwork(arch, self.skeleton)
        initialise(network, [generator])
        return network

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int
    ) -> CellSupernet:
        """See `Networks.supernet`."""
        from spaces.nasbench201.supernet import CellSupernet

        return CellSupernet(self.skeleton, generator, normalisation, partial)


class NasBench201Setup(Cifar10Setup):
    """The training behind the table of NAS-Bench-201, done here; see `LiveSetup`."""

    def __init__(self, recipe: str, citation: str) -> None:
        """Make it; no image is read.

        Raises:
            HarnessError: there is no such recipe.
        """
        super().__init__(RECIPES, recipe)
        self.space = NasBench201Space()
        self.citation = f"{citation}; data: {CITATION}"

    def _networks(self, stage: str) -> CellNetworks:
        size = {"search": self.recipe.search, "final": self.recipe.final}[stage]
        return CellNetworks(Skeleton(**size, size=self.data.side, classes=CLASSES))

    def search_networks(self) -> CellNetworks:
        """See `Cifar10Setup.search_networks`."""
        return self._networks("search")

    def final_networks(self) -> CellNetworks:
        """See `Cifar10Setup.final_networks`."""
        return self._networks("final")

    def costs(self, arch: Architecture) -> dict[str, float]:
        """See `LiveSetup.costs`; edges that carry nothing are counted, as in the table."""
        found = costs(arch, self._networks("final").skeleton)
        # The table counts the bias of the last layer as multiply-adds.
        return {"parameters": found.parameters, "flops": 2.0 * (found.flops - CLASSES)}
