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


def test_the_last_ones_come_in_random_order(play, toy, toy_space, table):
    benchmark = toy(toy_space((5, 5, 5)), table((5, 5, 5)))
    lasts = Counter(
        play(RandomSearch(replacement=False), benchmark, 125, seed).archs[-1] for seed in range(200)
    )
    assert len(lasts) > 60


def test_with_replacement_repeats(play, toy, toy_space, table):
    run = play(RandomSearch(), toy(toy_space((2, 2)), table((2, 2))), 100)
    assert len(run.archs) == 100
    assert len(set(run.archs)) == 4
