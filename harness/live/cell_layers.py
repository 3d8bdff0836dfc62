"""Layers of networks of cells (Zoph et al., CVPR 2018; Liu et al., DARTS, ICLR 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from harness.live.cell_chain import AUXILIARY_WIDTHS
from harness.live.search_task import Normalisation


@dataclass(frozen=True)
class Norms:
    """How layers are normalised.

    Attributes:
        normalisation: what evaluates. Statistics that are recalibrated are means over all batches
            since the last reset.
        scaled: whether scale and shift are trained.
    """

    normalisation: Normalisation = "running"
    scaled: bool = True

    def layer(self, channels: int) -> nn.BatchNorm2d:
        """A new batch normalisation."""
        return nn.BatchNorm2d(
            channels,
            momentum=None if self.normalisation == "recalibrated" else 0.1,
            affine=self.scaled,
            track_running_stats=self.normalisation != "batch",
        )


def convolution(inputs: int, outputs: int, kernel: int, **settings: Any) -> nn.Conv2d:
    """A convolution without bias, whose weights `initialise` draws."""
    made: nn.Conv2d = skip_init(nn.Conv2d, inputs, outputs, kernel, bias=False, **settings)
    return made


class ReluConvNorm(nn.Sequential):
    """ReLU, 1x1 convolution, normalisation."""

    def __init__(self, inputs: int, outputs: int, norms: Norms) -> None:
        """Make it."""
        super().__init__(nn.ReLU(), convolution(inputs, outputs, 1), norms.layer(outputs))


class FactorizedReduction(nn.Module):
    """ReLU; two 1x1 convolutions of stride 2, one of them a pixel further; normalisation."""

    def __init__(self, inputs: int, outputs: int, norms: Norms) -> None:
        """Make it; each convolution gives half of the outputs."""
        super().__init__()
        half = outputs // 2
        self.even = convolution(inputs, half, 1, stride=2)
        self.odd = convolution(inputs, outputs - half, 1, stride=2)
        self.norm = norms.layer(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, inputs, height, width) to (n, outputs, height / 2, width / 2)."""
        x = functional.relu(x)
        reduced: Tensor = self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], 1))
        return reduced


def _separable(
    channels: int, kernel: int, stride: int, norms: Norms, dilation: int = 1
) -> list[nn.Module]:
    padding = dilation * (kernel // 2)
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": channels}
    return [
        nn.ReLU(),
        convolution(channels, channels, kernel, **settings),
        convolution(channels, channels, 1),
        norms.layer(channels),
    ]


class SeparableConv(nn.Sequential):
    """Twice: ReLU, depthwise convolution, 1x1 convolution, normalisation; the first one strides."""

    def __init__(self, channels: int, kernel: int, stride: int, norms: Norms) -> None:
        """Make it."""
        first = _separable(channels, kernel, stride, norms)
        super().__init__(*first, *_separable(channels, kernel, 1, norms))


class DilatedConv(nn.Sequential):
    """ReLU, depthwise convolution of every second pixel, 1x1 convolution, normalisation."""

    def __init__(self, channels: int, kernel: int, stride: int, norms: Norms) -> None:
        """Make it."""
        super().__init__(*_separable(channels, kernel, stride, norms, dilation=2))


class AuxiliaryHead(nn.Module):
    """A classifier of the maps of an inner cell.

    ReLU, 5x5 average pooling of stride 3, and two convolutions, of which the second one covers the
    2x2 positions that are left of maps of 8x8. The pooling of smaller or larger maps has the size
    that leaves 2x2 positions as well.
    """

    def __init__(self, inputs: int, side: int, classes: int) -> None:
        """Make it for maps of `side` pixels, 4 or more."""
        super().__init__()
        first, second = AUXILIARY_WIDTHS
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(side - 3, stride=3),
            convolution(inputs, first, 1),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            convolution(first, second, 2),
            nn.BatchNorm2d(second),
            nn.ReLU(),
        )
        self.classifier = skip_init(nn.Linear, second, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw weights and biases from ``uniform(-b, b)``, b = 1 / sqrt(fan_in): torch's default."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                bound = layer.weight[0].numel() ** -0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                if layer.bias is not None:
                    layer.bias.uniform_(-bound, bound, generator=generator)


def reset_statistics(network: nn.Module) -> None:
    """Forget the running statistics of all normalisations."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
