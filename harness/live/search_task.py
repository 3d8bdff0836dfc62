"""What methods that train networks themselves may see: data, networks and a supernet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

from harness.core.space import Architecture
from harness.live.tasks import Part

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from harness.live.supernet import Supernet

Normalisation = Literal["batch", "running", "recalibrated"]
"""By what the normalisations of a supernet's cells evaluate a path.

``batch``: by the statistics of the batch, in training and in evaluation; nothing is stored.
``running``: by running averages over all paths that were trained. ``recalibrated``: by statistics
that are computed anew, over training images, for each path before it is evaluated.
"""


class SearchTask(ABC):
    """Training and validation data of a benchmark, and its networks; never its test data.

    What is trained is a classifier, unless a task overrides `loss` and `scores`, both of them. What
    is said of images, classes and logits here then holds of whatever it has in their place.

    Attributes:
        name: of the data.
        train: what weights are trained on.
        valid: what architectures are judged on.
        classes: number of classes; 0 where there are none.
    """

    name: str
    train: Part
    valid: Part
    classes: int

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """What training lowers: the mean over examples; the cross-entropy in nats by default.

        Args:
            outputs: of a network, in float32; logits of shape (n, classes) by default.
            labels: of the same examples, shape (n, ...).

        Returns:
            A tensor without dimensions, through which gradients can be taken.
        """
        from torch.nn import functional

        return functional.cross_entropy(outputs, labels)

    def scores(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """By what architectures are judged, without gradient; by default whether answers are right.

        Args:
            outputs: see `loss`.
            labels: see `loss`.

        Returns:
            A number or truth value for each example, shape (n,); a higher mean is better.
        """
        return outputs.argmax(1) == labels

    @abstractmethod
    def augment(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Change training images as the benchmark's recipe does.

        Args:
            images: shape (n, channels, height, width), on any device.
            generator: on the CPU.

        Returns:
            The same shape; the argument itself where the recipe changes nothing.
        """

    @abstractmethod
    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """A network of one architecture with new weights.

        Args:
            arch: a genotype of the benchmark's space.
            generator: draws the weights.

        Returns:
            Maps images (n, channels, height, width) to logits (n, classes).
        """

    @abstractmethod
    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> Supernet:
        """A network that holds every architecture of the space, with new weights.

        Args:
            generator: draws the weights.
            normalisation: of the cells.
            partial: one of so many channels goes through the operations, the others pass by (Xu et
                al., PC-DARTS, ICLR 2020).

        Raises:
            HarnessError: the space has no supernet.
        """
