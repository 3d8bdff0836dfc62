"""A generational genetic algorithm (Goldberg 1989)."""

from __future__ import annotations

from math import inf
from operator import itemgetter

from harness import Architecture, Method, Problem, require


class GeneticAlgorithm(Method):
    """Tournaments choose two parents, uniform crossover mixes them, some children mutate.

    The textbook algorithm; constants differ from author to author, these are ours. A child that was
    evaluated before is evaluated again; an elite is not.

    Attributes:
        population: size of a generation.
        tournament: how many are drawn, with replacement, to find a parent.
        mutation: probability that a child has one decision changed.
        elite: how many of the best go on unchanged.
    """

    population: int = 20
    tournament: int = 2
    mutation: float = 0.5
    elite: int = 2

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, population=(1, inf), tournament=(1, inf), mutation=(0, 1))
        require(self, elite=(0, self.population - 1))

    def search(self, problem: Problem) -> None:
        """Evolve until the budget is spent."""
        space, rng, score = problem.space, problem.rng, itemgetter(0)
        alive: list[tuple[float, Architecture]] = []
        for _ in range(self.population):
            arch = space.sample(rng)
            alive.append((problem.evaluate(arch), arch))

        def parent() -> Architecture:
            draws = rng.random(self.tournament).tolist()
            return max((alive[int(u * len(alive))] for u in draws), key=score)[1]

        while True:
            following = sorted(alive, key=score, reverse=True)[: self.elite]
            while len(following) < self.population:
                child = space.crossover(parent(), parent(), rng)
                if rng.random() < self.mutation:
                    child = space.mutate(child, rng)
                following.append((problem.evaluate(child), child))
            alive = following
