"""The supernet of ``toy/asng`` and the noise that stands for its images; needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness import Architecture
from harness.live.search_task import Normalisation, SearchTask
from harness.live.supernet import Plan, SinglePath, Supernet
from harness.live.tasks import Part

# Draws of the noise in each part.
DRAWS = 1000


class AsngTask(SearchTask):
    """Noise to learn from, in place of images; outputs are terms of the loss, one a variable.

    The paper draws z from ``N(0, 1 / K**2)`` anew for each evaluation. Here each part has 1,000
    draws made beforehand, so that an epoch is one; the best x is their mean, ``1 / (K sqrt(1000))``
    from 0. There the two architectures of a step share one z, which is ``batch=1`` here: with n
    images a step the noise of a gradient is that of their mean.
    """

    name = "asng"
    classes = 0

    def __init__(self, variables: int, choices: int) -> None:
        """Draw the noise.

        Args:
            variables: their number.
            choices: of each variable.
        """
        self._sizes = variables, choices
        self.train, self.valid = _part(*self._sizes, 0), _part(*self._sizes, 1)

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The sum of the terms; there are no labels to look at."""
        return outputs.sum(1).mean()

    def scores(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Minus the loss of each draw."""
        return -outputs.sum(1)

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `SearchTask.network`; what other choices have is never used."""
        return SinglePath(self.supernet(generator, "batch"), arch)

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> AsngSupernet:
        """See `SearchTask.supernet`; there is nothing to normalise."""
        return AsngSupernet(*self._sizes, generator)


def _part(variables: int, choices: int, seed: int) -> Part:
    rng = np.random.default_rng([2019, seed])
    z = rng.normal(scale=1 / choices, size=(DRAWS, variables, 1, 1))
    return Part(z.astype(np.float32), np.zeros(DRAWS, np.int64))


class AsngSupernet(Supernet):
    """One number for each choice of each variable, drawn from N(0, 1) as in the paper.

    The output of a choice is its term of the loss. A mixture weighs terms, so that with
    probabilities as weights its loss is the mean loss of what they would draw.

    Attributes:
        x: shape (variables, choices).
    """

    def __init__(self, variables: int, choices: int, generator: torch.Generator) -> None:
        """Draw x."""
        super().__init__()
        self.choices = (tuple(map(str, range(choices))),) * variables
        self.joins = (tuple(range(variables)),)
        self.x = nn.Parameter(torch.randn(variables, choices, generator=generator))

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """Terms of the loss.

        Args:
            images: draws of z, shape (n, variables, 1, 1).
            plan: one entry a variable.

        Returns:
            Shape (n, variables).
        """
        z = images.flatten(1)
        rows = torch.tensor([i for i, row in enumerate(plan) for _ in row], device=z.device)
        chosen = torch.tensor([choice for row in plan for choice in row], device=z.device)
        terms = (self.x[rows, chosen] - z[:, rows]).square() + chosen / self.x.shape[1]
        weights = [weight for row in plan for weight in row.values()]
        if any(weight is not None for weight in weights):
            one = terms.new_ones(())
            terms = terms * torch.stack([one if weight is None else weight for weight in weights])
        return torch.zeros_like(z).index_add(1, rows, terms)

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest choice of each variable; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{choice: None} for choice in arch]

    def reset_statistics(self) -> None:
        """There are none."""
