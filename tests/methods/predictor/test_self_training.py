from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError, Predictor, load_predictor
from methods.predictor.models import self_training
from methods.predictor.models.self_training import SelfTraining


class Spy(Predictor):
    """Guesses the first decision and how often it was taught; remembers each lesson."""

    def __post_init__(self):
        self.lessons = []

    def learn(self, archs, scores):
        self.lessons.append((archs.copy(), scores.copy()))

    def guess(self, archs):
        return archs[:, 0] + 100.0 * len(self.lessons)


class SureSpy(Spy):
    def guess_with_std(self, archs):
        return self.guess(archs), np.full(len(archs), 0.5)


@pytest.fixture
def spied(monkeypatch, toy_space):
    """A fitted `SelfTraining` around a spy, and the spy."""

    def make(spy=None, sizes=(4, 5), labels=3, seed=0, **parameters):
        spy = spy or Spy()
        monkeypatch.setattr(self_training, "load_predictor", lambda text: spy)
        space = toy_space(sizes)
        predictor = SelfTraining(**parameters)
        predictor.attach(space, np.random.default_rng(seed))
        archs = space.tuples(space.integers([space.sample(np.random.default_rng(9))]))
        while len(archs) < labels:
            arch = space.sample(np.random.default_rng(len(archs) + 10 * seed))
            archs.append(arch)
            seed += 1
        predictor.fit(archs, np.arange(labels, dtype=float) - 7)
        return predictor, spy, archs

    return make


def test_lessons_are_labels_then_labels_and_guesses(spied):
    _, spy, archs = spied(unlabelled=10, upsample=4)
    (first, scores), (second, both) = spy.lessons
    assert first.tolist() == [list(arch) for arch in archs]
    assert scores.tolist() == [-7.0, -6.0, -5.0]
    assert len(second) == len(both) == 3 * 4 + 10
    assert second[:12].tolist() == first.tolist() * 4
    assert both[:12].tolist() == scores.tolist() * 4
    # The guesses are those of the spy when it had had one lesson.
    np.testing.assert_array_equal(both[12:], second[12:, 0] + 100.0)
    unlabelled = {tuple(row) for row in second[12:].tolist()}
    assert len(unlabelled) == 10
    assert not unlabelled & set(archs)


@pytest.mark.parametrize(("unlabelled", "times"), [(6, 2), (7, 3), (1, 1)])
def test_labels_outnumber_guesses_by_default(unlabelled, times, spied):
    _, spy, _ = spied(unlabelled=unlabelled)
    assert len(spy.lessons[1][0]) == 3 * times + unlabelled


def test_each_round_guesses_for_others(spied):
    _, spy, _ = spied(sizes=(30, 30), unlabelled=10, upsample=1, rounds=3)
    assert [len(archs) for archs, _ in spy.lessons] == [3, 13, 13, 13]
    drawn = [set(map(tuple, archs[3:].tolist())) for archs, _ in spy.lessons[1:]]
    assert drawn[0] != drawn[1] != drawn[2]
    for lesson, (archs, scores) in enumerate(spy.lessons[1:], start=1):
        np.testing.assert_array_equal(scores[3:], archs[3:, 0] + 100.0 * lesson)


def test_a_small_space_is_guessed_as_a_whole(spied):
    _, spy, archs = spied(sizes=(4, 5))
    others = {tuple(row) for row in spy.lessons[1][0].tolist()} - set(archs)
    assert len(others) == 20 - len(set(archs))


def test_one_lesson_where_all_is_labelled(spied):
    predictor, spy, archs = spied(sizes=(1, 1), labels=1)
    assert len(spy.lessons) == 1
    assert predictor.predict(archs).tolist() == [100.0]


def test_a_space_that_cannot_be_listed_is_sampled(spied):
    _, spy, archs = spied(sizes=(10,) * 8, unlabelled=50, upsample=1)
    others = {tuple(row) for row in spy.lessons[1][0][3:].tolist()}
    assert len(others) == 50
    assert not others & set(archs)


def test_guesses_are_those_of_the_learner(spied):
    predictor, spy, archs = spied()
    assert predictor.learner is spy
    np.testing.assert_array_equal(predictor.predict(archs), spy.predict(archs))
    assert not predictor.has_std
    with pytest.raises(HarnessError, match="does not say how sure"):
        predictor.predict_with_std(archs)


def test_it_is_as_sure_as_the_learner(spied):
    predictor, spy, archs = spied(SureSpy())
    assert predictor.has_std
    for mine, its in zip(
        predictor.predict_with_std(archs), spy.predict_with_std(archs), strict=True
    ):
        np.testing.assert_array_equal(mine, its)


def test_guesses_of_a_linear_model_teach_it_nothing(toy_space, smooth):
    """Least squares that fits its labels exactly fits its own guesses as well."""
    space, score = toy_space((3, 3, 3)), lambda arch: float(np.dot(arch, (1.0, -2.0, 0.5)))
    rng = np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(15)]
    guesses = []
    for name in ("linear", "self-training:predictor=linear"):
        predictor = load_predictor(name)
        predictor.attach(space, np.random.default_rng(1))
        predictor.fit(archs, [score(arch) for arch in archs])
        guesses.append(predictor.predict(space.population))
    np.testing.assert_allclose(guesses[0], guesses[1], atol=1e-9)


def test_same_seed_same_guesses(toy_space):
    space = toy_space((4, 4, 4))
    archs = space.tuples(space.population[::2])
    guesses = []
    for seed in (0, 0, 1):
        predictor = load_predictor("self-training:predictor=(random-forest:trees=5)")
        predictor.attach(space, np.random.default_rng(seed))
        predictor.fit(archs, np.sin(np.arange(len(archs))))
        guesses.append(predictor.predict(space.population))
    assert guesses[0].tolist() == guesses[1].tolist()
    assert guesses[0].tolist() != guesses[2].tolist()


def test_needs_what_the_learner_needs():
    assert SelfTraining(predictor="ridge").needs() == load_predictor("ridge").needs()


@pytest.mark.parametrize("wrong", [{"unlabelled": 0}, {"upsample": -1}, {"rounds": 0}])
def test_bad_parameters(wrong):
    with pytest.raises(ValueError, match="outside"):
        SelfTraining(**wrong)
