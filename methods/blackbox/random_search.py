"""Random search (Li and Talwalkar, UAI 2019, as a baseline for NAS)."""

from __future__ import annotations

from harness import Method, Problem


class RandomSearch(Method):
    """Uniform sampling of valid genotypes, with or without replacement.

    Attributes:
        replacement: whether an architecture may be drawn again.
    """

    replacement: bool = True

    def search(self, problem: Problem) -> None:
        """Sample until the budget is spent, or nothing is left to draw."""
        space, rng = problem.space, problem.rng
        seen = set()
        while len(seen) < space.cardinality:
            arch = space.sample(rng)
            if self.replacement or arch not in seen:
                seen.add(arch)
                problem.evaluate(arch)
