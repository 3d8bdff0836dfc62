"""Regularized evolution (Real, Aggarwal, Huang and Le, AAAI 2019, algorithm 1)."""

from __future__ import annotations

from collections import deque
from math import inf
from operator import itemgetter

from harness import Architecture, Method, Problem, require


class RegularizedEvolution(Method):
    """Aging evolution: the best of a small sample has a child, the oldest dies.

    The defaults are those of NAS-Bench-201 (Dong and Yang, ICLR 2020, section 4): population 10,
    sample 3 drawn with replacement, one decision mutated; Real et al. have 100 and 25. Of equally
    good candidates the one drawn first is the parent. A child that was evaluated before is
    evaluated again, as published.

    Attributes:
        population: how many are alive.
        sample: how many are drawn, with replacement, to find a parent.
    """

    population: int = 10
    sample: int = 3

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, population=(1, inf), sample=(1, inf))

    def search(self, problem: Problem) -> None:
        """Evolve until the budget is spent."""
        space, rng, evaluate = problem.space, problem.rng, problem.evaluate
        size, score = self.population, itemgetter(0)
        alive: deque[tuple[float, Architecture]] = deque(maxlen=size)
        for _ in range(size):
            arch = space.sample(rng)
            alive.append((evaluate(arch), arch))
        while True:
            drawn = [alive[int(u * size)] for u in rng.random(self.sample).tolist()]
            child = space.mutate(max(drawn, key=score)[1], rng)
            alive.append((evaluate(child), child))
