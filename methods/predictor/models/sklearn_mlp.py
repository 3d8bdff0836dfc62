"""The multilayer perceptron of scikit-learn, the weak predictor of WeakNAS (Wu et al. 2021)."""

from __future__ import annotations

import warnings
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor, random_state


class SklearnMLP(SklearnRegressor):
    """A multilayer perceptron by scikit-learn, with the settings of WeakNAS.

    Four layers of 1,000 rectified units, Adam with scikit-learn's defaults, 100 epochs (Wu et al.,
    NeurIPS 2021, released code): about three million weights. Scores are scaled to mean 0 and
    standard deviation 1 of the labels; the released code takes both from the whole benchmark, which
    a search cannot know.

    Attributes:
        layers: hidden layers.
        width: units of each.
        epochs: over the labels, at most; training ends before where the loss stands still.
        random_state: of the weights and the order of labels; None draws one for each fit.
    """

    layers: int = 4
    width: int = 1000
    epochs: int = 100
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, layers=(1, inf), width=(1, inf), epochs=(1, inf))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.neural_network import MLPRegressor

        return MLPRegressor(
            hidden_layer_sizes=(self.width,) * self.layers,
            max_iter=self.epochs,
            random_state=random_state(self, self.random_state),
        )

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        self._mean, self._scale = scores.mean(), scores.std() or 1.0
        with warnings.catch_warnings():
            # That 100 epochs are no convergence is as published.
            warnings.simplefilter("ignore")
            super().learn(archs, (scores - self._mean) / self._scale)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        guesses: FloatArray = super().guess(archs) * self._scale + self._mean
        return guesses
