"""What is learned on photographs, and by which mobile networks; needs torch."""

from __future__ import annotations

import torch
from torch import nn

from harness import Architecture
from harness.live.classification import Classification
from harness.live.examples import Examples
from harness.live.search_task import Normalisation, SearchTask
from spaces.mobile.network import MobileNetwork
from spaces.mobile.shape import Shape
from spaces.mobile.supernet import MobileSupernet


class MobileLearning(Classification):
    """Classification with smoothed labels by networks of one shape."""

    def __init__(self, train: Examples, judged: Examples, shape: Shape, smoothing: float) -> None:
        """Make it.

        Args:
            train: what weights are trained on.
            judged: what trained networks are judged on.
            shape: of the networks.
            smoothing: of the labels.
        """
        self.train, self._judged, self.shape = train, judged, shape
        self.label_smoothing = smoothing

    @property
    def judged(self) -> Examples:
        """See `Learning.judged`."""
        return self._judged

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `Learning.network`."""
        return MobileNetwork(arch, self.shape, generator)


class MobileTask(MobileLearning, SearchTask):
    """A classification with a supernet."""

    name = "imagenet"

    def __init__(self, train: Examples, valid: Examples, shape: Shape, smoothing: float) -> None:
        """Make it; see `MobileLearning`."""
        super().__init__(train, valid, shape, smoothing)
        self.valid, self.classes = valid, shape.classes

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> MobileSupernet:
        """See `SearchTask.supernet`."""
        return MobileSupernet(self.shape, generator, normalisation)
