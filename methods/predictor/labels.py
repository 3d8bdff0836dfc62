"""What a search has labelled so far, and what it could label next."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Predictor, Problem

# Samples in a row without anything new after which a space that can be listed is listed.
TRIES = 200


class Labels:
    """The architectures that a search has evaluated, with their scores.

    Two genotypes that are the same architecture count as one: what was asked for once is not asked
    for again.

    Attributes:
        archs: what was evaluated, in this order.
        scores: what was seen; higher is better.
    """

    def __init__(self, problem: Problem) -> None:
        """Start with nothing."""
        self.archs: list[Architecture] = []
        self.scores: list[float] = []
        self._problem = problem
        self._seen: set[Hashable] = set()

    def ask(self, archs: Iterable[Architecture]) -> None:
        """Evaluate architectures and remember their scores.

        Raises:
            BudgetExhausted: one of them does not fit into what is left; those before it are kept.
        """
        for arch in archs:
            self.scores.append(self._problem.evaluate(arch))
            self.archs.append(arch)
            self._seen.add(self._problem.space.canonical(arch))

    def new(self, archs: Iterable[Architecture], count: int | None = None) -> list[Architecture]:
        """The first architectures of a series that were not evaluated, each once.

        Args:
            archs: in the order of preference.
            count: how many at most; all where None.
        """
        canonical = self._problem.space.canonical
        taken: set[Hashable] = set()
        found: list[Architecture] = []
        if count == 0:
            return found
        for arch in archs:
            key = canonical(arch)
            if key not in self._seen and key not in taken:
                taken.add(key)
                found.append(arch)
                if len(found) == count:
                    break
        return found

    def sample_new(self, count: int) -> list[Architecture]:
        """Draw architectures that were not evaluated, each once; fewer where no more are left."""
        space, rng = self._problem.space, self._problem.rng
        found: dict[Hashable, Architecture] = {}
        missed = 0
        while len(found) < count and missed < TRIES:
            arch = space.sample(rng)
            key = space.canonical(arch)
            if key in self._seen or key in found:
                missed += 1
            else:
                found[key] = arch
                missed = 0
        if len(found) < count and space.enumerable:
            order = rng.permutation(len(space.population))
            rest = self.new(_tuples(space.population[order]), count)
            for arch in rest:
                if len(found) < count:
                    found.setdefault(space.canonical(arch), arch)
        return list(found.values())

    def best_new(
        self, candidates: NDArray[np.integer[Any]], predicted: NDArray[np.float64], count: int
    ) -> list[Architecture]:
        """The candidates of the highest prediction that were not evaluated, the best first.

        Args:
            candidates: shape (n, decisions).
            predicted: shape (n,).
            count: how many at most.
        """
        # Of equal predictions the first one is taken, so that the order depends on nothing else.
        order = np.argsort(-predicted, kind="stable")
        return self.new(_tuples(candidates[order]), count)

    def teach(self, predictor: Predictor, floor: float | None = None) -> Predictor:
        """Fit a predictor to what was evaluated, and return it.

        Args:
            predictor: learns anew.
            floor: lower scores are left out, unless that leaves nothing; None for no floor.
        """
        scores = np.array(self.scores)
        (kept,) = np.nonzero(scores >= (-np.inf if floor is None else floor))
        if len(kept) == 0:
            kept = np.arange(len(scores))
        predictor.attach_to(self._problem)
        predictor.fit([self.archs[i] for i in kept], scores[kept])
        return predictor

    def top(self, count: int) -> list[Architecture]:
        """What has the highest scores, the best first."""
        order = np.argsort(-np.array(self.scores), kind="stable")[:count]
        return [self.archs[i] for i in order]


def candidates(problem: Problem, size: int) -> NDArray[np.integer[Any]]:
    """What a predictor ranks: the whole space where it can be listed, else samples.

    Args:
        problem: has the space.
        size: number of samples of a space that cannot be listed.

    Returns:
        Genotypes, shape (n, decisions).
    """
    space = problem.space
    if space.enumerable:
        return space.population
    return space.integers([space.sample(problem.rng) for _ in range(size)])


def _tuples(rows: NDArray[np.integer[Any]]) -> Iterable[Architecture]:
    # Rows become tuples as they are looked at: mostly a few of half a million are.
    return (tuple(row.tolist()) for row in rows)
