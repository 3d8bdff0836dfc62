from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import HarnessError, load_predictor
from methods.predictor.gbdt_nas import GBDTNAS
from methods.predictor.models.self_training import SelfTraining
from methods.predictor.pruning import contributions, harmful, has_any, sample_without

DECIMAL = f"{Path(__file__).parent / 'perfect.py'}:Decimal"
FLAT = f"{Path(__file__).parent / 'perfect.py'}:Flat"


def decimal(arch, epochs):
    return float(int("".join(map(str, arch))))


@pytest.mark.parametrize(("budget", "given", "initial"), [(40, 0, 20), (41, 0, 21), (40, 7, 7)])
def test_first_at_random_then_the_top_of_the_rest(budget, given, initial, play, toy, toy_space):
    space = toy_space((5, 5, 5))
    run = play(GBDTNAS(predictor=DECIMAL, initial=given), toy(space, decimal), budget)
    assert len(run.archs) == budget
    first, then = run.archs[:initial], run.archs[initial:]
    assert len(set(first)) == initial
    best = sorted(set(space.enumerate()) - set(first), reverse=True)
    assert then == best[: budget - initial]
    assert run.best == (4, 4, 4)


def test_half_of_a_budget_of_epochs_is_random(play, toy, toy_space):
    space = toy_space((5, 5, 5))
    bench = toy(space, decimal, fidelities=(10,))
    run = play(GBDTNAS(predictor=DECIMAL), bench, "205epochs")
    best = sorted(set(space.enumerate()) - set(run.archs[:11]), reverse=True)
    assert run.archs[11:] == best[:9]


def test_rounds_share_the_rest_and_learn_from_those_before(play, toy, toy_space, monkeypatch):
    taught = []
    monkeypatch.setattr(
        "methods.predictor.labels.Labels.teach",
        lambda self, predictor, floor: (taught.append(len(self.archs)), _fit(self, predictor))[1],
    )
    play(GBDTNAS(predictor=FLAT, rounds=3), toy(toy_space((5, 5, 5)), decimal), 60)
    assert taught == [30, 40, 50]


def _fit(labels, predictor):
    predictor.attach(labels._problem.space, labels._problem.rng)
    predictor.fit(labels.archs, labels.scores)
    return predictor


def test_of_equal_predictions_chance_takes_some(play, toy, toy_space):
    """Not the ones that come first in the list of the space."""
    space = toy_space((4, 4))
    counts = np.zeros(16)
    for seed in range(400):
        run = play(GBDTNAS(predictor=FLAT, initial=1), toy(space, decimal), 2, seed)
        a, b = run.archs[1]
        counts[4 * a + b] += 1
    # Chi-square with 15 degrees of freedom; 37.7 is exceeded once in a thousand.
    assert ((counts - 25) ** 2 / 25).sum() < 37.7


def test_labels_below_the_floor_are_charged_but_not_learned(play, toy, toy_space, monkeypatch):
    floors = []
    monkeypatch.setattr(
        "methods.predictor.labels.Labels.teach",
        lambda self, predictor, floor: (floors.append(floor), _fit(self, predictor))[1],
    )
    run = play(GBDTNAS(predictor=FLAT, floor=200.0), toy(toy_space((5, 5, 5)), decimal), 20)
    assert floors == [200.0]
    assert len(run.archs) == 20
    assert min(run.scores) < 200.0


def test_a_space_smaller_than_the_budget_is_evaluated_once(play, toy, toy_space):
    for method in (GBDTNAS(), GBDTNAS(rounds=3), GBDTNAS(pruning="first-order")):
        run = play(method, toy(toy_space((3, 4)), decimal), 50)
        assert sorted(run.archs) == sorted(toy_space((3, 4)).enumerate())


