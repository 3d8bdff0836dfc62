from __future__ import annotations

from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from methods.predictor.weaknas import WeakNAS, improvement

DECIMAL = f"{Path(__file__).parent / 'perfect.py'}:Decimal"
FLAT = f"{Path(__file__).parent / 'perfect.py'}:Flat"


def decimal(arch, epochs):
    return float(int("".join(map(str, arch))))


def test_draws_from_the_predicted_top_that_is_not_labelled(play, toy, toy_space):
    space = toy_space((5, 5, 5))
    best = sorted(space.enumerate(), reverse=True)[:20]
    method = WeakNAS(predictor=DECIMAL, initial=10, batch=5, top=20)
    run = play(method, toy(space, decimal), 20)
    assert len(set(run.archs)) == 20
    assert set(run.archs[10:]) <= set(best)


def test_the_draw_is_uniform(play, toy, toy_space):
    space = toy_space((5, 5, 5))
    best = sorted(space.enumerate(), reverse=True)[:10]
    method = WeakNAS(predictor=DECIMAL, initial=1, batch=2, top=10)
    counts, possible = dict.fromkeys(best, 0), dict.fromkeys(best, 0.0)
    for seed in range(600):
        first, *drawn = play(method, toy(space, decimal), 3, seed).archs
        fresh = [arch for arch in best if arch != first]
        for arch in fresh:
            possible[arch] += 2 / len(fresh)
        for arch in drawn:
            counts[arch] += 1
    seen, expected = np.array(list(counts.values())), np.array(list(possible.values()))
    # Chi-square with nine degrees of freedom; 27.9 is exceeded once in a thousand.
    assert ((seen - expected) ** 2 / expected).sum() < 27.9


def test_the_best_of_the_rest_where_little_of_the_top_is_left(play, toy, toy_space):
    space = toy_space((5, 5, 5))
    method = WeakNAS(predictor=DECIMAL, initial=4, batch=3, top=4)
    run = play(method, toy(space, decimal), 13)
    for start in (4, 7, 10):
        known = set(run.archs[:start])
        order = sorted(space.enumerate(), reverse=True)
        fresh_top = [arch for arch in order[:4] if arch not in known]
        if len(fresh_top) < 3:
            assert run.archs[start : start + 3] == [a for a in order if a not in known][:3]
    assert sum(arch in order[:4] for arch in run.archs) == 4


def test_finds_the_optimum_of_what_it_predicts_perfectly(play, toy, toy_space):
    method = WeakNAS(predictor=DECIMAL, initial=2, batch=5, top=5)
    assert play(method, toy(toy_space((6, 6, 6)), decimal), 12).best == (5, 5, 5)


@pytest.mark.parametrize(
    ("budget", "given", "expected"),
    [("299", 0, 10), ("300", 0, 100), ("2000", 0, 100), ("300", 7, 7), ("900epochs", 0, 10)],
)
def test_size_of_the_first_sample(budget, given, expected, toy, toy_space, play, monkeypatch):
    first = []

    def sample_new(self, count):
        first.append(count)
        return []

    monkeypatch.setattr("methods.predictor.labels.Labels.sample_new", sample_new)
    monkeypatch.setattr(WeakNAS, "_worth", lambda self, labels, rows: np.zeros(len(rows)))
    monkeypatch.setattr(WeakNAS, "_choose", lambda *arguments: [])
    play(WeakNAS(initial=given), toy(toy_space((5,) * 3), decimal, (1,)), budget)
    assert first == [expected]


def test_of_equal_predictions_chance_makes_some_the_top(play, toy, toy_space):
    counts = np.zeros(16)
    for seed in range(400):
        method = WeakNAS(predictor=FLAT, initial=1, batch=1, top=2)
        a, b = play(method, toy(toy_space((4, 4)), decimal), 2, seed).archs[1]
        counts[4 * a + b] += 1
    # Chi-square with 15 degrees of freedom; 37.7 is exceeded once in a thousand.
    assert ((counts - 25) ** 2 / 25).sum() < 37.7


