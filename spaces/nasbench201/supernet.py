"""The supernet of NAS-Bench-201: every cell with shared weights; needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture, HarnessError
from harness.live.batches import channels_last
from harness.live.layers import StackedHead, StackedNorm, initialise
from harness.live.search_task import Normalisation
from harness.live.supernet import Plan, Supernet
from spaces.nasbench201.mixed_cell import MixedCell, SharedNorm, readings
from spaces.nasbench201.network import ConvNorm, ResidualReduction
from spaces.nasbench201.skeleton import Skeleton
from spaces.nasbench201.space import EDGES, OPERATIONS


class CellSupernet(Supernet):
    """Stem, mixed cells, reductions and head.

    Normalisations as in the authors' second code (Dong et al., NATS-Bench, TPAMI 2021): in cells
    without trained scale and shift; in the stem and in reductions with both and with running
    statistics, whatever those of the cells are; before the classifier with both, and with the
    statistics of the cells.

    An edge without choices, and `none`, add nothing. Every weight of a plan gets a gradient: 0
    where nothing depends on it.
    """

    choices = (OPERATIONS,) * len(EDGES)
    joins = tuple(
        tuple(edge for edge, (_, end) in enumerate(EDGES) if end == node) for node in (1, 2, 3)
    )

    def __init__(
        self,
        skeleton: Skeleton,
        generator: torch.Generator,
        normalisation: Normalisation = "batch",
        partial: int = 1,
    ) -> None:
        """Make it.

        Args:
            skeleton: what surrounds the cells.
            generator: draws the weights.
            normalisation: of the cells.
            partial: see `MixedCell`.

        Raises:
            HarnessError: the channels cannot be parted so.
        """
        super().__init__()
        widths = skeleton.widths
        if partial < 1 or widths[0] % partial:
            raise HarnessError(
                f"partial={partial}: must divide the {widths[0]} channels of the first cells"
            )
        self.stem = ConvNorm(1, skeleton.inputs, widths[0], 3, skeleton.stem_stride)
        body: list[nn.Module] = []
        for stage, width in enumerate(widths):
            if stage and skeleton.reduction == "residual":
                body.append(ResidualReduction(1, widths[stage - 1], width))
            elif stage and skeleton.reduction == "pool":
                body.append(nn.AvgPool2d(2))
            body += [MixedCell(width, normalisation, partial) for _ in range(skeleton.cells)]
        self.body = nn.ModuleList(body)
        self.norm = SharedNorm(1, widths[-1], normalisation)
        self.scale = nn.Parameter(torch.ones(widths[-1]))
        self.shift = nn.Parameter(torch.zeros(widths[-1]))
        self.head = StackedHead(1, widths[-1], skeleton.classes)
        # On a CPU it takes a third of the time off a path with maps of 32x32, and adds a tenth to
        # one with maps of 4x4.
        self._channels_last = skeleton.sizes[0] >= 16
        self._partial = partial
        self._cumulative = normalisation == "recalibrated"
        self._passes = 0
        initialise(self, [generator])

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """See `Supernet.forward`; the entries of a plan are operations of the six edges."""
        if self.training and self._cumulative:
            self._passes += 1
            for norm in self._norms():
                norm.momentum = 1 / self._passes
        order, idle = readings(plan, self._partial)
        x = self.stem(channels_last(images) if self._channels_last else images)
        for layer in self.body:
            x = layer(x, order) if isinstance(layer, MixedCell) else layer(x)
        x = functional.relu(self.norm(x, weight=self.scale, bias=self.shift))
        logits: Tensor = self.head(x)[0]
        return logits + 0 * torch.stack(idle).sum() if idle else logits

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest operation of each edge, `none` among them; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{op: None} for op in arch]

    def reset_statistics(self) -> None:
        """Forget the running statistics of all normalisations.

        With ``recalibrated`` they are the means over all batches that follow in training mode,
        which must be of one path.
        """
        self._passes = 0
        for norm in self._norms():
            for name, buffer in norm.named_buffers():
                buffer.fill_(name == "running_var")

    def _norms(self) -> list[StackedNorm | SharedNorm]:
        return [m for m in self.modules() if isinstance(m, StackedNorm | SharedNorm)]
