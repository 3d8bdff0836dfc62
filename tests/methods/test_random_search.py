from __future__ import annotations

from collections import Counter

import pytest

from methods.blackbox.random_search import RandomSearch


def test_draws_are_those_of_the_space(play, toy, toy_space, table):
    import numpy as np

    space = toy_space((4, 4, 4))
    rng = np.random.default_rng(5)
    expected = [space.sample(rng) for _ in range(30)]
    assert play(RandomSearch(), toy(space, table((4, 4, 4))), 30, 5).archs == expected


@pytest.mark.parametrize("valid", [lambda arch: True, lambda arch: sum(arch) % 7 == 0])
def test_without_replacement_lists_the_space_once(valid, play, toy, toy_space, table):
    space = toy_space((5, 5, 5), valid)
    run = play(RandomSearch(replacement=False), toy(space, table((5, 5, 5))), 10_000)
    assert sorted(run.archs) == list(space.enumerate())


def test_the_listed_rest_is_as_random_as_the_draws(monkeypatch, play, toy, toy_space, table):
    # Listing sets in after the first draw that was seen before.
    monkeypatch.setattr("methods.blackbox.random_search.MISSES", 1)
    space = toy_space((4, 4))
    benchmark = toy(space, table((4, 4)))
    lasts = Counter(
        play(RandomSearch(replacement=False), benchmark, 16, seed).archs[-1] for seed in range(800)
    )
    assert set(lasts) == set(space.enumerate())
    assert max(lasts.values()) < 80  # 50 expected, 7 standard deviation


def test_lists_the_rest_only_after_many_misses(monkeypatch, play, toy, toy_space, table):
    space = toy_space((5, 5, 5))
    listed = []
    monkeypatch.setattr(space, "enumerate", lambda: listed.append(1) or iter(()))
    run = play(RandomSearch(replacement=False), toy(space, table((5, 5, 5))), 60)
    assert len(run.archs) == 60
    assert not listed


def test_with_replacement_repeats(play, toy, toy_space, table):
    run = play(RandomSearch(), toy(toy_space((2, 2)), table((2, 2))), 100)
    assert len(run.archs) == 100
    assert len(set(run.archs)) == 4
