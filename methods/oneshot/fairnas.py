"""FairNAS (Chu, Zhang and Xu, ICCV 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.oneshot.evolution import Evolutionary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class FairNAS(Evolutionary):
    """Strict fairness: each step trains every choice exactly once (Chu et al., ICCV 2021).

    For each decision the choices are permuted; path i is made of the i-th ones. The gradients of
    all paths are summed before the weights change once (section 3.3, algorithm 1), so that an epoch
    is charged once for each path. A decision with fewer choices than another goes on with a
    further permutation. Paths need not be valid architectures of the space.

    The authors search with a genetic algorithm for several objectives; here it is the evolution of
    `methods.oneshot.evolution`, for accuracy.
    """

    def paths(self, search: Search) -> list[Plan]:
        """As many paths as there are choices, without a choice in common."""
        most = max(search.space.sizes)
        columns = []
        for size in search.space.sizes:
            rounds = [search.rng.permutation(size) for _ in range(-(-most // size))]
            columns.append([int(choice) for order in rounds for choice in order][:most])
        return [search.supernet.path(arch) for arch in zip(*columns, strict=True)]

    def loss_weights(self, plans: Sequence[Plan]) -> list[float]:
        """The sum."""
        return [1.0] * len(plans)

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """All paths."""
        return float(max(search.space.sizes))
