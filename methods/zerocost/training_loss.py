"""Training-speed estimation (Ru et al., NeurIPS 2021)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import require
from methods.zerocost.proxy import Inputs, Proxy

if TYPE_CHECKING:
    from torch import nn


class TrainingLoss(Proxy):
    """How fast a network learns: the sum of its training losses, with the sign turned.

    Ru et al., "Speedy performance estimation for neural architecture search", section 3: the mean
    losses of all batches of the first epochs, TSE, or of the last ones of these, TSE-E. Batches,
    rate and schedule are not those of a benchmark's recipe, whose cosine would end after the few
    epochs.

    Attributes:
        epochs: of training.
        counted: last epochs whose losses are summed; 0 for all of them.
        learning_rate: of all steps; see `methods.zerocost.training` for the rest.
    """

    epochs: int = 2
    counted: int = 0
    learning_rate: float = 0.025

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, epochs=(1, inf), counted=(0, self.epochs), learning_rate=(0, inf))

    def images(self) -> float:
        """See `Proxy.images`."""
        return self.epochs * len(self.task.train)

    def measure(self, network: nn.Module, inputs: Inputs) -> float:
        """See `Proxy.measure`."""
        from methods.zerocost.training import train

        images = len(self.task.train)
        steps = images // min(self.batch, images)
        losses = train(
            network,
            self.task,
            self.epochs * steps,
            self.batch,
            self.learning_rate,
            inputs.generator,
        )
        return -sum(losses[-(self.counted or self.epochs) * steps :])
