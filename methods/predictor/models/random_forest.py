"""A random forest, which knows how much its trees differ."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.sklearn_regressor import (
    FloatArray,
    SklearnRegressor,
    chunks,
    joined,
    random_state,
)


class RandomForest(SklearnRegressor):
    """The mean of trees, each grown on a bootstrap sample.

    The standard deviation of a prediction is that between the trees. Scores are not scaled; trees
    do not depend on their scale.

    Attributes:
        trees: number of trees; NAAP-440 has 25, 50, 100 and 200.
        random_state: of the bootstrap samples; None draws one for each fit.
    """

    trees: int = 100
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, trees=(1, inf))

    def model(self, features: FloatArray) -> Any:
        """See `SklearnRegressor.model`."""
        from sklearn.ensemble import RandomForestRegressor

        return RandomForestRegressor(
            n_estimators=self.trees, random_state=random_state(self, self.random_state), n_jobs=1
        )

    def guess_with_std(self, archs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """See `Predictor.guess_with_std`."""
        means, stds = [], []
        for features in chunks(self, archs):
            single = features.astype(np.float32)  # What trees work on; converted once for all.
            each = np.stack(
                [tree.predict(single, check_input=False) for tree in self._fitted.estimators_]
            )
            means.append(each.mean(axis=0))
            stds.append(each.std(axis=0))
        return joined(iter(means)), joined(iter(stds))
