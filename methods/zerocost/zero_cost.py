"""Search by a zero-cost score alone (Abdelfattah et al., ICLR 2021, section 4.2)."""

from __future__ import annotations

from collections.abc import Hashable
from math import inf

from harness import Architecture, Method, Problem, rank_unlabelled, require, unlabelled_scorer

# Samples in a row without anything new after which a space counts as seen.
TRIES = 1000


class ZeroCost(Method):
    """Sample architectures, score them without training, and evaluate the best first.

    When all samples were evaluated, as many others are sampled. Scoring is no query, but its work
    is charged in epochs or seconds, see `harness.rank_unlabelled`. Mellor et
    al. (ICML 2021) sample 10 to 1,000 and evaluate the best one only.

    Attributes:
        scorer: needs no labels, by name or path.
        samples: how many are scored at a time; each once.
    """

    scorer: str = "naswot"
    samples: int = 1000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, samples=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the scorer needs."""
        return unlabelled_scorer(self.scorer).needs()

    def uses(self) -> tuple[str, ...]:
        """The scorer."""
        return (self.scorer,)

    def search(self, problem: Problem) -> None:
        """Evaluate down the ranking until the budget is spent or nothing is new."""
        seen: set[Hashable] = set()
        while found := self._sample(problem, seen):
            problem.evaluate_many(rank_unlabelled(problem, self.scorer, found))

    def _sample(self, problem: Problem, seen: set[Hashable]) -> list[Architecture]:
        """Draw architectures that were not drawn before."""
        space, missed = problem.space, 0
        found: list[Architecture] = []
        while len(found) < self.samples and missed < TRIES:
            arch = space.sample(problem.rng)
            key = space.canonical(arch)
            missed = missed + 1 if key in seen else 0
            if missed == 0:
                seen.add(key)
                found.append(arch)
        return found
