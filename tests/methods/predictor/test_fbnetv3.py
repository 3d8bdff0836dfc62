from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError, Predictor
from methods.predictor import fbnetv3
from methods.predictor.evolution import evolve
from methods.predictor.fbnetv3 import FBNetV3

SIZES = (4, 4, 4, 4)


class Known(Predictor):
    """Knows the scores, and notes what it was fitted to."""

    fits: list[int]

    def learn(self, archs, scores):
        self.fits.append(len(archs))

    def guess(self, archs):
        return np.array([value(arch) for arch in self.space.tuples(archs)], float)


def value(arch, epochs=None):
    return float(sum(choice * 4**i for i, choice in enumerate(arch)))


@pytest.fixture
def known(monkeypatch):
    predictor = Known(fits=[])
    monkeypatch.setattr(fbnetv3, "load_predictor", lambda text: predictor)
    return predictor


@pytest.fixture
def sized(toy, toy_space, monkeypatch):
    """A benchmark whose parameters are the score."""

    def make(sizes=SIZES):
        benchmark = toy(toy_space(sizes), value)
        oracle = benchmark.oracle(0)
        oracle.properties = lambda arch: {"params": value(arch)}
        monkeypatch.setattr(benchmark, "oracle", lambda key: oracle)
        return benchmark

    return make


def test_queries_of_each_step(play, toy, toy_space, known):
    run = play(FBNetV3(initial=0.25, guided=0.5), toy(toy_space(SIZES), value), 200)
    assert known.fits == [50, 70, 90, 110, 130, 150, 160, 170, 180, 190]
    assert len(set(run.archs)) == len(run.archs) == 200
    everything = sorted((value(arch) for arch in toy_space(SIZES).enumerate()), reverse=True)
    left = [worth for worth in everything if worth not in run.scores[:50]]
    # A predictor that knows all puts the best on top.
    assert run.scores[50:150] == left[:100]


def test_short_searches_have_few_rounds(play, toy, toy_space, known):
    play(FBNetV3(initial=0.25, guided=0.5), toy(toy_space(SIZES), value), 60)
    assert known.fits == [15, 25, 35, 45, 55]


def test_evolution_finds_what_was_not_ranked(play, toy, toy_space, known):
    # 16.8 million architectures, of which no sample is near the best one.
    space = toy_space((4,) * 12)
    run = play(FBNetV3(initial=0.5, guided=0.0, generations=60), toy(space, value), 40)
    assert run.best == (3,) * 12


def test_everything_evaluated_is_within_the_cap(play, sized, known):
    run = play(FBNetV3(cap=100.0), sized(), 60)
    assert max(run.scores) == 100
    assert len(set(run.archs)) == 60


def test_ends_when_nothing_is_left(play, toy, toy_space, sized, known):
    run = play(FBNetV3(), toy(toy_space((3, 3)), value), 50)
    assert len(set(run.archs)) == len(run.archs) == 9
    run = play(FBNetV3(cap=20.0), sized(), 50)
    assert sorted(run.scores) == [float(i) for i in range(21)]


def test_cap_that_nothing_meets(play, sized, known):
    with pytest.raises(HarnessError, match=r"params of at most -1\. Raise cap"):
        play(FBNetV3(cap=-1.0), sized(), 20)


def test_cap_on_what_is_not_known(play, toy, toy_space, sized, known):
    with pytest.raises(HarnessError, match=r"cannot cap params: .* is nothing"):
        play(FBNetV3(cap=1.0), toy(toy_space(SIZES), value), 20)
    with pytest.raises(HarnessError, match=r"cannot cap flops: .* is params"):
        play(FBNetV3(cap=1.0, capped="flops"), sized(), 20)


def test_spends_a_budget_of_seconds(play, toy, toy_space, known):
    run = play(FBNetV3(initial=0.25, guided=0.5), toy(toy_space(SIZES), value), "120s")
    assert len(run.archs) == 60
    assert known.fits == [15, 25, 35, 45, 55]


@pytest.mark.parametrize(
    "settings",
    [{"initial": 1.1}, {"initial": 0.8, "guided": 0.3}, {"rounds": 0}, {"children": 0}],
)
def test_settings_out_of_range(settings):
    with pytest.raises(ValueError, match="outside"):
        FBNetV3(**settings)


def evolved(space, start, worth, allowed=lambda arch: True, seed=0, generations=30, **given):
    settings = {"children": 40, "survivors": 5, **given}
    rng = np.random.default_rng(seed)
    return evolve(space, rng, start, worth, allowed, generations=generations, **settings)


def worth_of(archs):
    return np.array([value(arch) for arch in archs], float)


def test_evolution_climbs_to_the_top(toy_space):
    space = toy_space((4,) * 8)
    found = evolved(space, [(0,) * 8, (1,) * 8], worth_of)
    assert found[0] == (3,) * 8
    assert [value(arch) for arch in found] == sorted(map(value, found), reverse=True)
    assert len(set(found)) == len(found)


def test_evolution_needs_both_operators(toy_space):
    # Two halves that are good together and lie more than a mutation apart.
    space = toy_space((2,) * 8)
    start = [(1, 1, 1, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 1, 1, 1)]
    near = {arch for parent in start for arch in space.neighbours(parent)} | set(start)
    once = evolved(space, start, worth_of, generations=1, children=400)
    assert near <= set(once)
    # The only other children are crossovers, which differ from both parents twice or more.
    assert set(once) - near


def test_evolution_lets_only_the_allowed_live_and_asks_for_each_once(toy_space):
    space = toy_space((4,) * 5)
    asked = []

    def worth(archs):
        asked.extend(archs)
        return worth_of(archs)

    found = evolved(space, [(0,) * 5], worth, lambda arch: value(arch) <= 200)
    assert max(map(value, found)) == 200
    assert len(set(asked)) == len(asked)
    assert sorted(asked) == sorted(found)


def test_evolution_ends_where_nothing_can_be_born(toy_space):
    assert evolved(toy_space((1, 1)), [(0, 0)], worth_of) == [(0, 0)]


def test_predictor_of_its_own(play, toy, toy_space, smooth):
    pytest.importorskip("torch")
    score = smooth((4,) * 6)
    space = toy_space((4,) * 6)
    everything = [score(arch, None) for arch in space.enumerate()]
    run = play(FBNetV3(), toy(space, score), 60)
    assert np.mean(run.scores[30:]) > np.quantile(everything, 0.9)
