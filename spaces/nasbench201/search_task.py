"""What one-shot methods search on: the images of a benchmark and its networks; needs torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from harness import ABILITIES, Architecture
from harness.live.images.cifar import (
    CLASSES,
    cifar10_folder,
    crop_and_flip,
    normalised,
    read_cifar10,
)
from harness.live.layers import initialise
from harness.live.search_task import Normalisation, SearchTask
from harness.live.tasks import Part, digits, stratified_split
from spaces.nasbench201.digits import digits_setup
from spaces.nasbench201.network import Network
from spaces.nasbench201.skeleton import Skeleton
from spaces.nasbench201.supernet import CellSupernet


class CellTask(SearchTask):
    """Training and validation images, and networks of cells for them."""

    abilities = ABILITIES

    def __init__(self, name: str, train: Part, valid: Part, skeleton: Skeleton) -> None:
        """Make it.

        Args:
            name: of the data.
            train: what weights are trained on.
            valid: what architectures are judged on.
            skeleton: what surrounds the cells.
        """
        self.name, self.train, self.valid = name, train, valid
        self.classes = skeleton.classes
        self._skeleton = skeleton

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `SearchTask.network`."""
        network = SingleNetwork(arch, self._skeleton)
        initialise(network, [generator])
        return network

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> CellSupernet:
        """See `SearchTask.supernet`.

        Raises:
            HarnessError: the channels cannot be parted so.
        """
        return CellSupernet(self._skeleton, generator, normalisation, partial)


class SingleNetwork(Network):
    """One network, not stacked."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, channels, height, width)."""
        return super().forward(x)[0]


def digits_task() -> CellTask:
    """The training and validation images of `nasbench201/digits`, which are not augmented."""
    task = digits()
    return CellTask("digits", task.train, task.valid, digits_setup().skeleton)


def cifar10_task() -> CellTask:
    """The training images of CIFAR-10, half for the weights and half for the architecture.

    The authors' halves are a published list of indices that does not follow from a rule. Ours are
    ``stratified_split(labels, ..., seed=0)``: other halves of the same sizes, in which all classes
    are equally frequent; with fewer images than the official ones, halves of those.

    Raises:
        HarnessError: the images are not on this machine, or damaged.
    """
    return _cifar10_task(cifar10_folder())


@lru_cache(maxsize=1)
def _cifar10_task(folder: Path) -> CellTask:
    images, labels = read_cifar10(folder, "train")
    sizes = (len(labels) - len(labels) // 2, len(labels) // 2)
    train, valid = (
        Part(normalised(images[half]), labels[half], crop_and_flip)
        for half in stratified_split(labels, sizes, seed=0)
    )
    return CellTask("cifar10", train, valid, Skeleton(classes=CLASSES))
