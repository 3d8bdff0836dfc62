"""What a network is made of, learns from and is judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.core.space import Architecture
from harness.live.examples import Examples, Values
from harness.live.exhibits import Exhibit

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

FORWARD = 1 / 3
"""Share of the work of a training step that the forward pass is."""


class Learning(ABC):
    """Examples, a loss, measures and the networks of architectures.

    What is learned is a classification, unless `loss` and `measures` are overridden.

    Attributes:
        train: what weights are trained on.
    """

    train: Examples

    @property
    @abstractmethod
    def judged(self) -> Examples:
        """What trained networks are judged on."""

    @abstractmethod
    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """A network of one architecture with new weights.

        Args:
            arch: a genotype of the space.
            generator: draws the weights.

        Returns:
            Maps inputs to outputs, e.g. images (n, channels, height, width) to logits (n, classes).
        """

    def loss(self, outputs: Values, targets: Values) -> Tensor:
        """What training lowers: the mean over examples; the cross-entropy in nats by default.

        Args:
            outputs: of a network, in float32; logits of shape (n, classes) by default.
            targets: of the same examples; classes of shape (n,) by default.

        Returns:
            A tensor without dimensions, through which gradients can be taken.
        """
        from torch.nn import functional

        return functional.cross_entropy(outputs, targets)

    def measures(self, outputs: Values, targets: Values) -> dict[str, Tensor]:
        """What is reported of each example, without gradient.

        Args:
            outputs: of a network in evaluation mode.
            targets: see `loss`.

        Returns:
            By name with unit, e.g. ``top-1 error (%)``, a number for each example, shape (n,);
            means over all examples are reported.
        """
        from torch.nn import functional

        order = outputs.topk(min(5, outputs.shape[1]), dim=1).indices
        right = order == targets[:, None]
        return {
            "top-1 error (%)": 100 - 100 * right[:, 0].double(),
            "top-5 error (%)": 100 - 100 * right.any(1).double(),
            "loss (nats)": functional.cross_entropy(outputs, targets, reduction="none").double(),
        }

    def last_measures(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """What is measured once, of a network that was trained to its end; by default nothing."""
        return {}

    def exhibits(self, network: nn.Module, device: torch.device) -> Iterator[Exhibit]:
        """What a trained network can show to a person; by default nothing.

        Args:
            network: in evaluation mode, on the device.
            device: where to compute.
        """
        yield from ()