def test_samples_are_ranked_where_the_space_cannot_be_listed(play, toy, toy_space):
    space = toy_space((9,) * 8)
    method = GBDTNAS(predictor=DECIMAL, initial=5, samples=30)
    run = play(method, toy(space, decimal), 50)
    # Each 30 samples are used up before others are drawn.
    assert run.archs[5:35] == sorted(run.archs[5:35], reverse=True)
    assert run.archs[35:] == sorted(run.archs[35:], reverse=True)


def test_trees_beat_chance_on_a_smooth_score(play, toy, toy_space, smooth):
    sizes = (5,) * 6
    bench = toy(toy_space(sizes), smooth(sizes))
    for parameters in ({}, {"semi_supervised": True}, {"pruning": "first-order"}):
        gains = []
        for seed in range(3):
            run = play(GBDTNAS(**parameters), bench, 200, seed)
            gains.append(max(run.scores[100:]) - max(run.scores[:100]))
            assert np.mean(run.scores[100:]) > np.mean(run.scores[:100]) + 1
        assert np.mean(gains) > 0.5


def test_same_seed_same_search(play, toy, toy_space, smooth):
    sizes = (4,) * 5
    bench = toy(toy_space(sizes), smooth(sizes))
    for parameters in ({"semi_supervised": True}, {"pruning": "first-order"}):
        first, again, other = (play(GBDTNAS(**parameters), bench, 80, s) for s in (3, 3, 4))
        assert first.archs == again.archs
        assert first.archs != other.archs


# Pruning


@pytest.fixture
def trees(toy_space, smooth):
    """Trees that were fitted to 200 labels of a smooth score."""
    sizes = (4,) * 5
    space, score = toy_space(sizes), smooth(sizes)
    archs = [space.sample(np.random.default_rng(seed)) for seed in range(200)]

    def fit(text):
        predictor = load_predictor(text)
        predictor.attach(space, np.random.default_rng(0))
        predictor.fit(archs, [score(arch, None) for arch in archs])
        return predictor, archs

    return fit


@pytest.mark.parametrize("name", ["lightgbm", "self-training"])
def test_contributions_sum_to_the_guess(name, trees):
    predictor, archs = trees(name)
    lightgbm = predictor.learner if isinstance(predictor, SelfTraining) else predictor
    values = lightgbm.contributions(predictor.space.integers(archs))
    assert values.shape == (200, 4 * 5 + 1)
    np.testing.assert_allclose(values.sum(axis=1), predictor.predict(archs), atol=1e-9)
    # The last column is the mean guess, which is the same for all and no feature's.
    assert np.ptp(values[:, -1]) == 0
    np.testing.assert_array_equal(contributions(predictor, archs), values[:, :-1])


def test_contributions_are_shapley_values(toy_space):
    """Two features, one tree of depth two: the definition by hand."""
    predictor = load_predictor("lightgbm:trees=1,rate=1,min_data=1")
    space = toy_space((2, 2))
    predictor.attach(space, np.random.default_rng(0))
    archs = [(a, b) for a in (0, 1) for b in (0, 1)] * 40
    predictor.fit(archs, [float(3 * a - b) for a, b in archs])
    values = contributions(predictor, archs[:4])
    by_decision = values.reshape(4, 2, 2).sum(axis=2)
    guesses = predictor.predict(archs[:4]).reshape(2, 2)
    first = guesses.mean(axis=1) - guesses.mean()
    second = guesses.mean(axis=0) - guesses.mean()
    expected = [(first[a], second[b]) for a, b in archs[:4]]
    # Bagging weighs the four cells slightly unequally.
    np.testing.assert_allclose(by_decision, expected, atol=0.25)
    assert (by_decision[:, 0] > 0).tolist() == [False, False, True, True]


