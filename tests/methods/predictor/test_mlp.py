from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from harness import Decision, HarnessError, SearchSpace
from methods.predictor.models.mlp import MLP
from methods.predictor.models.targets import targets_of

pytest.importorskip("torch")


class Measured(SearchSpace):
    """One decision, shown by its size in another unit."""

    unit, zero = 1.0, 0.0

    def features(self, archs):
        return self.integers(archs) * self.unit + self.zero


def test_targets():
    scores = np.array([3.0, 1.0, 3.0, -50.0])
    ranks, offset, factor = targets_of(scores, "ranks")
    assert ranks == pytest.approx(norm.ppf([0.75, 0.375, 0.75, 0.125]))
    assert (offset, factor) == (0.0, 1.0)
    z, offset, factor = targets_of(scores, "standardised")
    assert (z.mean(), z.std()) == pytest.approx((0, 1))
    assert offset + factor * z == pytest.approx(scores)
    for kind in ("ranks", "standardised"):
        assert targets_of(np.full(7, 0.1), kind)[0] == pytest.approx(np.zeros(7), abs=1e-6)


def test_orders_a_space_by_few_of_its_scores(fitted, truth):
    model = fitted(MLP(), 150)
    rows = model.space.population
    assert kendalltau(model.predict(rows), truth(rows))[0] > 0.6


def test_mean_and_deviation_are_those_of_the_members(fitted):
    import torch

    model = fitted(MLP(members=4, targets="standardised"), score=lambda x: 3 * x - 100)
    rows = model.space.population[:50]
    guesses = model._network(torch.from_numpy(model.space.features(rows))).double().numpy()
    mean, std = model.predict_with_std(rows)
    assert mean == pytest.approx(model._offset + model._factor * guesses.mean(0), rel=1e-6)
    assert std == pytest.approx(model._factor * guesses.std(0), rel=1e-5)
    assert model.has_std
    assert (std > 0).all()
    assert model.predict(rows) == pytest.approx(mean, abs=0)


@pytest.mark.parametrize("targets", ["ranks", "standardised"])
def test_unit_of_the_scores_does_not_matter(fitted, targets):
    plain = fitted(MLP(targets=targets))
    scaled = fitted(MLP(targets=targets), score=lambda x: 1024 * x)
    rows = plain.space.population
    expected = plain.predict(rows) * (1024 if targets == "standardised" else 1)
    assert scaled.predict(rows) == pytest.approx(expected, rel=1e-6)


def test_unit_of_the_features_does_not_matter():
    guesses = []
    for unit, zero in [(1.0, 0.0), (1e6, 4e6)]:
        space = Measured("measured", [Decision("size", tuple("abcdefghij"))])
        space.unit, space.zero = unit, zero
        model = MLP(encoding="features")
        model.attach(space, np.random.default_rng(0))
        model.fit([(0,), (3,), (5,), (9,)], [0.0, 3.0, 5.0, 9.0])
        guesses.append(model.predict(space.population))
    assert guesses[0] == pytest.approx(guesses[1], abs=1e-5)
    assert (np.diff(guesses[0]) > 0).all()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_and_equal_scores(fitted, n):
    model = fitted(MLP(epochs=30), n, score=np.ones_like)
    mean, std = model.predict_with_std(model.space.population)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()


def test_same_seed_same_bits(fitted):
    first, again, other = (fitted(MLP(), seed=seed) for seed in (1, 1, 2))
    rows = first.space.population
    assert np.array_equal(first.predict(rows), again.predict(rows))
    assert not np.array_equal(first.predict(rows), other.predict(rows))


def test_global_generator_of_torch_is_left_alone(fitted):
    import torch

    before = torch.get_rng_state()
    fitted(MLP(epochs=2))
    assert torch.equal(before, torch.get_rng_state())


def test_paths_are_what_it_sees(fitted):
    assert MLP(encoding="paths").needs() == {"graph"}
    model = fitted(MLP(encoding="paths", paths=9))
    # Of chains of five operations the first nine paths say nothing.
    assert len(set(model.predict(model.space.population).tolist())) == 1


@pytest.mark.parametrize("parameters", [{"members": "0"}, {"width": "0"}, {"loss": "huber"}])
def test_refuses_impossible_parameters(parameters):
    with pytest.raises(HarnessError, match=next(iter(parameters))):
        MLP.from_text(parameters)
