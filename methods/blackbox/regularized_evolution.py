"""Regularized evolution (Real, Aggarwal, Huang and Le, AAAI 2019, algorithm 1)."""

from __future__ import annotations

from collections import deque
from math import inf
from operator import itemgetter

from harness import Architecture, Method, Problem, rank_unlabelled, require, unlabelled_scorer


class RegularizedEvolution(Method):
    """Aging evolution: the best of a small sample has a child, the oldest dies.

    The defaults are those of NAS-Bench-201 (Dong and Yang, ICLR 2020, section 4): population 10,
    sample 3 drawn with replacement, one decision mutated; Real et al. have 100 and 25. Of equally
    good candidates the one drawn first is the parent. A child that was evaluated before is
    evaluated again, as published.

    Attributes:
        population: how many are alive.
        sample: how many are drawn, with replacement, to find a parent.
        warm_start: a scorer that needs no labels, by name or path; the first population are the
            best of `warm_samples` by it (Abdelfattah et al., ICLR 2021, section 4.2). Empty for
            random ones.
        warm_samples: random architectures that are scored, each once; published: 3,000.
    """

    population: int = 10
    sample: int = 3
    warm_start: str = ""
    warm_samples: int = 1000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, population=(1, inf), sample=(1, inf), warm_samples=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the scorer needs."""
        return unlabelled_scorer(self.warm_start).needs() if self.warm_start else frozenset()

    def uses(self) -> tuple[str, ...]:
        """The scorer."""
        return (self.warm_start,) if self.warm_start else ()

    def search(self, problem: Problem) -> None:
        """Evolve until the budget is spent."""
        space, rng, evaluate = problem.space, problem.rng, problem.evaluate
        size, score = self.population, itemgetter(0)
        alive: deque[tuple[float, Architecture]] = deque(maxlen=size)
        warm = self._warm(problem) if self.warm_start else []
        for i in range(size):
            arch = warm[i] if i < len(warm) else space.sample(rng)
            alive.append((evaluate(arch), arch))
        while True:
            drawn = [alive[int(u * size)] for u in rng.random(self.sample).tolist()]
            child = space.mutate(max(drawn, key=score)[1], rng)
            alive.append((evaluate(child), child))

    def _warm(self, problem: Problem) -> list[Architecture]:
        """Random architectures, each once, the best by the scorer first."""
        drawn = [problem.space.sample(problem.rng) for _ in range(self.warm_samples)]
        different = {problem.space.canonical(arch): arch for arch in drawn}
        return rank_unlabelled(problem, self.warm_start, list(different.values()))
