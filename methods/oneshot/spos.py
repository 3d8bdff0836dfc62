"""SPOS (Guo, Zhang, Mu, Heng, Liu, Wei and Sun, ECCV 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.oneshot.evolution import Evolutionary

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class SPOS(Evolutionary):
    """Single path one-shot: train uniformly drawn paths, then evolve (Guo et al., ECCV 2020).

    Each step trains one path, drawn uniformly (section 3.2). For the evolution on its weights see
    `methods.oneshot.evolution`. The authors train for ImageNet with settings of their own; those
    here are the ones of NAS-Bench-201, which all methods share.
    """

    def paths(self, search: Search) -> list[Plan]:
        """A random architecture."""
        return [search.supernet.path(search.space.sample(search.rng))]
