"""Support vector regression (settings of Hakim, arXiv 2209.06626)."""

from __future__ import annotations

from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.sklearn_regressor import (
    FloatArray,
    SklearnRegressor,
    chunks,
    joined,
    squared_distances,
)


class SVR(SklearnRegressor):
    """Support vector regression.

    Scores are not scaled: the defaults are NAAP-440's, for accuracies between 0 and 1. For scores
    in percent, ``C`` and ``epsilon`` times 100 are the same model.

    Attributes:
        kernel: ``rbf``, ``poly`` (of degree 3) or ``linear``, each with scikit-learn's scale of
            the features.
        epsilon: errors below it cost nothing.
        C: cost of an error; the smaller, the smoother.
    """

    kernel: Literal["rbf", "poly", "linear"] = "rbf"
    epsilon: float = 0.001
    C: float = 0.1

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, epsilon=(0, inf))
        if not 0 < self.C < inf:
            raise ValueError(f"C={self.C} must be above 0 and finite")

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.svm import SVR

        variance = float(features.var())
        self._gamma = 1 / (features.shape[1] * variance) if variance else 1.0
        return SVR(kernel=self.kernel, gamma=self._gamma, epsilon=self.epsilon, C=self.C)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`; many products of matrices are faster than scikit-learn's loop."""
        from threadpoolctl import threadpool_limits

        fitted = self._fitted
        with threadpool_limits(limits=1):
            return float(fitted.intercept_[0]) + joined(
                self._covariance(features, fitted.support_vectors_) @ fitted.dual_coef_[0]
                for features in chunks(self, archs)
            )

    def _covariance(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """The kernel, shape (len(first), len(second))."""
        if self.kernel == "rbf":
            exponents = squared_distances(first, second)
            exponents *= -self._gamma
            return np.exp(exponents, out=exponents)
        products: FloatArray = first @ second.T
        return products if self.kernel == "linear" else (self._gamma * products) ** 3
