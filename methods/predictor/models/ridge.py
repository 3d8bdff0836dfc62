"""Ridge regression."""

from __future__ import annotations

from math import inf
from typing import Any

from harness import require
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor


class Ridge(SklearnRegressor):
    """Ridge regression: least squares that keeps the weights small.

    It learns the scores as they are, with an intercept that is not penalised.

    Attributes:
        alpha: weight of the penalty; scikit-learn's default.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, alpha=(0, inf))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.linear_model import Ridge

        return Ridge(alpha=self.alpha)
