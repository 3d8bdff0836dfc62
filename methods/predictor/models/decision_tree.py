"""A regression tree."""

from __future__ import annotations

from typing import Any

from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor, random_state


class DecisionTree(SklearnRegressor):
    """One regression tree, grown until its leaves are pure.

    Scores are not scaled; a tree does not depend on their scale.

    Attributes:
        random_state: decides between splits that are equally good; None draws one for each fit.
    """

    random_state: int | None = None

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor(random_state=random_state(self, self.random_state))
