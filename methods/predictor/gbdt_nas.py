"""GBDT-NAS (Luo et al. 2020, "Accuracy Prediction with Non-neural Model for NAS")."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf
from typing import Literal

import numpy as np

from harness import Architecture, Method, Predictor, Problem, SearchSpace, load_predictor, require
from methods.predictor.labels import Labels, candidates
from methods.predictor.models.self_training import SelfTraining
from methods.predictor.pruning import Columns, Rows, contributions, harmful, has_any, sample_without

# Rounds of the published search of a large space; each prunes some more (released code).
PRUNING_ROUNDS = 3


class GBDTNAS(Method):
    """Fit boosted trees to random labels, label what they put on top of the space.

    On NAS-Bench-101 (Luo et al. 2020, section 4.1, and the released code): 1,000 random labels,
    trees, the whole space ranked, the best 1,000 of the rest labelled. So the first half of a
    budget is random here, too, and the other half is for the top, in one round.

    With ``pruning=first-order`` it is GBDT-NAS-3S: after each fit, features that lower the
    prediction where they are on, by the mean of their SHAP values, are pruned, and no architecture
    that has one is labelled in later rounds. The released code takes means over parts of the
    labels, and counts features that it skips; both look like slips and are not repeated. A space
    of which pruning has left nothing new is ranked as a whole. The second order (pairs of features)
    is left out: LightGBM does not compute SHAP interactions.

    Attributes:
        predictor: by name or path; pruning asks for trees (``lightgbm``).
        initial: random architectures that are labelled first; 0 for half of the budget.
        rounds: of fitting and labelling, which share the rest of the budget equally; 0 for one
            (NAS-Bench-101), or three where features are pruned (ImageNet).
        samples: how many architectures are ranked in each round where the space cannot be listed,
            5,000 for ImageNet.
        floor: labels below are not learned from (they are charged like all others); none keeps all.
            On the scores that a search sees. NAS-Bench-101: 0.85, a constant of this one dataset.
        semi_supervised: whether the trees also learn from their own guesses, see ``self-training``.
        pruning: ``first-order`` prunes features.
        pruned: largest part of all features that one round prunes: 20 of 147 for ImageNet.
    """

    predictor: str = "lightgbm"
    initial: int = 0
    rounds: int = 0
    samples: int = 5_000
    floor: float | None = None
    semi_supervised: bool = False
    pruning: Literal["none", "first-order"] = "none"
    pruned: float = 0.136

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(0, inf), rounds=(0, inf), samples=(1, inf), pruned=(0, 1))

    def needs(self) -> frozenset[str]:
        """What the predictor needs."""
        return load_predictor(self.predictor).needs()

    def search(self, problem: Problem) -> None:
        """Label at random, then from the predicted top, until the budget is spent."""
        labels = Labels(problem)
        if self.initial:
            labels.ask(labels.sample_new(self.initial))
        else:
            half = problem.budget.amount / 2
            while problem.budget.amount > half and (found := labels.sample_new(1)):
                labels.ask(found)
        rest = problem.budget.amount
        rounds = self.rounds or (1 if self.pruning == "none" else PRUNING_ROUNDS)
        banned = np.empty(0, np.intp)
        for done in range(1, rounds + 1):
            until = rest * (1 - done / rounds)
            while problem.budget.amount > until:
                predictor = labels.teach(self._predictor(), self.floor)
                if self.pruning == "first-order":
                    banned = self._prune(problem.space, labels, predictor, banned)
                best = self._best(problem, labels, predictor, banned, until)
                if not best:
                    return
                _ask_until(problem, labels, best, until)

    def _predictor(self) -> Predictor:
        if self.semi_supervised:
            return SelfTraining(predictor=self.predictor)
        return load_predictor(self.predictor)

    def _prune(
        self, space: SearchSpace, labels: Labels, predictor: Predictor, banned: Columns
    ) -> Columns:
        """What is banned from now on."""
        features = space.features(labels.archs)
        values = contributions(predictor, labels.archs)
        most = round(self.pruned * features.shape[1])
        return np.concatenate([banned, harmful(features, values, banned, most)])

    def _best(
        self, problem: Problem, labels: Labels, predictor: Predictor, banned: Columns, until: float
    ) -> list[Architecture]:
        """What is labelled next, in this order; nothing where the space has nothing new."""
        for columns in (banned, banned[:0]):
            # Trees predict the same for many, of which chance takes the first ones.
            rows = problem.rng.permutation(self._candidates(problem, columns))
            if len(rows) == 0:
                continue
            left = problem.budget
            count = ceil(left.amount - until) if left.unit == "queries" else len(rows)
            if best := labels.best_new(rows, predictor.predict(rows), count):
                return best
        return []

    def _candidates(self, problem: Problem, banned: Columns) -> Rows:
        space = problem.space
        if len(banned) == 0:
            return candidates(problem, self.samples)
        if space.enumerable:
            return space.population[~has_any(space, space.population, banned)]
        return sample_without(space, problem.rng, banned, self.samples)


def _ask_until(
    problem: Problem, labels: Labels, archs: Iterable[Architecture], until: float
) -> None:
    """Evaluate architectures until no more than this is left of the budget."""
    for arch in archs:
        if problem.budget.amount <= until:
            return
        labels.ask([arch])
