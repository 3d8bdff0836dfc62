"""ASNG-NAS (Akimoto et al., ICML 2019): a supernet whose paths are drawn from what is learned."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import Architecture, require
from harness.live.learning import FORWARD
from methods.genotype_law import GenotypeLaw
from methods.natural_gradient import AdaptiveNaturalGradient
from methods.oneshot.likeliest import likeliest
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class AsngNas(OneShot):
    """Learn weights and independent probabilities of the choices together, by natural gradients.

    Each step trains the weights on the mean loss of `samples` paths drawn from the probabilities.
    Then as many new paths are shown one batch of the validation part, without gradient, and only
    which loss is smaller moves the probabilities (algorithm 1 and section 4.1; see
    `methods.natural_gradient`). Ordered decisions are integers with a normal distribution each. The
    recommendation is the mode.

    For their own space the authors train without Nesterov's momentum (``nesterov=false``), with a
    weight decay of 3e-4 and down to a learning rate of 0; the defaults here are those of
    NAS-Bench-201, which all methods share.

    Attributes:
        samples: paths for a step of the weights, and for one of the probabilities.
        alpha: ratio of signal to noise at which the length of a step stays as it is.
        step: length of a step at first, in the Fisher metric.
    """

    samples: int = 2
    alpha: float = 1.5
    step: float = 1.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, samples=(2, inf), alpha=(1, inf), step=(1e-12, inf))

    def begin(self, search: Search) -> None:
        """See `OneShot.begin`."""
        self._law = GenotypeLaw(search.space)
        self._learner = AdaptiveNaturalGradient(self._law.variables, self.alpha, self.step)

    def paths(self, search: Search) -> list[Plan]:
        """See `OneShot.paths`."""
        drawn = self._law.draw(search.rng, self.samples)
        return [search.supernet.path(arch) for arch in self._law.genotypes(drawn)]

    def step_architecture(self, search: Search) -> None:
        """See `OneShot.step_architecture`."""
        import torch

        drawn = self._law.draw(search.rng, self.samples)
        plans = [search.supernet.path(arch) for arch in self._law.genotypes(drawn)]
        # Still in training mode: what normalises a path are the statistics of the batch.
        with torch.no_grad():
            losses = [search.loss(plan, search.valid).item() for plan in plans]
        self._learner.update(drawn, losses)

    def end_epoch(self, search: Search) -> None:
        """See `OneShot.end_epoch`."""
        search.log("delay of the natural gradient", self._learner.delay)

    def derive(self, search: Search) -> Architecture:
        """The mode; the most probable valid architecture where it is none."""
        mode = self._law.mode
        if search.space.is_valid(mode):
            return mode
        return likeliest(search.space, self._law.probabilities(), 1)[0]

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """See `OneShot.cost`."""
        return self.samples * (1 + FORWARD)

    def distribution(self, search: Search) -> list[list[float]]:
        """See `OneShot.distribution`."""
        return self._law.probabilities()
