"""Layers that draw random numbers, from generators that are given to them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Stochastic(nn.Module):
    """A layer that draws in training mode.

    Attributes:
        generator: draws, on a device of its own; see `give_generator`.
    """

    generator: torch.Generator | None = None

    def uniform(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Numbers from 0 to below 1 of the type of x.

        Raises:
            RuntimeError: nobody gave the layer a generator.
        """
        if self.generator is None:
            raise RuntimeError("give_generator was not called before a stochastic layer was used")
        device = self.generator.device
        drawn = torch.rand(shape, generator=self.generator, device=device, dtype=x.dtype)
        return drawn.to(x.device)


class Dropout(Stochastic):
    """Set activations to 0 with a probability, scale up the others (Srivastava et al., 2014)."""

    def __init__(self, probability: float) -> None:
        """Remember the probability of an activation to be dropped, from 0 to below 1."""
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """Drop in training mode."""
        if not self.training or not self.probability:
            return x
        kept = self.uniform(x, tuple(x.shape)) >= self.probability
        return x * kept / (1 - self.probability)


class DropPath(Stochastic):
    """Leave a branch out for some examples (Larsson et al., FractalNet, ICLR 2017).

    Attributes:
        probability: of an example to be left out; `set_drop_path` changes it.
    """

    probability: float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Scale what is kept up, so that the mean stays."""
        if not self.training or not self.probability:
            return x
        kept = self.uniform(x, (len(x),) + (1,) * (x.dim() - 1)) >= self.probability
        return x * kept / (1 - self.probability)


def give_generator(network: nn.Module, generator: torch.Generator) -> None:
    """Let all stochastic layers draw from one generator."""
    for layer in network.modules():
        if isinstance(layer, Stochastic):
            layer.generator = generator


def set_drop_path(network: nn.Module, probability: float) -> None:
    """Set the probability of all `DropPath` layers."""
    for layer in network.modules():
        if isinstance(layer, DropPath):
            layer.probability = probability
