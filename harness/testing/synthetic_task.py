"""A supernet and data to train it on, for any space; made of torch and trained in moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness.core.space import Architecture, SearchSpace
from harness.core.suitability import ABILITIES
from harness.live.search_task import Normalisation, SearchTask
from harness.live.supernet import Plan, SinglePath, Supernet
from harness.live.tasks import Part

WIDTH = 8


class SyntheticTask(SearchTask):
    """Images of 2x2 pixels; their class is whether both rows have the same sign.

    No linear network can tell it. Of a decision's choices number 0 is nothing, 1 the identity, 2 a
    linear layer, and all others are layers that can tell.
    """

    name = "generated"
    classes = 2
    abilities = ABILITIES

    def __init__(self, space: SearchSpace, train: int = 200, valid: int = 100) -> None:
        """Make so many images for the space's architectures."""
        self._space = space
        self.train, self.valid = _part(train, 0), _part(valid, 1)

    def network(self, arch: Architecture, generator: torch.Generator) -> nn.Module:
        """See `SearchTask.network`."""
        return SinglePath(self.supernet(generator, "batch"), arch)

    def supernet(
        self, generator: torch.Generator, normalisation: Normalisation, partial: int = 1
    ) -> Supernet:
        """See `SearchTask.supernet`."""
        return SyntheticSupernet(self._space, generator, normalisation, partial)


def _part(count: int, seed: int) -> Part:
    rng = np.random.default_rng([201, seed])
    rows = rng.choice([-1.0, 1.0], (count, 2))
    images = rows[:, None, :, None] + 0.4 * rng.normal(size=(count, 1, 2, 2))
    labels = (rows[:, 0] == rows[:, 1]).astype(np.int64)
    return Part(images.astype(np.float32), labels, _mirrored)


def _mirrored(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of the images, which changes no class."""
    mirrored = torch.rand(len(images), generator=generator).to(images.device) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


class SyntheticSupernet(Supernet):
    """Every decision is an operation on the same features; their outputs are summed."""

    def __init__(
        self,
        space: SearchSpace,
        generator: torch.Generator,
        normalisation: Normalisation,
        partial: int,
    ) -> None:
        """See `SearchTask.supernet`."""
        super().__init__()
        self._space = space
        self._through = WIDTH // partial
        self.choices = tuple(decision.choices for decision in space.decisions)
        self.joins = (tuple(range(len(self.choices))),)
        self.stem = _Linear(4, WIDTH, generator)
        self.layers = nn.ModuleDict(
            {
                f"{decision} {choice}": nn.Sequential(
                    _Linear(self._through, self._through, generator),
                    nn.BatchNorm1d(
                        self._through,
                        affine=False,
                        track_running_stats=normalisation != "batch",
                        # None is the mean over all batches since the last reset.
                        momentum=0.1 if normalisation == "running" else None,
                    ),
                    nn.ReLU() if choice > 2 else nn.Identity(),
                )
                for decision, names in enumerate(self.choices)
                for choice in range(2, len(names))
            }
        )
        self.head = _Linear(WIDTH, 2, generator)

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """See `Supernet.forward`."""
        features = self.stem(images.flatten(1))
        part, rest = features.split([self._through, WIDTH - self._through], dim=1)
        total = torch.zeros_like(features)
        for decision, weights in enumerate(plan):
            for choice, weight in weights.items():
                value = torch.cat([self._operation(decision, choice, part), rest], dim=1)
                total = total + (value if weight is None else weight * value)
        logits: Tensor = self.head(total)
        return logits

    def _operation(self, decision: int, choice: int, x: Tensor) -> Tensor:
        if choice < 2:
            return x if choice else torch.zeros_like(x)
        value: Tensor = self.layers[f"{decision} {choice}"](x)
        return value

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The valid architecture whose choices are strongest in sum."""
        archs = self._space.population
        total = sum(row[archs[:, i]] for i, row in enumerate(strengths))
        return self._space.tuples(archs[[int(np.argmax(total))]])[0]

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{choice: None} for choice in arch]

    def reset_statistics(self) -> None:
        """See `Supernet.reset_statistics`."""
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm1d):
                layer.reset_running_stats()


class _Linear(nn.Module):
    """A linear layer that draws from no global generator."""

    def __init__(self, inputs: int, outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = inputs**-0.5
        weight = torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)
