"""What benchmarks of different spaces on CIFAR-10 share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.core.space import Architecture
from harness.core.suitability import Ability
from harness.live.classification import Classification
from harness.live.examples import Examples
from harness.live.images.cifar import CLASSES, Pixels, cifar10_folder, read_cifar10
from harness.live.images.cifar_examples import Augmentation, CifarExamples, CifarRecipe, checksum
from harness.live.live_recipe import read_live_recipe
from harness.live.search_task import Normalisation, SearchTask
from harness.live.setup import LiveSetup

if TYPE_CHECKING:
    import torch
    from torch import nn

    from harness.live.supernet import Supernet


class Networks(ABC):
    """The networks of a space.

    Attributes:
        abilities: see `SearchTask.abilities`.
    """

    abilities: ClassVar[frozenset[Ability]]

    @abstractmethod
    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Learning.network`."""

    @abstractmethod
    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int
    ) -> Supernet:
        """See `SearchTask.supernet`."""


class CifarLearning(Classification):
    """A classification of images."""

    def __init__(
        self, train: Examples, judged: Examples, networks: Networks, auxiliary_weight: float = 0.0
    ) -> None:
        """Make it.

        Args:
            train: what weights are trained on.
            judged: what trained networks are judged on.
            networks: of the space.
            auxiliary_weight: of the loss of the auxiliary classifier, where networks have one.
        """
        self.train, self._judged, self._networks = train, judged, networks
        self.auxiliary_weight = auxiliary_weight

    @property
    def judged(self) -> Examples:
        """See `Learning.judged`."""
        return self._judged

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Learning.network`."""
        return self._networks.network(arch, generator)


class CifarTask(CifarLearning, SearchTask):
    """What a search sees."""

    name, classes = "cifar10", CLASSES

    def __init__(self, train: Examples, valid: Examples, networks: Networks) -> None:
        """Make it; see `CifarLearning`."""
        super().__init__(train, valid, networks)
        self.valid, self.abilities = valid, networks.abilities

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> Supernet:
        """See `SearchTask.supernet`.

        Raises:
            HarnessError: the channels cannot be parted so.
        """
        return self._networks.supernet(generator, normalisation, partial)


class Cifar10Setup(LiveSetup):
    """A space on CIFAR-10; see `LiveSetup`."""

    dataset = "cifar10"
    metric = "top-1 error (%)"
    direction = "minimize"
    worst = 100.0
    licence = "published for research by A. Krizhevsky (2009), without a formal licence"

    def __init__(self, file: Path, recipe: str) -> None:
        """Make it; no image is read.

        Args:
            file: has the recipes.
            recipe: name of one of them.

        Raises:
            HarnessError: there is no such recipe, or it is not as it should be.
        """
        self.recipe = read_live_recipe(file, recipe)
        self.data = CifarRecipe(**self.recipe.data)

    @abstractmethod
    def search_networks(self) -> Networks:
        """What a search trains."""

    @abstractmethod
    def final_networks(self) -> Networks:
        """What is trained in the end."""

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return cifar10_folder(self.data.folder)

    @cached_property
    def _train(self) -> Pixels:
        images, labels = read_cifar10(self.folder, "train")
        return self.data.shrunk(images), labels

    @cached_property
    def _test(self) -> Pixels:
        images, labels = read_cifar10(self.folder, "test")
        return self.data.shrunk(images), labels

    def searched(self) -> CifarTask:
        """See `LiveSetup.searched`."""
        return CifarTask(*self.data.searched(self._train), self.search_networks())

    def final(self) -> CifarLearning:
        """See `LiveSetup.final`."""
        change = Augmentation(self.data.shift, self.data.cutout)
        return CifarLearning(
            CifarExamples(*self.data.limited(self._train, "final"), change),
            CifarExamples(*self.data.limited(self._test, "test")),
            self.final_networks(),
            self.recipe.final.get("auxiliary_weight", 0.0),
        )

    def checksum(self) -> str:
        """See `LiveSetup.checksum`; of the images as they are shown to networks, all of them."""
        return checksum(self._train, self._test)
