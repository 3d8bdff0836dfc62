"""Random search (Li and Talwalkar, UAI 2019, as a baseline for NAS)."""

from __future__ import annotations

from harness import Architecture, Method, Problem

MISSES = 100


class RandomSearch(Method):
    """Uniform sampling of valid genotypes, with or without replacement.

    With replacement is the baseline of NAS-Bench-201 (Dong and Yang, ICLR 2020). Without, a draw
    that was seen before is dropped; after `MISSES` of those in a row nearly all of the space was
    seen, so that the rest is listed and taken in random order, and the search ends.

    Attributes:
        replacement: whether a genotype may be evaluated again.
    """

    replacement: bool = True

    def search(self, problem: Problem) -> None:
        """Sample until the budget is spent, or nothing is left to draw."""
        space, rng = problem.space, problem.rng
        while self.replacement:
            problem.evaluate(space.sample(rng))
        seen: set[Architecture] = set()
        misses = 0
        while misses < MISSES:
            arch = space.sample(rng)
            misses = misses + 1 if arch in seen else 0
            if not misses:
                seen.add(arch)
                problem.evaluate(arch)
        rest = [arch for arch in space.enumerate() if arch not in seen]
        problem.evaluate_many([rest[i] for i in rng.permutation(len(rest))])
