"""Layers of stacked networks: T independent copies side by side, mathematics unchanged.

Activations have the shape (batch, T * channels, height, width), network by network. Every parameter
and buffer has T equal blocks along its first dimension, which is what `harness.live.training`
relies on to treat the networks apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class StackedConv(nn.Conv2d):
    """A convolution without bias, padded to keep the size at stride 1, in each of T networks."""

    def __init__(self, stack: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        """Make T convolutions from `inputs` to `outputs` channels."""
        super().__init__(
            stack * inputs,
            stack * outputs,
            kernel,
            stride,
            padding=kernel // 2,
            groups=stack,
            bias=False,
        )

    def reset_parameters(self) -> None:
        """Set the weights to zero; `initialise` draws them, from no global generator."""
        nn.init.zeros_(self.weight)


class StackedNorm(nn.Module):
    """Batch normalisation of T networks: each channel has its own statistics anyway.

    Leaner than `torch.nn.BatchNorm2d`, whose count of batches costs as much as a small layer.

    Attributes:
        momentum: weight of a batch in the running statistics.
    """

    momentum: float = 0.1
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, stack: int, channels: int) -> None:
        """Make it with torch's defaults: momentum 0.1, epsilon 1e-5, trained scale and shift."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(stack * channels))
        self.bias = nn.Parameter(torch.zeros(stack * channels))
        self.register_buffer("running_mean", torch.zeros(stack * channels))
        self.register_buffer("running_var", torch.ones(stack * channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise by the batch in training, by the running statistics in evaluation."""
        return functional.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
        )


class StackedHead(nn.Module):
    """Mean over all positions and a linear layer, in each of T networks."""

    def __init__(self, stack: int, inputs: int, classes: int) -> None:
        """Make T linear layers from `inputs` features to `classes` logits."""
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(stack, inputs, classes))
        self.bias = nn.Parameter(torch.zeros(stack, 1, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of shape (T, batch, classes)."""
        stack, inputs, _ = self.weight.shape
        # A sum and a division: three times faster than `mean` and its backward pass on a CPU.
        features = x.sum((2, 3)) / (x.shape[2] * x.shape[3])
        return torch.baddbmm(
            self.bias, features.view(-1, stack, inputs).transpose(0, 1), self.weight
        )


def initialise(network: nn.Module, generators: Sequence[torch.Generator]) -> None:
    """Draw the weights of convolutions and heads from ``uniform(-b, b)``, b = 1 / sqrt(fan_in).

    That is torch's default. Network t takes its numbers from generator t alone, layer after layer,
    so they do not depend on what it is stacked with. Biases of heads start at 0.
    """
    for layer in network.modules():
        if isinstance(layer, StackedConv | StackedHead):
            weight = layer.weight.detach()
            blocks = weight.view(len(generators), -1)
            fan_in = weight[0].numel() if isinstance(layer, StackedConv) else weight.shape[1]
            bound = fan_in**-0.5
            for block, generator in zip(blocks, generators, strict=True):
                block.uniform_(-bound, bound, generator=generator)