def test_a_part_of_the_space_keeps_the_top_of_the_round_before(play, toy, toy_space, monkeypatch):
    space = toy_space((9, 9, 9))
    ranked = []
    original = WeakNAS._worth

    def worth(self, labels, rows):
        ranked.append(set(map(tuple, rows.tolist())))
        return original(self, labels, rows)

    monkeypatch.setattr(WeakNAS, "_worth", worth)
    method = WeakNAS(predictor=DECIMAL, initial=2, batch=2, top=8, pool=50)
    play(method, toy(space, decimal), 8)
    assert len(ranked[0]) == 50
    assert all(50 <= len(rows) <= 58 for rows in ranked)
    for before, after in pairwise(ranked):
        assert set(sorted(before, reverse=True)[:8]) <= after
        assert len(before & after) < 30


@pytest.mark.parametrize("pool", [0, 27, 1000])
def test_all_of_a_small_space_is_ranked(pool, play, toy, toy_space):
    method = WeakNAS(predictor=DECIMAL, initial=1, batch=1, top=1, pool=pool)
    run = play(method, toy(toy_space((3, 3, 3)), decimal), 2, seed=1)
    assert run.archs[1] == (2, 2, 2)


def test_a_space_that_cannot_be_listed_is_sampled(play, toy, toy_space):
    method = WeakNAS(predictor=DECIMAL, initial=5, batch=10, top=10, pool=300)
    run = play(method, toy(toy_space((9,) * 8), decimal), 45)
    # The best ten of 300 draws.
    assert min(arch[0] for arch in run.archs[5:]) >= 7


@pytest.mark.parametrize("acquisition", ["top", "ei"])
@pytest.mark.parametrize("pool", [0, 4])
def test_ends_when_all_is_labelled(acquisition, pool, play, toy, toy_space):
    method = WeakNAS(predictor="ridge", initial=3, batch=4, acquisition=acquisition, pool=pool)
    run = play(method, toy(toy_space((3, 4)), decimal), 50)
    assert sorted(run.archs) == sorted(toy_space((3, 4)).enumerate())


# Expected improvement


@pytest.mark.parametrize(("mean", "std"), [(0.3, 0.2), (1.4, 0.5), (1.0, 1.0), (-2.0, 3.0)])
def test_improvement_is_the_expectation(mean, std):
    expected, _ = quad(lambda y: max(y - 1.0, 0) * norm.pdf(y, mean, std), 1.0, mean + 12 * std)
    found = improvement(np.array([mean]), np.array([std]), 1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_improvement_without_doubt():
    found = improvement(np.array([0.5, 1.0, 1.5]), np.zeros(3), 1.0)
    np.testing.assert_array_equal(found, [0.0, 0.0, 0.5])


def test_the_largest_improvement_is_taken(play, toy, toy_space, monkeypatch):
    """An ensemble whose members disagree about one architecture more than about the others."""
    space = toy_space((6,))
    members = cycle(np.array([
        [0.0, 5.0, 4.0, 4.9, 1.0, 1.0],
        [0.0, 5.0, 6.5, 5.1, 1.0, 1.0],
        [0.0, 5.0, 4.0, 4.9, 1.0, 1.0],
        [0.0, 5.0, 6.5, 5.1, 1.0, 1.0],
        [0.0, 5.0, 4.0, 4.9, 1.0, 1.0],
    ]))  # fmt: skip

    class Member:
        def __init__(self, values):
            self.values = values

        def predict(self, rows):
            return self.values[rows[:, 0]]

    monkeypatch.setattr(
        "methods.predictor.labels.Labels.teach", lambda self, predictor: Member(next(members))
    )
    monkeypatch.setattr("methods.predictor.labels.Labels.sample_new", lambda self, n: [(0,)])
    method = WeakNAS(acquisition="ei", batch=5)
    run = play(method, toy(space, lambda arch, epochs: 5.3), 6)
    # The second one differs most between members; the third one's improvement is tiny, but more
    # than none.
    assert [arch[0] for arch in run.archs[:4]] == [0, 2, 3, 1]
    assert {arch[0] for arch in run.archs[4:]} == {4, 5}


@pytest.mark.parametrize("acquisition", ["top", "ei"])
def test_beats_chance_and_is_repeatable(acquisition, play, toy, toy_space, smooth):
    sizes = (4,) * 6
    bench = toy(toy_space(sizes), smooth(sizes))
    method = WeakNAS(acquisition=acquisition, pool=1000)
    first, again, other = (play(method, bench, 60, seed) for seed in (0, 0, 1))
    assert first.archs == again.archs
    assert first.archs != other.archs
    for run in (first, other):
        assert len(set(run.archs)) == 60
        assert np.mean(run.scores[40:]) > np.mean(run.scores[:10]) + 1
