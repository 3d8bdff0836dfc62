from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError
from methods.blackbox.asng import ASNG
from methods.natural_gradient import AdaptiveNaturalGradient, Categories

SIZES = (5, 2, 3, 4)


def test_equals_the_distribution_played_by_hand(play, toy, toy_space, smooth):
    score = smooth(SIZES)
    run = play(ASNG(), toy(toy_space(SIZES), score), 41, 3)
    rng = np.random.default_rng(3)
    law = Categories(SIZES)
    learner = AdaptiveNaturalGradient([law])
    for i in range(20):
        drawn = np.concatenate([law.draw(rng, 1), law.draw(rng, 1)])
        archs = [tuple(row) for row in drawn.tolist()]
        assert run.archs[2 * i : 2 * i + 2] == archs
        learner.update([drawn], [-score(arch, None) for arch in archs])
    assert run.archs[40:] == [law.mode]
    assert run.best == law.mode


@pytest.mark.parametrize(
    ("budget", "queries"), [(1, 1), (2, 2), (3, 3), (4, 3), (40, 39), (41, 41), ("100epochs", 11)]
)
def test_keeps_a_query_for_the_mode(budget, queries, play, toy, toy_space, smooth):
    fidelities = (9,) if isinstance(budget, str) else (None,)
    run = play(ASNG(), toy(toy_space(SIZES), smooth(SIZES), fidelities), budget)
    assert len(run.archs) == queries
    if queries > 2:
        assert run.best == run.archs[-1]


def test_only_ranks_matter(play, toy, toy_space, smooth):
    score = smooth(SIZES)
    plain = play(ASNG(), toy(toy_space(SIZES), score), 101)
    bent = toy(toy_space(SIZES), lambda arch, epochs: np.exp(3 * score(arch, epochs)) - 50)
    assert play(ASNG(), bent, 101).archs == plain.archs


@pytest.mark.parametrize("adaptive", [True, False])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_settles_on_the_best(adaptive, direction, play, toy, toy_space):
    sign = 1 if direction == "maximize" else -1
    benchmark = toy(toy_space(SIZES), lambda arch, _: sign * sum(arch), direction=direction)
    found = [play(ASNG(adaptive=adaptive), benchmark, 301, seed).best for seed in range(5)]
    # Steps that never shorten leave the best again.
    assert found.count((4, 1, 2, 3)) >= (5 if adaptive else 4)


def test_invalid_draws_are_repeated_and_counted(play, toy, toy_space):
    space = toy_space((4, 4, 4), lambda arch: len(set(arch)) > 1)
    run = play(ASNG(), toy(space, lambda arch, epochs: sum(arch)), 301)
    assert all(map(space.is_valid, run.archs))
    # The mode moves to what is not allowed; what was evaluated and is likely is recommended.
    assert run.best in run.archs[:-1]
    assert sorted(run.best)[1:] == [3, 3]
    assert run.ledger.counts["invalid genotypes drawn"] > 10


@pytest.mark.parametrize("name", ["samples", "alpha", "step"])
def test_refuses_impossible_parameters(name):
    with pytest.raises(HarnessError, match=name):
        ASNG.from_text({name: "0"})
