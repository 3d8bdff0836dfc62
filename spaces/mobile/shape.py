"""Widths and maps of a mobile network, and what its blocks cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness import Architecture

# Blocks and stride of each stage (Luo et al., SemiNAS, NeurIPS 2020, released code).
BLOCKS = (4, 4, 4, 4, 4, 1)
STRIDES = (2, 2, 2, 1, 2, 1)

STEM_KERNEL = FIRST_KERNEL = 3
STEM_STRIDE = 2

# Expansion and kernel of each operation; a skip has neither.
MBCONVS = ((3, 3), (6, 3), (3, 5), (6, 5), (3, 7), (6, 7))
SKIP = len(MBCONVS)


@dataclass(frozen=True)
class Place:
    """Where a block stands.

    Attributes:
        inputs: channels.
        outputs: channels.
        stride: of its depthwise convolution.
        side: of its input, in pixels.
        opens: whether it is the first one of a stage, which cannot be skipped.
    """

    inputs: int
    outputs: int
    stride: int
    side: int
    opens: bool


@dataclass(frozen=True)
class Cost:
    """What is counted of layers.

    Attributes:
        parameters: weights, scales, shifts and biases.
        multiply_adds: of convolutions and linear layers for one image.
    """

    parameters: int = 0
    multiply_adds: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


def _convolution(inputs: int, outputs: int, kernel: int, side: int, groups: int = 1) -> Cost:
    """A convolution without bias onto a square map, and its normalisation."""
    weights = kernel**2 * inputs // groups * outputs
    return Cost(weights + 2 * outputs, weights * side**2)


def halved(side: int, stride: int) -> int:
    """The side of a map behind a padded convolution."""
    return -(-side // stride)


@dataclass(frozen=True)
class Shape:
    """Everything about a network that is not its operations.

    Attributes:
        resolution: side of an image in pixels.
        classes: logits.
        stem: channels of the first convolution.
        first: channels of the block that is not searched.
        widths: channels of each stage.
        head: channels before the classifier.
        dropout: share of the features before the classifier that training leaves out.
    """

    resolution: int
    classes: int
    stem: int
    first: int
    widths: tuple[int, ...]
    head: int
    dropout: float = 0.0

    @classmethod
    def of(cls, given: Mapping[str, Any], resolution: int, classes: int) -> Shape:
        """The shape that a table of a recipe describes: stem, first, widths, head and dropout."""
        own = {**given, "widths": tuple(given["widths"])}
        return cls(resolution=resolution, classes=classes, **own)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Of the searched blocks, in their order."""
        found = []
        inputs, side = self.first, halved(self.resolution, STEM_STRIDE)
        for blocks, stride, width in zip(BLOCKS, STRIDES, self.widths, strict=True):
            for block in range(blocks):
                own = stride if block == 0 else 1
                found.append(Place(inputs, width, own, side, block == 0))
                inputs, side = width, halved(side, own)
        return tuple(found)

    @cached_property
    def block_costs(self) -> tuple[tuple[Cost, ...], ...]:
        """Of each operation at each place."""
        return tuple(
            tuple(_mbconv(place, *op) for op in MBCONVS) + (() if place.opens else (Cost(),))
            for place in self.places
        )

    @cached_property
    def frame_cost(self) -> Cost:
        """Of what is not searched."""
        side = halved(self.resolution, STEM_STRIDE)
        last = self.places[-1]
        classifier = self.head * self.classes
        return (
            _convolution(3, self.stem, STEM_KERNEL, side)
            + _convolution(self.stem, self.stem, FIRST_KERNEL, side, self.stem)
            + _convolution(self.stem, self.first, 1, side)
            + _convolution(last.outputs, self.head, 1, halved(last.side, last.stride))
            + Cost(classifier + self.classes, classifier)
        )

    def cost(self, arch: Architecture) -> Cost:
        """Of the network of an architecture."""
        blocks = (costs[op] for costs, op in zip(self.block_costs, arch, strict=True))
        return sum(blocks, self.frame_cost)

    def properties(self, arch: Architecture) -> dict[str, float]:
        """``parameters``, and ``flops``: twice the multiply-adds."""
        cost = self.cost(arch)
        return {"parameters": float(cost.parameters), "flops": 2.0 * cost.multiply_adds}


def _mbconv(place: Place, expansion: int, kernel: int) -> Cost:
    """Expansion, depthwise convolution and projection."""
    inner, after = expansion * place.inputs, halved(place.side, place.stride)
    return (
        _convolution(place.inputs, inner, 1, place.side)
        + _convolution(inner, inner, kernel, after, inner)
        + _convolution(inner, place.outputs, 1, after)
    )
