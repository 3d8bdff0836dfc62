"""Mobile networks of one architecture; needs torch."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from harness import Architecture
from harness.live.batches import channels_last
from harness.live.search_task import Normalisation
from harness.live.stochastic import Dropout
from spaces.mobile.shape import (
    FIRST_KERNEL,
    MBCONVS,
    SKIP,
    STEM_KERNEL,
    STEM_STRIDE,
    Place,
    Shape,
)


class ConvNorm(nn.Sequential):
    """A padded convolution without bias, a normalisation and, where wanted, ReLU6."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
        normalisation: Normalisation = "running",
    ) -> None:
        """Make it; `initialise` draws the weights.

        Args:
            inputs: channels.
            outputs: channels.
            kernel: side.
            stride: of the convolution.
            groups: of the convolution.
            active: whether ReLU6 follows.
            normalisation: what evaluates a path. Statistics that are recalibrated are means over
                all batches since the last reset.
        """
        conv = skip_init(
            nn.Conv2d,
            inputs,
            outputs,
            kernel,
            stride=stride,
            padding=kernel // 2,
            groups=groups,
            bias=False,
        )
        norm = nn.BatchNorm2d(
            outputs,
            eps=1e-3,
            momentum=None if normalisation == "recalibrated" else 0.1,
            track_running_stats=normalisation != "batch",
        )
        super().__init__(conv, norm, *([nn.ReLU6(inplace=True)] if active else []))


class MBConv(nn.Module):
    """An inverted bottleneck (Sandler et al., MobileNetV2, CVPR 2018).

    Where input and output have the same shape, the input is added to the output.
    """

    def __init__(
        self, place: Place, expansion: int, kernel: int, normalisation: Normalisation = "running"
    ) -> None:
        """Make it.

        Args:
            place: where it stands.
            expansion: inner channels for each channel of the input; with 1 nothing expands.
            kernel: side of the depthwise convolution.
            normalisation: see `ConvNorm`.
        """
        super().__init__()
        inner = place.inputs * expansion
        unit = partial(ConvNorm, normalisation=normalisation)
        layers = [unit(place.inputs, inner, 1)] if expansion > 1 else []
        layers.append(unit(inner, inner, kernel, place.stride, inner))
        layers.append(unit(inner, place.outputs, 1, active=False))
        self.layers = nn.Sequential(*layers)
        self._adds = place.stride == 1 and place.inputs == place.outputs

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        y: Tensor = self.layers(x)
        return x + y if self._adds else y


class Stem(nn.Sequential):
    """What stands before the searched blocks: a convolution and a block without expansion."""

    def __init__(self, shape: Shape, normalisation: Normalisation = "running") -> None:
        """Make it."""
        place = Place(shape.stem, shape.first, 1, 0, opens=True)
        super().__init__(
            ConvNorm(3, shape.stem, STEM_KERNEL, STEM_STRIDE, normalisation=normalisation),
            MBConv(place, 1, FIRST_KERNEL, normalisation),
        )


class Head(nn.Module):
    """What follows the searched blocks: a convolution, the mean over positions, a classifier."""

    def __init__(self, shape: Shape, normalisation: Normalisation = "running") -> None:
        """Make it."""
        super().__init__()
        self.conv = ConvNorm(shape.widths[-1], shape.head, 1, normalisation=normalisation)
        self.dropout = Dropout(shape.dropout)
        self.classifier = skip_init(nn.Linear, shape.head, shape.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        logits: Tensor = self.classifier(self.dropout(self.conv(x).mean((2, 3))))
        return logits


class MobileNetwork(nn.Module):
    """The network of one architecture; skipped blocks are not there."""

    def __init__(self, arch: Architecture, shape: Shape, generator: torch.Generator) -> None:
        """Make it with new weights."""
        super().__init__()
        self.stem = Stem(shape)
        chosen = zip(shape.places, arch, strict=True)
        self.blocks = nn.Sequential(
            *(MBConv(place, *MBCONVS[op]) for place, op in chosen if op != SKIP)
        )
        self.head = Head(shape)
        initialise(self, generator)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 3, height, width)."""
        logits: Tensor = self.head(self.blocks(self.stem(channels_last(images))))
        return logits


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights.

    Those of convolutions are normal with variance 2 / (kernel^2 outputs) (He et al., ICCV 2015,
    fan-out), those of the classifier uniform up to 1 / sqrt(inputs); biases are 0.
    """
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                fan_out = layer.out_channels * math.prod(layer.kernel_size)
                layer.weight.normal_(0, math.sqrt(2 / fan_out), generator=generator)
            elif isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.zero_()
