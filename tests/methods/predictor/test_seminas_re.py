from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from methods.predictor.models.self_training import SelfTraining
from methods.predictor.seminas_re import SemiNASRE

DECIMAL = f"{Path(__file__).parent / 'perfect.py'}:Decimal"
FLAT = f"{Path(__file__).parent / 'perfect.py'}:Flat"


def decimal(arch, epochs):
    return float(int("".join(map(str, arch))))


def plain(**parameters):
    return SemiNASRE(semi_supervised=False, **parameters)


def test_a_perfect_predictor_picks_the_best_of_all_children(play, toy, toy_space):
    """With children enough to see every neighbour, and one parent: steepest ascent."""
    space = toy_space((3, 3, 3, 3))
    method = plain(predictor=DECIMAL, population=1, sample=1, children=400)
    run = play(method, toy(space, decimal), 12, seed=2)
    for i in range(1, 12):
        parent, known = run.archs[i - 1], set(run.archs[:i])
        fresh = [arch for arch in space.neighbours(parent) if arch not in known]
        assert run.archs[i] == max(fresh)
    assert run.best == (2, 2, 2, 2)


def test_without_a_choice_it_is_evolution_that_repeats_nothing(play, toy, toy_space, table):
    """One child a parent, or a predictor that knows nothing: the first new child."""
    sizes = (5, 4, 3, 4)
    score = table(sizes)
    space = toy_space(sizes)
    run = play(plain(predictor=FLAT, children=1, refit=1000), toy(space, score), 80, seed=3)
    rng = np.random.default_rng(3)
    asked = []
    while len(asked) < 10:
        arch = space.sample(rng)
        if arch not in asked:
            asked.append(arch)
    alive = list(asked)
    while len(asked) < 80:
        drawn = [alive[int(u * 10)] for u in rng.random(3)]
        child = space.mutate(max(drawn, key=lambda a: score(a, None)), rng)
        while child in asked:
            child = space.sample(rng)
        asked.append(child)
        alive = [*alive, child][-10:]
    assert run.archs == asked


def test_refits_after_so_many_labels(play, toy, toy_space, table, monkeypatch):
    taught = []

    def teach(self, predictor):
        taught.append((len(self.archs), type(predictor).__name__))
        predictor.attach(self._problem.space, self._problem.rng)
        predictor.fit(self.archs, self.scores)
        return predictor

    monkeypatch.setattr("methods.predictor.labels.Labels.teach", teach)
    bench = toy(toy_space((6, 6, 6)), table((6, 6, 6)))
    play(plain(predictor=FLAT, population=5, refit=7), bench, 27)
    assert [labels for labels, _ in taught] == [5, 12, 19, 26]
    assert {name for _, name in taught} == {"Flat"}
    taught.clear()
    play(SemiNASRE(predictor=FLAT, population=5, refit=7), bench, 13)
    assert taught == [(5, "SelfTraining"), (12, "SelfTraining")]


def test_the_predictor_guesses_for_so_many():
    predictor = SemiNASRE(predictor="ridge", unlabelled=123)._predictor()
    assert predictor == SelfTraining(predictor="ridge", unlabelled=123)


def test_ends_when_all_is_labelled(play, toy, toy_space):
    for sizes in ((3, 4), (1,), (1, 1)):
        run = play(SemiNASRE(), toy(toy_space(sizes), decimal), 50)
        assert sorted(run.archs) == sorted(toy_space(sizes).enumerate())


def test_beats_chance_and_is_repeatable(play, toy, toy_space, smooth):
    sizes = (5,) * 6
    bench = toy(toy_space(sizes), smooth(sizes))
    method = SemiNASRE(unlabelled=200)
    first, again, other = (play(method, bench, 80, seed) for seed in (0, 0, 1))
    assert first.archs == again.archs
    assert first.archs != other.archs
    for run in (first, other):
        assert len(set(run.archs)) == 80
        assert np.mean(run.scores[60:]) > np.mean(run.scores[:10]) + 1


@pytest.mark.parametrize("wrong", ["population", "sample", "children", "refit", "unlabelled"])
def test_bad_parameters(wrong):
    with pytest.raises(ValueError, match=f"{wrong}=0 is outside"):
        SemiNASRE(**{wrong: 0})
