"""The supernet of the mobile space: all operations at all places; needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness import Architecture
from harness.live.batches import channels_last
from harness.live.search_task import Normalisation
from harness.live.supernet import Plan, Supernet
from spaces.mobile.network import Head, MBConv, Stem, initialise
from spaces.mobile.shape import MBCONVS, SKIP, Shape
from spaces.mobile.space import OPERATIONS


class MobileSupernet(Supernet):
    """A chain in which each place has an inverted bottleneck of every kind.

    An operation has its own normalisations, whichever paths it is part of. What it adds to its
    input belongs to it, and a skip gives its input, so that the weights of a mixture multiply both.
    """

    joins = ()

    def __init__(
        self, shape: Shape, generator: torch.Generator, normalisation: Normalisation = "batch"
    ) -> None:
        """Make it.

        Args:
            shape: of the networks.
            generator: draws the weights.
            normalisation: of all layers, stem and head included.
        """
        super().__init__()
        self.choices = tuple(OPERATIONS[: SKIP + (not place.opens)] for place in shape.places)
        self.stem = Stem(shape, normalisation)
        self.places = nn.ModuleList(
            nn.ModuleList(MBConv(place, *op, normalisation) for op in MBCONVS)
            for place in shape.places
        )
        self.head = Head(shape, normalisation)
        initialise(self, generator)

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """See `Supernet.forward`; every entry has at least one operation."""
        x = self.stem(channels_last(images))
        for operations, entry in zip(self.places, plan, strict=True):
            assert isinstance(operations, nn.ModuleList)
            x = _mixed(x, operations, entry)
        logits: Tensor = self.head(x)
        return logits

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest operation at each place; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{op: None} for op in arch]

    def reset_statistics(self) -> None:
        """See `Supernet.reset_statistics`."""
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.reset_running_stats()


def _mixed(x: Tensor, operations: nn.ModuleList, entry: Mapping[int, Tensor | None]) -> Tensor:
    """The weighted sum of what operations give."""
    outputs = []
    for op, weight in entry.items():
        value = x if op == SKIP else operations[op](x)
        outputs.append(value if weight is None else value * weight)
    return sum(outputs[1:], outputs[0])
