"""Local search (White, Nolen and Savani, UAI 2021, "Exploring the loss landscape in NAS")."""

from __future__ import annotations

from math import inf
from operator import itemgetter

from harness import Architecture, Method, Problem, require


class LocalSearch(Method):
    """Climb from the best of a few random starts, and start again on every peak.

    The defaults are those of the authors' code: ten starts, neighbours (one decision changed) in
    random order, a move to the first better one. A neighbour that was evaluated before is
    compared by the score seen then and not evaluated again; a start is evaluated whether or not
    it was, so that every round asks for something.

    Attributes:
        starts: random samples before each climb, the best of which is climbed from.
        first: move to the first better neighbour; otherwise to the best of all of them.
        shuffle: visit neighbours in random order; otherwise in the order of the decisions.
    """

    starts: int = 10
    first: bool = True
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, starts=(1, inf))

    def search(self, problem: Problem) -> None:
        """Climb until the budget is spent."""
        space, rng = problem.space, problem.rng
        known: dict[Architecture, float] = {}
        while True:
            drawn = []
            for _ in range(self.starts):
                arch = space.sample(rng)
                known[arch] = problem.evaluate(arch)
                drawn.append((arch, known[arch]))
            self._climb(problem, known, *max(drawn, key=itemgetter(1)))

    def _climb(
        self, problem: Problem, known: dict[Architecture, float], best: Architecture, score: float
    ) -> None:
        centre = None
        while centre != best:
            centre = best
            neighbours = problem.space.neighbours(centre)
            if self.shuffle:
                neighbours = [neighbours[i] for i in problem.rng.permutation(len(neighbours))]
            for arch in neighbours:
                if arch not in known:
                    known[arch] = problem.evaluate(arch)
                if known[arch] > score:
                    best, score = arch, known[arch]
                    if self.first:
                        break
