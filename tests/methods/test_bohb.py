from __future__ import annotations

import numpy as np
import pytest

from methods.blackbox.bohb import BOHB
from methods.blackbox.categorical_kde import CategoricalKDE
from methods.blackbox.hyperband import Hyperband

SIZES = (4,) * 4  # A model needs 2 * (4 + 1) observations.


@pytest.fixture
def spied(monkeypatch):
    """How many observations each proposal was modelled from, and the scores it saw."""
    seen = []
    original = BOHB._propose

    def propose(self, observed, space, rng):
        seen.append([score for score, _ in observed])
        return original(self, observed, space, rng)

    monkeypatch.setattr(BOHB, "_propose", propose)
    return seen


def test_models_the_highest_fidelity_with_enough_points(spied, play, toy, toy_space, table):
    score = table(SIZES)
    benchmark = toy(toy_space(SIZES), lambda a, epochs: score(a, epochs) + epochs, (1, 3, 9))
    run = play(BOHB(random_fraction=0.0), benchmark, 200)
    levels = [int(min(scores)) for scores in spied]
    assert set(levels) == {1, 3, 9}
    assert levels == sorted(levels)
    assert all(len(scores) >= 10 for scores in spied)
    # Each level is left as soon as the next one has enough.
    for level in (3, 9):
        tenth = [i for i, f in enumerate(run.fidelities) if f == level][9]
        count = sum(f == level for f in run.fidelities[: tenth + 1])
        assert len(spied[levels.index(level)]) >= count


def test_brackets_are_those_of_hyperband(play, toy, toy_space, table):
    benchmark = toy(toy_space(SIZES), table(SIZES), (1, 3, 9, 27))
    ours, theirs = (play(m, benchmark, 150).fidelities for m in (BOHB(), Hyperband()))
    assert ours == theirs


@pytest.mark.parametrize(
    ("fraction", "least", "most"), [(0.0, 191, 191), (1.0, 0, 0), (0.5, 70, 120)]
)
def test_share_of_random_proposals(fraction, least, most, spied, play, toy, toy_space, table):
    play(BOHB(random_fraction=fraction), toy(toy_space(SIZES), table(SIZES)), 200)
    assert least <= len(spied) <= most


def test_proposes_the_candidate_of_the_largest_ratio(toy_space, table):
    space, score = toy_space(SIZES), table(SIZES)
    rng = np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(40)]
    chosen = BOHB()._propose([(score(a, None), a) for a in archs], space, np.random.default_rng(1))

    ranked = np.array(sorted(archs, key=lambda a: -score(a, None)))
    good, bad = (CategoricalKDE(data, SIZES, 0.3) for data in (ranked[:6], ranked[6:]))
    drawn = good.sample(64, np.random.default_rng(1))
    ratios = [good.density(d[None])[0] / bad.density(d[None])[0] for d in drawn]
    assert chosen == tuple(drawn[int(np.argmax(ratios))])


def test_skips_invalid_candidates(toy_space, table):
    space = toy_space(SIZES, lambda arch: arch[0] == 2)
    observed = [(float(i), (2, i % 4, 0, 0)) for i in range(20)]
    rng = np.random.default_rng(0)
    assert all(BOHB()._propose(observed, space, rng)[0] == 2 for _ in range(20))
