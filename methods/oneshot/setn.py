"""SETN (Dong and Yang, ICCV 2019)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ClassVar

from harness import Architecture, require
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class SETN(Relaxed):
    """Self-evaluated template network: uniform paths, a learned distribution (ICCV 2019).

    The weights are trained on uniformly drawn paths, as the published code for NAS-Bench-201 does
    (Dong and Yang, ICLR 2020); the logits descend the validation loss of the mixture, as in DARTS.
    In the end the most probable architectures are judged on one batch of up to 512 validation
    images, and the best one is recommended. The gradient of the weights is clipped as for all
    methods, which theirs is not; ``clip=1e9`` takes that back.

    Attributes:
        samples: how many of the most probable architectures are judged.
    """

    samples: int = 100

    weighs_decisions: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, samples=(1, inf))

    def paths(self, search: Search) -> list[Plan]:
        """A random architecture."""
        return [search.supernet.path(search.space.sample(search.rng))]

    def derive(self, search: Search) -> Architecture:
        """The best of the most probable architectures."""
        from methods.oneshot.likeliest import likeliest

        return search.best_of(likeliest(search.space, self.distribution(search), self.samples))

    def last_cost(self, search: Search) -> float:
        """What is judged."""
        space = search.space
        return search.judging_cost(
            min(self.samples, len(space.population)) if space.enumerable else self.samples
        )
