"""A space that has exactly the architectures of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.core.space import Architecture, Decision, SearchSpace


class TableSpace(SearchSpace):
    """The rows of a table that lacks some combinations of choices.

    Few of all combinations may be rows, so that nothing here draws until it meets one.
    """

    def __init__(
        self, id: str, decisions: Sequence[Decision], archs: Sequence[Architecture]
    ) -> None:
        """Make the space of these architectures, of which there are two or more."""
        super().__init__(id, decisions)
        self._archs = sorted(archs)
        self._members = frozenset(archs)
        self._integers = self.integers(self._archs)

    @property
    def enumerable(self) -> bool:
        """Always: the rows are in memory."""
        return True

    def is_valid(self, arch: Architecture) -> bool:
        """Whether the table has the architecture."""
        return arch in self._members

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw a row."""
        return self._archs[int(rng.random() * len(self._archs))]

    def mutate(self, arch: Architecture, rng: np.random.Generator) -> Architecture:
        """Draw one of the neighbours, or any other row for an architecture that has none."""
        if near := self.neighbours(arch):
            return near[int(rng.random() * len(near))]
        while (other := self.sample(rng)) == arch:
            pass
        return other

    def crossover(
        self, first: Architecture, second: Architecture, rng: np.random.Generator
    ) -> Architecture:
        """Draw one of the rows that have every decision from one of two parents."""
        rows = self._integers
        between = ((rows == first) | (rows == second)).all(axis=1).nonzero()[0]
        return self._archs[int(between[int(rng.random() * len(between))])]

    def enumerate(self) -> Iterator[Architecture]:
        """All rows in lexicographic order."""
        return iter(self._archs)
