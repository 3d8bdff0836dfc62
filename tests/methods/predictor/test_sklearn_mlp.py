from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from harness import load_predictor
from methods.predictor.models.sklearn_mlp import SklearnMLP


def test_it_is_that_of_scikit_learn_on_scaled_scores(toy_space):
    space = toy_space((3, 4))
    scores = np.sin(np.arange(12)) * 5 + 90
    predictor = load_predictor("sklearn-mlp:layers=2,width=7,epochs=20,random_state=3")
    predictor.attach(space, np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictor.fit(space.population, scores)
    features = space.one_hot(space.population).astype(float)
    model = MLPRegressor(hidden_layer_sizes=(7, 7), max_iter=20, random_state=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(features, (scores - scores.mean()) / scores.std())
    expected = model.predict(features) * scores.std() + scores.mean()
    np.testing.assert_allclose(predictor.predict(space.population), expected, rtol=1e-12)


def test_equal_scores(toy_space):
    predictor = SklearnMLP(layers=1, width=4, epochs=300)
    predictor.attach(toy_space((3, 4)), np.random.default_rng(0))
    predictor.fit(predictor.space.population, np.full(12, 7.0))
    np.testing.assert_allclose(predictor.predict(predictor.space.population), 7.0, atol=0.6)


@pytest.mark.parametrize("wrong", ["layers", "width", "epochs"])
def test_bad_parameters(wrong):
    with pytest.raises(ValueError, match=f"{wrong}=0 is outside"):
        SklearnMLP(**{wrong: 0})
