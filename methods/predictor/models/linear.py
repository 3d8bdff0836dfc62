"""Linear regression, with a power of the output (Hakim, arXiv 2209.06626)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor


class Linear(SklearnRegressor):
    """Least squares, optionally with a power of its output.

    With a power D it fits ``y ** (1 / D) - 1`` and predicts ``(x + 1) ** D``: as accuracies
    saturate, D of 0.5 and 0.25 fit NAAP-440 better than a straight line. Scores are not scaled;
    features that depend on each other, as one-hot ones do, get the smallest weights that fit.

    Attributes:
        power: D; 1 for a straight line. Others need scores that are not negative.
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        if not 0 < self.power < inf:
            raise ValueError(f"power={self.power} must be above 0 and finite")

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.linear_model import LinearRegression

        return LinearRegression()

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`.

        Raises:
            HarnessError: a score is negative and its root is asked for.
        """
        if self.power != 1:
            if scores.min() < 0:
                raise HarnessError(
                    f"linear:power={self.power:g} needs scores that are not negative; the smallest "
                    f"one is {scores.min():g}. Use linear without a power"
                )
            scores = scores ** (1 / self.power) - 1
        super().learn(archs, scores)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`; a line that falls below the root's domain predicts 0 there."""
        line = super().guess(archs)
        if self.power == 1:
            return line
        powers: FloatArray = np.maximum(line + 1, 0) ** self.power
        return powers
