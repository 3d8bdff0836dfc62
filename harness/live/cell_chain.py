"""Networks of two kinds of cells in a row, as numbers: where each cell stands, what layers cost.

Such networks search for a normal and a reduction cell, each with the outputs of the two cells
before as inputs (Zoph et al., CVPR 2018). ENAS and DARTS share everything around the cells.
"""

from __future__ import annotations

from dataclasses import dataclass

# Channels of the two convolutions in an auxiliary classifier.
AUXILIARY_WIDTHS = (128, 768)

# How many times wider the stem is than the first cell.
STEM = 3


@dataclass(frozen=True)
class Cost:
    """What is counted of layers.

    Attributes:
        parameters: weights, scales, shifts and biases.
        multiply_adds: of convolutions and linear layers, for one image.
    """

    parameters: int = 0
    multiply_adds: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)

    @property
    def properties(self) -> dict[str, float]:
        """``parameters``, and ``flops``: twice the multiply-adds."""
        return {"parameters": float(self.parameters), "flops": 2.0 * self.multiply_adds}


def convolution(inputs: int, outputs: int, kernel: int, side: int) -> Cost:
    """A convolution without bias onto a square map, and its normalisation with trained scale."""
    weights = kernel**2 * inputs * outputs
    return Cost(weights + 2 * outputs, weights * side**2)


def depthwise(channels: int, kernel: int, side: int) -> Cost:
    """A depthwise convolution and a pointwise one without biases, and a normalisation."""
    weights = kernel**2 * channels
    return convolution(channels, channels, 1, side) + Cost(weights, weights * side**2)


def halved(side: int) -> int:
    """The side of a map behind a layer of stride 2."""
    return -(-side // 2)


@dataclass(frozen=True)
class CellPlace:
    """Where a cell stands.

    Attributes:
        older: channels of the output of the cell before the last one.
        newer: channels of the output of the last cell.
        channels: of the cell's own nodes.
        side: of the maps of the last cell, in pixels.
        reduces: whether it is a reduction cell, whose maps are half as wide.
        halves: whether the older maps are twice as wide as the newer ones.
    """

    older: int
    newer: int
    channels: int
    side: int
    reduces: bool
    halves: bool

    @property
    def inner(self) -> int:
        """The side of the maps of the cell's own nodes."""
        return halved(self.side) if self.reduces else self.side

    @property
    def inputs_cost(self) -> Cost:
        """Of the two 1x1 convolutions that give both inputs the cell's channels.

        A factorised reduction in the place of the first one costs as much.
        """
        first, second = (convolution(c, self.channels, 1, self.side) for c in self._inputs)
        return first + second

    @property
    def _inputs(self) -> tuple[int, int]:
        return self.older, self.newer


@dataclass(frozen=True)
class CellChain:
    """Everything about a network that is not inside its cells.

    The stem is a 3x3 convolution. The cells after one and two thirds are reduction cells, with
    twice as many channels as before. A linear layer reads the means of the last maps.

    Attributes:
        cells: their number.
        channels: of the nodes of the first cell.
        width: channels of a cell's output for each channel of a node.
        side: of the images, in pixels.
        classes: logits.
        auxiliary: whether an auxiliary classifier reads the second reduction cell.
    """

    cells: int
    channels: int
    width: int
    side: int
    classes: int
    auxiliary: bool = False

    @property
    def reductions(self) -> tuple[int, int]:
        """Numbers of the reduction cells, from 0."""
        return self.cells // 3, 2 * self.cells // 3

    @property
    def places(self) -> list[CellPlace]:
        """Of all cells, in their order."""
        found = []
        older = newer = STEM * self.channels
        channels, side, halves = self.channels, self.side, False
        for number in range(self.cells):
            reduces = number in self.reductions
            channels *= 2 if reduces else 1
            found.append(CellPlace(older, newer, channels, side, reduces, halves))
            older, newer, halves = newer, self.width * channels, reduces
            side = found[-1].inner
        return found

    @property
    def frame_cost(self) -> Cost:
        """Of what is not inside cells, without the auxiliary classifier."""
        last = self.places[-1].channels * self.width
        weights = last * self.classes
        stem = convolution(3, STEM * self.channels, 3, self.side)
        return stem + Cost(weights + self.classes, weights)
