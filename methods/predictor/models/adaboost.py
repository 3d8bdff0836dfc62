"""AdaBoost for regression."""

from __future__ import annotations

from math import inf
from typing import Any

from harness import require
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor, random_state


class AdaBoost(SklearnRegressor):
    """AdaBoost.R2 (Drucker, ICML 1997): the weighted median of trees of depth 3.

    Scores are not scaled; trees do not depend on their scale.

    Attributes:
        trees: largest number of trees; NAAP-440 has 25, 50, 100 and 200.
        random_state: of the samples that the trees learn from; None draws one for each fit.
    """

    trees: int = 50
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, trees=(1, inf))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.ensemble import AdaBoostRegressor

        return AdaBoostRegressor(
            n_estimators=self.trees, random_state=random_state(self, self.random_state)
        )
