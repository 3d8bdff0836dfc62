"""Tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011, section 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Method, Problem, require
from methods.blackbox.proposals import first_valid

# Probabilities of the choices of one decision: among the good architectures, and among the others.
Belief = tuple[NDArray[np.float64], NDArray[np.float64]]

MOST_GOOD = 25
REMEMBERED = 25


class TPE(Method):
    """Choose each decision by how often it is made in good architectures and in others.

    The constants and rules are the defaults of hyperopt for categorical parameters: decisions are
    independent of each other, each takes the best of its own candidates, and of the observations on
    either side all but the latest `REMEMBERED` count less the older they are. A proposal that was
    evaluated before is evaluated again, as published.

    Attributes:
        startup: random samples before the first model.
        gamma: of n observations the best ``gamma * sqrt(n)`` are good, `MOST_GOOD` at most.
        candidates: values drawn for each decision.
        prior_weight: added to the count of every choice.
    """

    startup: int = 20
    gamma: float = 0.25
    candidates: int = 24
    prior_weight: float = 1.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, startup=(1, math.inf), gamma=(0, math.inf), candidates=(1, math.inf))
        require(self, prior_weight=(1e-9, math.inf))

    def search(self, problem: Problem) -> None:
        """Propose until the budget is spent."""
        space, rng = problem.space, problem.rng
        archs: list[Architecture] = []
        scores: list[float] = []
        while True:
            if len(archs) < self.startup:
                arch = space.sample(rng)
            else:
                beliefs = self._beliefs(space.integers(archs).T, scores, space.sizes)
                arch = first_valid(space, rng, partial(self._draw, beliefs, rng))
            scores.append(problem.evaluate(arch))
            archs.append(arch)

    def _beliefs(
        self, columns: NDArray[np.int64], scores: Sequence[float], sizes: Sequence[int]
    ) -> list[Belief]:
        good = split(scores, self.gamma)
        return [
            (self._belief(column[good], size), self._belief(column[~good], size))
            for column, size in zip(columns, sizes, strict=True)
        ]

    def _belief(self, choices: NDArray[np.int64], size: int) -> NDArray[np.float64]:
        """Probability of each choice of a decision, from those made so far, oldest first."""
        counts = np.bincount(choices, recency(len(choices)), size) + self.prior_weight
        probability: NDArray[np.float64] = counts / counts.sum()
        return probability

    def _draw(self, beliefs: Sequence[Belief], rng: np.random.Generator) -> Architecture:
        arch = []
        for good, other in beliefs:
            drawn = rng.choice(len(good), self.candidates, p=good)
            arch.append(int(drawn[np.argmax((good / other)[drawn])]))
        return tuple(arch)


def split(scores: Sequence[float], gamma: float) -> NDArray[np.bool_]:
    """Which observations are good; of equal scores the earlier one."""
    count = min(math.ceil(gamma * math.sqrt(len(scores))), MOST_GOOD)
    good = np.zeros(len(scores), dtype=np.bool_)
    good[np.argsort([-score for score in scores], kind="stable")[:count]] = True
    return good


def recency(count: int) -> NDArray[np.float64]:
    """Weight of each observation, oldest first: a ramp, and 1 for the latest `REMEMBERED`."""
    old = max(0, count - REMEMBERED)
    return np.concatenate([np.linspace(1 / max(count, 1), 1, old), np.ones(count - old)])
