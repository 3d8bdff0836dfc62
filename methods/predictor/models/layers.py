"""Layers whose randomness comes from a generator that is passed in."""

from __future__ import annotations

import torch
from torch import Tensor


def linear(inputs: int, outputs: int, generator: torch.Generator) -> torch.nn.Linear:
    """A linear layer, its weights drawn from torch's own distribution by a generator."""
    # Made without memory: elsewhere, torch draws from its global generator.
    layer = torch.nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    bound = inputs**-0.5
    with torch.no_grad():
        for weights in layer.parameters():
            weights.uniform_(-bound, bound, generator=generator)
    return layer


class Dropout(torch.nn.Module):
    """Dropout with a generator of its own."""

    def __init__(self, rate: float, generator: torch.Generator) -> None:
        """Drop numbers with this probability while training."""
        super().__init__()
        self._rate, self._generator = rate, generator

    def forward(self, x: Tensor) -> Tensor:
        """Some numbers are zero, and the others larger for it."""
        if not self.training or self._rate == 0:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self._rate, generator=self._generator)
        return x * kept.mul_(1 / (1 - self._rate))
