"""Evolution on the weights of a supernet (Guo et al., ECCV 2020, section 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Container
from math import inf
from typing import TYPE_CHECKING

from harness import Architecture, HarnessError, require
from harness.live.search_task import Normalisation
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from methods.oneshot.engine import Search

# How often a kind of children is proposed for a generation (released code: ten times its number).
TRIES = 500


class Evolutionary(OneShot):
    """A strategy whose recommendation is found by evolution among all paths.

    A candidate's fitness is its share of right answers on one batch of up to 512 validation images,
    the same for all, with the weights of the supernet; its statistics of normalisation are computed
    anew from 512 training images before. Each generation is made of children of the best ones so
    far: half by crossover of two of them, half by mutation of one. Candidates that were judged
    before, or cost too much, are proposed anew; where crossover finds nothing new, random ones are
    taken, and in a space with nothing left, ones that were judged before. Counts are the published
    ones (section 4.1), the rules those of the released code.

    Attributes:
        population: candidates in each generation; the first are random.
        generations: including the first one.
        parents: the best candidates so far that have children.
        mutation: probability that a decision of a child by mutation is drawn anew.
        max_flops: what a candidate may cost at most, in the unit of the benchmark's property
            ``flops`` or ``flops_m``; 0 for no limit.
    """

    population: int = 50
    generations: int = 20
    parents: int = 10
    mutation: float = 0.1
    max_flops: float = 0.0
    normalisation: Normalisation = "recalibrated"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, population=(1, inf), generations=(1, inf), parents=(1, inf))
        require(self, mutation=(0, 1), max_flops=(0, inf))

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """One path."""
        return 1.0

    def last_cost(self, search: Search) -> float:
        """What is judged."""
        return search.judging_cost(self.population * self.generations)

    def derive(self, search: Search) -> Architecture:
        """The fittest candidate of all generations."""
        from methods.oneshot.engine import JUDGED

        batch = search.draw_valid(JUDGED)
        fitness: dict[Architecture, float] = {}
        best: list[Architecture] = []
        for _ in range(self.generations):
            candidates = self._generation(search, best, fitness)
            found = search.accuracies(candidates, batch).tolist()
            for arch, accuracy in zip(candidates, found, strict=True):
                fitness.setdefault(arch, accuracy)
            # Sorting is stable: of equals, the one that was judged first is the better one.
            best = sorted(fitness, key=lambda arch: -fitness[arch])[: self.parents]
            search.log("accuracy of the fittest path", fitness[best[0]])
        return best[0]

    def _generation(
        self, search: Search, best: list[Architecture], judged: Container[Architecture]
    ) -> list[Architecture]:
        """Children of the best; random architectures where there are none, or too few."""
        space, rng = search.space, search.rng
        born: dict[Architecture, None] = {}

        def mutant() -> Architecture:
            genes = zip(best[int(rng.integers(len(best)))], space.sizes, strict=True)
            return tuple(
                int(rng.integers(size)) if rng.random() < self.mutation else gene
                for gene, size in genes
            )

        def crossed() -> Architecture:
            first, second = (best[i] for i in rng.integers(len(best), size=2))
            return space.crossover(first, second, rng)

        def add(propose: Callable[[], Architecture], until: int) -> None:
            for _ in range(TRIES):
                if len(born) >= until:
                    return
                arch = propose()
                if arch not in judged and space.is_valid(arch) and self._affordable(search, arch):
                    born[arch] = None

        if best:
            add(mutant, self.population // 2)
            add(crossed, self.population)
        add(lambda: space.sample(rng), self.population)
        return [*born, *self._repeats(search, self.population - len(born))]

    def _repeats(self, search: Search, count: int) -> list[Architecture]:
        """Random candidates, of which some were judged before; the last way to fill a generation.

        Raises:
            HarnessError: none is cheap enough.
        """
        drawn = [search.space.sample(search.rng) for _ in range(TRIES if count else 0)]
        allowed = [arch for arch in drawn if self._affordable(search, arch)]
        if count and not allowed:
            raise HarnessError(
                f"none of {TRIES} random architectures costs at most max_flops={self.max_flops:g} "
                f"on {search.task.name}. The last one costs {flops_of(search, drawn[-1]):g}"
            )
        return [allowed[i % len(allowed)] for i in range(count)]

    def _affordable(self, search: Search, arch: Architecture) -> bool:
        return not self.max_flops or flops_of(search, arch) <= self.max_flops


def flops_of(search: Search, arch: Architecture) -> float:
    """What an architecture costs, by the benchmark's property ``flops`` or ``flops_m``.

    Raises:
        HarnessError: the benchmark has neither.
    """
    known = search.problem.properties(arch)
    for name in ("flops", "flops_m"):
        if name in known:
            return known[name]
    raise HarnessError(
        f"max_flops: this benchmark does not know what an architecture of {search.space.id} costs. "
        "Leave it out"
    )