def test_harmful_features_have_a_negative_mean_where_they_are_on():
    features = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 0, 1]], np.float32)
    values = np.array([[-1.0, 9.0, -3.0, 0.5], [-3.0, 1.0, 9.0, -1.0], [9.0, -2.0, 9.0, 0.0]])
    # Means where on: -2, -0.5, -3 and -1/6.
    none = np.empty(0, np.intp)
    assert harmful(features, values, none, 4).tolist() == [2, 0, 1, 3]
    assert harmful(features, values, none, 2).tolist() == [2, 0]
    assert harmful(features, values, none, 0).tolist() == []
    assert harmful(features, values, np.array([2, 1]), 4).tolist() == [0, 3]
    assert harmful(features, -values, none, 4).tolist() == []
    features[0, 2] = 0.5  # A number is not something that an architecture has or has not.
    assert harmful(features, values, none, 4).tolist() == [0, 1, 3]


def test_a_pruned_feature_is_not_asked_for_again(play, toy, toy_space, smooth, monkeypatch):
    """What is banned after each fit, and what is asked for between two fits."""
    sizes = (4,) * 6
    space = toy_space(sizes)
    told = []
    original = GBDTNAS._prune

    def prune(self, space, labels, predictor, banned):
        found = original(self, space, labels, predictor, banned)
        told.append((len(labels.archs), found))
        return found

    monkeypatch.setattr(GBDTNAS, "_prune", prune)
    run = play(GBDTNAS(pruning="first-order"), toy(space, smooth(sizes)), 240)
    assert [labels for labels, _ in told] == [120, 160, 200]
    # 0.136 of 24 features are three.
    assert [len(banned) for _, banned in told] == [3, 6, 9]
    for (start, banned), end in zip(told, (160, 200, 240), strict=True):
        assert len(set(banned.tolist())) == len(banned)
        asked = space.one_hot(run.archs[start:end])
        assert asked[:, banned].sum() == 0
    assert space.one_hot(run.archs[:120])[:, told[0][1]].sum() > 0


def test_where_pruning_leaves_nothing_new_all_is_ranked(play, toy, toy_space, monkeypatch):
    everything = np.arange(9, dtype=np.intp)
    monkeypatch.setattr(GBDTNAS, "_prune", lambda *arguments: everything)
    run = play(GBDTNAS(pruning="first-order"), toy(toy_space((3, 3, 3)), decimal), 20)
    assert len(set(run.archs)) == 20


def test_has_any(toy_space):
    space = toy_space((2, 3))
    # Columns 1 and 4: the first decision is 1, the second one is 2.
    found = has_any(space, space.population, np.array([1, 4]))
    assert found.tolist() == [a == 1 or b == 2 for a, b in space.enumerate()]


def test_samples_without_a_feature_are_uniform(toy_space):
    space = toy_space((3, 4, 2))
    banned = np.array([0, 3, 4, 5, 8])  # First decision not 0, second 3 only, third not 1.
    rows = sample_without(space, np.random.default_rng(0), banned, 1000)
    assert len(rows) == 1000
    assert set(map(tuple, rows.tolist())) == {(1, 3, 0), (2, 3, 0)}
    # 1,000 fair draws lie further than 3.3 standard deviations off once in a thousand.
    assert abs((rows[:, 0] == 1).sum() - 500) < 3.3 * np.sqrt(250)


def test_samples_that_cannot_be_freed_are_left_out(toy_space, monkeypatch):
    monkeypatch.setattr("methods.predictor.pruning.STEPS", 20)
    space = toy_space((2, 2))
    rows = sample_without(space, np.random.default_rng(0), np.array([0, 1]), 10)
    assert rows.shape == (0, 2)


def test_pruning_a_space_that_cannot_be_listed(play, toy, toy_space, smooth):
    sizes = (9,) * 8
    method = GBDTNAS(pruning="first-order", samples=200, initial=100)
    run = play(method, toy(toy_space(sizes), smooth(sizes)), 130)
    assert len(run.archs) == 130
    assert np.mean(run.scores[100:]) > np.mean(run.scores[:100]) + 1


def test_pruning_asks_for_trees(play, toy, toy_space):
    with pytest.raises(HarnessError, match="ridge has none"):
        play(
            GBDTNAS(predictor="ridge", pruning="first-order"),
            toy(toy_space((4, 4)), decimal),
            10,
        )
