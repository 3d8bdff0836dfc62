"""Gradient boosting by LightGBM, as GBDT-NAS uses it (Luo et al., arXiv 2007.04785)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Predictor, require
from methods.predictor.models.sklearn_regressor import (
    FloatArray,
    chunks,
    double,
    joined,
    random_state,
)

# One thread and a fixed order of sums: the same trees on every machine. Nothing on stderr.
REPRODUCIBLE = {
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class LightGBM(Predictor):
    """Gradient boosting by LightGBM with the settings of GBDT-NAS.

    Nine tenths of the features are seen by each tree, and four fifths of the architectures, drawn
    anew every five trees. Scores are not scaled; LightGBM keeps them in single precision. A split
    needs ``min_data`` architectures on either side, so that with fewer than twice as many (40 by
    default) all predictions are the mean.

    Attributes:
        trees: number of trees.
        leaves: largest number of leaves of a tree.
        rate: how much of each tree is added.
        min_data: fewest architectures in a leaf; 20 is LightGBM's default and that of GBDT-NAS.
        random_state: of the samples; None draws one for each fit.
    """

    trees: int = 100
    leaves: int = 31
    rate: float = 0.05
    min_data: int = 20
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, trees=(1, inf), leaves=(2, 131_072), rate=(1e-9, inf), min_data=(1, inf))

    def _parameters(self) -> dict[str, Any]:
        """What LightGBM is given."""
        return {
            **REPRODUCIBLE,
            "objective": "regression",
            "metric": "l2",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.min_data,
            "feature_fraction": 0.9,
            "bagging_fraction": 0.8,
            "bagging_freq": 5,
            "seed": random_state(self, self.random_state),
        }

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        import lightgbm

        # LightGBM cannot draw four fifths of a single architecture.
        copies = 2 if len(archs) == 1 else 1
        parameters = self._parameters()
        data = lightgbm.Dataset(
            np.repeat(double(self, archs), copies, axis=0),
            np.repeat(scores, copies),
            params=parameters,
        )
        self._booster = lightgbm.train(parameters, data, num_boost_round=self.trees)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return joined(
            np.asarray(self._booster.predict(features, num_threads=1))
            for features in chunks(self, archs)
        )

    def contributions(self, archs: NDArray[np.int64]) -> FloatArray:
        """What each feature adds to each guess: exact SHAP values of the trees.

        Returns:
            Shape (n, features + 1); the last column is the mean guess, and rows sum to the guesses.
        """
        return np.asarray(
            self._booster.predict(double(self, archs), num_threads=1, pred_contrib=True)
        )
