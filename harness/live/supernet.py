"""The contract of a supernet: one network whose weights all architectures share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.core.space import Architecture

Plan = Sequence[Mapping[int, Tensor | None]]
"""What a forward pass computes: for each decision the choices that are, with their weights.

A weight is a tensor without dimensions that multiplies the choice's output; None stands for 1.
Choices that are absent are not computed. A path is a plan with one choice a decision.
"""


class Supernet(nn.Module, ABC):
    """A network in which every decision of a space is open.

    Attributes:
        choices: names of the choices of each decision, in the order of a genotype's entries.
        joins: groups of decisions whose outputs are summed, each a tuple of indices; what edge
            weights (PC-DARTS) are normalised over.
        edges: names of what `choices` and plans have an entry for, where these are not the
            decisions of the space; then only `path` and `derive` lead from one to the other.
    """

    choices: tuple[tuple[str, ...], ...]
    joins: tuple[tuple[int, ...], ...]
    edges: tuple[str, ...] = ()

    @abstractmethod
    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """Logits.

        Args:
            images: shape (n, channels, height, width).
            plan: one entry a decision.

        Returns:
            Shape (n, classes).
        """

    @abstractmethod
    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The architecture of the strongest choices, by the rule of the space's authors.

        Args:
            strengths: of each decision's choices, each of shape (choices,).
        """

    @abstractmethod
    def path(self, arch: Architecture) -> Plan:
        """The plan of one architecture."""

    @abstractmethod
    def reset_statistics(self) -> None:
        """Forget the running statistics of all normalisations, before a recalibration."""


class SinglePath(nn.Module):
    """The network of one architecture, made of a supernet of its own."""

    def __init__(self, supernet: Supernet, arch: Architecture) -> None:
        """Take the path of an architecture."""
        super().__init__()
        self.supernet, self._plan = supernet, supernet.path(arch)

    def forward(self, images: Tensor) -> Tensor:
        """What the supernet gives for the path."""
        outputs: Tensor = self.supernet(images, self._plan)
        return outputs
