"""WeakNAS (Wu et al., NeurIPS 2021): many weak predictors instead of a strong one."""

from __future__ import annotations

from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Method, Problem, load_predictor, require
from methods.predictor.labels import Labels, candidates

Rows = NDArray[np.integer[Any]]

# Predictors in an ensemble, and what its standard deviation is divided by (released code).
ENSEMBLE = 5
CAUTION = 5.0

# Queries from which on the first sample is the one for NAS-Bench-101.
LONG, FEW, MANY = 300, 10, 100

# Samples of a space that cannot be listed.
SAMPLES = 10_000


class WeakNAS(Method):
    """Label a few of the architectures that a fresh weak predictor puts on top, and repeat.

    Each round fits a new predictor to all labels, ranks the space, and draws uniformly from what is
    not labelled of the predicted top; where too little of that top is left, the best of the rest
    are taken (Wu et al., NeurIPS 2021, section 3 and the released code). `batch` and `top` are the
    published ones of both tabular benchmarks.

    Two deviations. The published predictor is a network of four layers of 1,000, which costs many
    minutes a search; it is ``predictor=sklearn-mlp``. Trees with small leaves found as good cells
    of NAS-Bench-201 as four layers of 100 did, in a tenth of their time. And the published search
    ranks the whole space in each round: of a space with more than `pool` architectures, as
    NAS-Bench-101 is, a new random part is ranked here, together with the top of the round before.

    Attributes:
        predictor: the weak predictor, by name or path.
        initial: random architectures that are labelled first; 0 for 100 where 300 queries or more
            are left (NAS-Bench-101) and 10 otherwise (NAS-Bench-201).
        batch: how many are labelled in a round.
        top: how many count as the predicted top.
        acquisition: ``top`` draws from the predicted top; ``ei`` takes what an ensemble of five
            predictors expects the largest improvement from.
        pool: how many architectures are ranked in a round; 0 for the whole space where it can be
            listed. A space that cannot be listed is sampled; 10,000 on ImageNet as published.
    """

    predictor: str = "lightgbm:min_data=5"
    initial: int = 0
    batch: int = 10
    top: int = 100
    acquisition: Literal["top", "ei"] = "top"
    pool: int = 20_000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(0, inf), batch=(1, inf), top=(1, inf), pool=(0, inf))

    def needs(self) -> frozenset[str]:
        """What the predictor needs."""
        return load_predictor(self.predictor).needs()

    def search(self, problem: Problem) -> None:
        """Label in rounds until the budget is spent or nothing is new."""
        labels = Labels(problem)
        left = problem.budget
        long = left.unit == "queries" and left.amount >= LONG
        labels.ask(labels.sample_new(self.initial or (MANY if long else FEW)))
        best = problem.space.integers([])
        while True:
            # Weak predictors predict the same for many, of which chance makes some the top.
            rows = problem.rng.permutation(self._pool(problem, best))
            worth = self._worth(labels, rows)
            order = np.argsort(-worth, kind="stable")
            best = rows[order[: self.top]]
            chosen = self._choose(problem, labels, rows, worth, best)
            if not chosen:
                return
            labels.ask(chosen)

    def _pool(self, problem: Problem, best: Rows) -> Rows:
        """What is ranked in this round."""
        space = problem.space
        if not space.enumerable:
            fresh = candidates(problem, self.pool or SAMPLES)
        elif self.pool in range(1, len(space.population)):
            drawn = problem.rng.choice(len(space.population), self.pool, replace=False)
            fresh = space.population[drawn]
        else:
            return space.population
        return np.unique(np.concatenate([best, fresh]), axis=0)

    def _worth(self, labels: Labels, rows: Rows) -> NDArray[np.float64]:
        """What architectures are ranked by."""
        if self.acquisition == "top":
            return labels.teach(load_predictor(self.predictor)).predict(rows)
        guesses = [
            labels.teach(load_predictor(self.predictor)).predict(rows) for _ in range(ENSEMBLE)
        ]
        mean, std = np.mean(guesses, axis=0), np.std(guesses, axis=0) / CAUTION
        expected = improvement(mean, std, max(labels.scores))
        # Most expect no improvement at all: of these, too, the one with the best mean comes first.
        ranks = np.empty(len(rows))
        ranks[np.lexsort((mean, expected))] = np.arange(len(rows))
        return ranks

    def _choose(
        self, problem: Problem, labels: Labels, rows: Rows, worth: NDArray[np.float64], best: Rows
    ) -> list[Architecture]:
        """What is labelled in this round."""
        if self.acquisition == "top":
            fresh = labels.new(problem.space.tuples(best))
            if len(fresh) >= self.batch:
                drawn = problem.rng.choice(len(fresh), self.batch, replace=False)
                return [fresh[i] for i in drawn]
        # A part of the space may hold nothing new where the space itself still does.
        return labels.best_new(rows, worth, self.batch) or labels.sample_new(self.batch)


def improvement(
    mean: NDArray[np.float64], std: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    """Expected improvement over a best score of normally distributed ones, all of shape (n,)."""
    from scipy.special import ndtr

    gain = mean - best
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gain / std
        expected = gain * ndtr(z) + std * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return np.where(std > 0, expected, np.maximum(gain, 0.0))
