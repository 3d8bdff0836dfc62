"""Random search with parameter sharing (Li and Talwalkar, UAI 2019)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Literal

from harness import Architecture, require
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class RSPS(OneShot):
    """Random search with parameter sharing (Li and Talwalkar, UAI 2019).

    Each step trains one architecture, drawn uniformly; there is no distribution to learn. In the
    end others are drawn, and the one with most right answers on validation images is recommended.

    Selection ``batch`` is that of NAS-Bench-201 (Dong and Yang, ICLR 2020): all are judged on one
    batch of up to 512 images; the released code draws another batch for each, here it is the same
    one. Selection ``rounds`` is that of the authors' code: of each round, `finalists` with most
    right answers on a batch of training size are judged on the whole validation part, and the best
    of all rounds wins; they have ``samples=1000`` and a round for each 10,000 units of resource.

    Attributes:
        samples: architectures that are drawn in the end; with ``rounds``, in each round.
        selection: how the best of them is found.
        rounds: with ``rounds``, how many.
        finalists: with ``rounds``, how many of each are judged on the whole validation part.
    """

    samples: int = 100
    selection: Literal["batch", "rounds"] = "batch"
    rounds: int = 1
    finalists: int = 10

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, samples=(1, inf), rounds=(1, inf), finalists=(1, inf))

    def paths(self, search: Search) -> list[Plan]:
        """A random architecture."""
        return [search.supernet.path(search.space.sample(search.rng))]

    def derive(self, search: Search) -> Architecture:
        """The best of random architectures."""
        if self.selection == "batch":
            return search.best_of(self._drawn(search))
        finalists: list[Architecture] = []
        for _ in range(self.rounds):
            drawn = self._drawn(search)
            found = search.accuracies(drawn, search.draw_valid(self.batch))
            best = (-found).argsort(kind="stable")[: self.finalists]
            finalists += [drawn[i] for i in best]
        return finalists[int(search.accuracies(finalists, search.all_valid()).argmax())]

    def _drawn(self, search: Search) -> list[Architecture]:
        return [search.space.sample(search.rng) for _ in range(self.samples)]

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """One path."""
        return 1.0

    def last_cost(self, search: Search) -> float:
        """What is judged."""
        if self.selection == "batch":
            return search.judging_cost(self.samples)
        finalists, everything = min(self.finalists, self.samples), len(search.task.valid)
        return self.rounds * (
            search.judging_cost(self.samples, min(self.batch, everything))
            + search.judging_cost(finalists, everything)
        )
