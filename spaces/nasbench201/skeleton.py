"""What surrounds the cells of a NAS-Bench-201 network, and what a network costs; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import Architecture, HarnessError
from spaces.nasbench201.space import EDGES, OPERATIONS

Reduction = Literal["residual", "pool", "none"]

_NONE = OPERATIONS.index("none")
_KERNELS = {OPERATIONS.index("nor_conv_1x1"): 1, OPERATIONS.index("nor_conv_3x3"): 3}


@dataclass(frozen=True)
class Skeleton:
    """Stem, stages of cells, reductions between them, head.

    The defaults are those of the table (Dong and Yang, ICLR 2020, figure 1 and section 2.1).

    Attributes:
        channels: width of the first stage.
        stages: number of stages; each has twice the width of the one before (with reduction
            ``residual``) or the same width.
        cells: cells in each stage.
        reduction: what halves the images between stages: a residual block of two 3x3 convolutions
            that doubles the width, a 2x2 average pooling, or nothing.
        stem_stride: stride of the 3x3 convolution in the stem.
        inputs: channels of an image.
        size: height and width of an image, in pixels.
        classes: number of classes.
    """

    channels: int = 16
    stages: int = 3
    cells: int = 5
    reduction: Reduction = "residual"
    stem_stride: int = 1
    inputs: int = 3
    size: int = 32
    classes: int = 10

    def __post_init__(self) -> None:
        counts = (self.channels, self.stages, self.cells, self.stem_stride, self.inputs)
        if min(*counts, self.size, self.classes) < 1:
            raise HarnessError(f"skeleton: every number must be 1 or more: {self}")
        if self.reduction not in ("residual", "pool", "none"):
            raise HarnessError(
                f"skeleton: no reduction '{self.reduction}'. All: none, pool, residual"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        growth = 2 if self.reduction == "residual" else 1
        return tuple(self.channels * growth**stage for stage in range(self.stages))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Height and width of the maps of each stage, in pixels."""
        sizes = [-(-self.size // self.stem_stride)]
        for _ in range(self.stages - 1):
            size = sizes[-1]
            halved = {"residual": -(-size // 2), "pool": size // 2, "none": size}
            sizes.append(halved[self.reduction])
        return tuple(sizes)


@dataclass(frozen=True)
class Costs:
    """What a network costs, as the table counts it.

    Attributes:
        parameters: trained numbers, those of convolutions that cannot reach the output included.
        flops: multiply-accumulate operations of convolutions and the linear layer (with its bias)
            for one image, dead convolutions included; normalisations, poolings and sums are free.
            The benchmark calls these FLOPs; counters that take a multiplication and an addition as
            two give about twice as many.
    """

    parameters: int
    flops: int


def costs(arch: Architecture, skeleton: Skeleton) -> Costs:
    """The costs of one network, by formula."""
    widths, sizes = skeleton.widths, skeleton.sizes
    taps = [_KERNELS[op] ** 2 for op in arch if op in _KERNELS]
    stem = skeleton.inputs * widths[0] * 9
    parameters = stem + 2 * widths[0]
    flops = stem * sizes[0] ** 2
    for width, size in zip(widths, sizes, strict=True):
        parameters += skeleton.cells * sum(width**2 * tap + 2 * width for tap in taps)
        flops += skeleton.cells * sum(taps) * width**2 * size**2
    if skeleton.reduction == "residual":
        for before, after, size in zip(widths, widths[1:], sizes[1:], strict=False):
            weights = 9 * before * after + 9 * after**2 + before * after
            parameters += weights + 4 * after
            flops += weights * size**2
    head = widths[-1] * skeleton.classes + skeleton.classes
    return Costs(parameters + 2 * widths[-1] + head, flops + head)


def live_edges(arch: Architecture) -> tuple[bool, ...]:
    """Which edges carry something from the cell's input to its output; the others are dead."""
    fed = [True, False, False, False]
    used = [False, False, False, True]
    for (source, target), op in zip(EDGES, arch, strict=True):
        fed[target] |= op != _NONE and fed[source]
    for (source, target), op in reversed(list(zip(EDGES, arch, strict=True))):
        used[source] |= op != _NONE and used[target]
    return tuple(
        op != _NONE and fed[source] and used[target]
        for (source, target), op in zip(EDGES, arch, strict=True)
    )
