"""Self-training: any predictor, taught by its own guesses (Luo et al., NeurIPS 2020)."""

from __future__ import annotations

from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from harness import Predictor, load_predictor, require
from methods.predictor.models.unlabelled import draw_unlabelled


class SelfTraining(Predictor):
    """Another predictor, fitted on labels and then on its guesses for unlabelled architectures.

    The semi-supervised loop of SemiNAS (Luo et al., NeurIPS 2020, algorithm 1) for predictors
    without a decoder: fit on the labels, guess the scores of architectures that have none, fit on
    both, the labels repeated so that the guesses do not drown them. The unlabelled ones are drawn
    anew in every round. Every fit starts from nothing, whereas the network of SemiNAS goes on from
    its weights.

    A guess of a predictor that keeps no memory between fits (trees, nearest neighbours, ridge)
    holds no information that its labels did not: what changes is how smooth the second fit is.
    Trees whose leaves need many labels can be finer in it, for instance, because labels are
    repeated. Where such a predictor gains, that is why; compare it with the same one by itself.

    Attributes:
        predictor: the predictor, by name or path.
        unlabelled: how many architectures without label are drawn, 10,000 for NAS-Bench-101 in
            the released code; fewer where the space has fewer, and all of those then.
        upsample: how often each label is repeated, 10 in the released code for 1,100 labels; 0 for
            as often as it takes to outnumber the guesses, its fallback.
        rounds: of guessing and fitting.
    """

    predictor: str = "lightgbm"
    unlabelled: int = 10_000
    upsample: int = 0
    rounds: int = 1

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, unlabelled=(1, inf), upsample=(0, inf), rounds=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the other predictor needs."""
        return load_predictor(self.predictor).needs()

    def learn(self, archs: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Fit, and fit again with guesses."""
        learner = self._learner = load_predictor(self.predictor)
        learner.attach(self.space, self.rng, self.properties, self.task)
        learner.fit(archs, scores)
        for _ in range(self.rounds):
            others = draw_unlabelled(self.space, self.rng, archs, self.unlabelled)
            if len(others) == 0:
                break
            guesses = learner.predict(others)
            times = self.upsample or ceil(len(others) / len(archs))
            learner.fit(
                np.concatenate([np.tile(archs, (times, 1)), others]),
                np.concatenate([np.tile(scores, times), guesses]),
            )
        self.spent += learner.spent

    def guess(self, archs: NDArray[np.int64]) -> NDArray[np.float64]:
        """What the other predictor guesses."""
        return self._learner.predict(archs)

    @property
    def learner(self) -> Predictor:
        """The other predictor, fitted."""
        return self._learner

    @property
    def has_std(self) -> bool:
        """Whether the other predictor knows how sure it is."""
        return load_predictor(self.predictor).has_std

    def guess_with_std(
        self, archs: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the other predictor guesses, and how sure it is of that."""
        return self._learner.predict_with_std(archs)
