"""Gradient boosting by scikit-learn."""

from __future__ import annotations

from math import inf
from typing import Any

from harness import require
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor, random_state


class GradientBoosting(SklearnRegressor):
    """Gradient boosting of small trees.

    Scores are not scaled; trees do not depend on their scale. See `LightGBM` for the one that
    GBDT-NAS uses.

    Attributes:
        trees: number of trees, each of depth 3; NAAP-440 has 25, 50, 100 and 200.
        rate: how much of each tree is added.
        random_state: decides between splits that are equally good; None draws one for each fit.
    """

    trees: int = 100
    rate: float = 0.1
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, trees=(1, inf), rate=(0, 1))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.ensemble import GradientBoostingRegressor

        return GradientBoostingRegressor(
            n_estimators=self.trees,
            learning_rate=self.rate,
            random_state=random_state(self, self.random_state),
        )
