"""Nearest neighbours."""

from __future__ import annotations

from math import inf
from typing import Any

from harness import require
from methods.predictor.models.sklearn_regressor import FloatArray, SklearnRegressor


class KNN(SklearnRegressor):
    """The mean score of the nearest neighbours.

    Distances are Euclidean in the features; of one-hot features, that is the number of decisions
    in which two architectures differ. Where several are equally near, which of them count depends
    on the order in which they were learned. Scores are not scaled.

    Attributes:
        neighbours: how many count; all, where fewer are known. NAAP-440 has 1, 3, 5, 7 and 9.
    """

    neighbours: int = 5

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, neighbours=(1, inf))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.neighbors import KNeighborsRegressor

        return KNeighborsRegressor(min(self.neighbours, len(features)), algorithm="brute")
