"""The NAS-Bench-201 network in T copies side by side; needs torch.

Architecture and layers follow the published benchmark (Dong and Yang, ICLR 2020): convolutions
are ReLU, convolution without bias, batch normalisation with trained scale and shift; the average
pooling leaves the padding out of the mean; weights start as torch's defaults.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture
from harness.live.layers import StackedConv, StackedHead, StackedNorm
from spaces.nasbench201.skeleton import Skeleton, live_edges
from spaces.nasbench201.space import EDGES, OPERATIONS

_SKIP, _CONV_1X1, _CONV_3X3, _POOL = (
    OPERATIONS.index(name)
    for name in ("skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
)


class ConvNorm(nn.Sequential):
    """A convolution and a batch normalisation."""

    def __init__(self, stack: int, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        """Make T of them."""
        super().__init__(
            StackedConv(stack, inputs, outputs, kernel, stride), StackedNorm(stack, outputs)
        )


class Cell(nn.Module):
    """One cell: four nodes, each the sum of its incoming edges; node 3 is the output.

    Dead edges have their weights, which count as parameters, but are not computed: so cells that
    `NasBench201Space.canonical` calls the same are the same. In one case this differs from the
    authors' code, where the convolution of a zeroed node adds a constant, the shift of its
    normalisation. What several edges share (the ReLU or the pooling of a node) is computed once.
    """

    def __init__(self, arch: Architecture, stack: int, channels: int) -> None:
        """Make T cells of one architecture."""
        super().__init__()
        self.convs = nn.ModuleDict(
            {
                str(edge): ConvNorm(stack, channels, channels, 1 if op == _CONV_1X1 else 3)
                for edge, op in enumerate(arch)
                if op in (_CONV_1X1, _CONV_3X3)
            }
        )
        self._edges = [
            (edge, source, target, arch[edge])
            for edge, ((source, target), live) in enumerate(
                zip(EDGES, live_edges(arch), strict=True)
            )
            if live
        ]

    def forward(self, x: Tensor) -> Tensor:
        """The cell's output, of the shape of its input; zeros if nothing reaches it."""
        nodes = {0: x}
        shared: dict[tuple[int, bool], Tensor] = {}
        for edge, source, target, op in self._edges:
            value = nodes[source]
            if op != _SKIP:
                pooled = op == _POOL
                if (source, pooled) not in shared:
                    shared[source, pooled] = pool(value) if pooled else functional.relu(value)
                value = shared[source, pooled]
                if not pooled:
                    value = self.convs[str(edge)](value)
            nodes[target] = nodes[target] + value if target in nodes else value
        return nodes[3] if 3 in nodes else torch.zeros_like(x)


def pool(x: Tensor) -> Tensor:
    """The 3x3 average of the neighbours that exist."""
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class ResidualReduction(nn.Module):
    """The residual block between stages: halves the maps, doubles the width."""

    def __init__(self, stack: int, inputs: int, outputs: int) -> None:
        """Make T of them."""
        super().__init__()
        self.first = ConvNorm(stack, inputs, outputs, 3, stride=2)
        self.second = ConvNorm(stack, outputs, outputs, 3)
        self.shortcut = StackedConv(stack, inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Two ReLU-convolution-normalisations plus the pooled input."""
        block = self.second(functional.relu(self.first(functional.relu(x))))
        halved = functional.avg_pool2d(x, 2, ceil_mode=True)
        reduced: Tensor = block + self.shortcut(halved)
        return reduced


class Network(nn.Module):
    """Stem, cells, reductions and head of T networks of one architecture."""

    def __init__(self, arch: Architecture, skeleton: Skeleton, stack: int = 1) -> None:
        """Make T networks; `harness.live.layers.initialise` draws their weights."""
        super().__init__()
        widths = skeleton.widths
        self.stem = ConvNorm(stack, skeleton.inputs, widths[0], 3, skeleton.stem_stride)
        body: list[nn.Module] = []
        for stage, width in enumerate(widths):
            if stage and skeleton.reduction == "residual":
                body.append(ResidualReduction(stack, widths[stage - 1], width))
            elif stage and skeleton.reduction == "pool":
                body.append(nn.AvgPool2d(2))
            body += [Cell(arch, stack, width) for _ in range(skeleton.cells)]
        self.body = nn.Sequential(*body)
        self.norm = StackedNorm(stack, widths[-1])
        self.head = StackedHead(stack, widths[-1], skeleton.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (T, batch, classes) of images (batch, T * inputs, height, width)."""
        logits: Tensor = self.head(functional.relu(self.norm(self.body(self.stem(x)))))
        return logits
