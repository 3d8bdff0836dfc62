"""What the predictors made of a regression by scikit-learn share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Predictor

FloatArray = NDArray[np.float64]

# Rows that are predicted at once: what lies between the features and the predictions (distances,
# the predictions of each tree) takes memory for so many rows only.
CHUNK = 16_384
# Random states of scikit-learn and LightGBM are below this.
RANDOM_STATES = 2**31


class SklearnRegressor(Predictor):
    """A regression of scores on `SearchSpace.features`.

    Everything is computed on one thread and in double precision, features included, so that the
    same numbers come out wherever it runs.
    """

    @abstractmethod
    def model(self, features: FloatArray) -> Any:
        """An unfitted regression of scikit-learn.

        Args:
            features: what it is going to learn from, shape (n, features).
        """

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        from threadpoolctl import threadpool_limits

        features = double(self, archs)
        with threadpool_limits(limits=1):
            self._fitted = self.model(features).fit(features, scores)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return joined(self._fitted.predict(features) for features in chunks(self, archs))


def double(predictor: Predictor, archs: NDArray[np.int64]) -> FloatArray:
    """Features of architectures in double precision, shape (n, features)."""
    return predictor.space.features(archs).astype(np.float64)


def chunks(predictor: Predictor, archs: NDArray[np.int64]) -> Iterator[FloatArray]:
    """Features of architectures, `CHUNK` rows at a time."""
    for start in range(0, len(archs), CHUNK):
        yield double(predictor, archs[start : start + CHUNK])


def joined(parts: Iterator[FloatArray]) -> FloatArray:
    """Predictions of the chunks as one array, empty where there are none."""
    return np.concatenate([np.empty(0), *parts])


def squared_distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Squared Euclidean distances, shape (len(first), len(second))."""
    squared: FloatArray = (
        (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    )
    return np.maximum(squared, 0, out=squared)


def random_state(predictor: Predictor, given: int | None) -> int:
    """The random state of one fit: the given one, or else one drawn from the predictor's `rng`."""
    return int(predictor.rng.integers(RANDOM_STATES)) if given is None else given
