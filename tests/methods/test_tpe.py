from __future__ import annotations

import numpy as np
import pytest

from methods.blackbox.tpe import TPE, recency, split


@pytest.mark.parametrize(("n", "good"), [(1, 1), (16, 1), (20, 2), (64, 2), (65, 3), (10_000, 25)])
def test_how_many_are_good(n, good):
    scores = np.random.default_rng(0).permutation(n).astype(float).tolist()
    chosen = split(scores, 0.25)
    assert chosen.sum() == good
    assert [scores[i] for i in np.flatnonzero(chosen)] == sorted(
        sorted(scores)[-good:], key=scores.index
    )


def test_of_equal_scores_the_earlier_is_good():
    assert np.flatnonzero(split([0.0, 1.0] * 10, 0.25)).tolist() == [1, 3]


def test_old_observations_count_less():
    assert recency(0).tolist() == []
    assert recency(25).tolist() == [1.0] * 25
    assert recency(28) == pytest.approx([1 / 28, 29 / 56, 1.0] + [1.0] * 25)


def test_belief_by_hand():
    belief = TPE()._belief(np.array([2, 2, 0]), 4)
    assert belief == pytest.approx([2 / 7, 1 / 7, 3 / 7, 1 / 7])
    assert TPE(prior_weight=0.5)._belief(np.array([2, 2, 0]), 4) == pytest.approx(
        [1.5 / 5, 0.5 / 5, 2.5 / 5, 0.5 / 5]
    )


def test_belief_forgets():
    belief = TPE()._belief(np.array([0] + [1] * 25), 2)
    assert belief == pytest.approx(np.array([1 / 26 + 1, 26]) / (1 / 26 + 27))


def test_draws_the_choice_of_the_largest_ratio():
    beliefs = [
        (np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.1, 0.2])),
        (np.array([0.5, 0.5]), np.array([0.1, 0.9])),
    ]
    method = TPE(candidates=200)
    assert method._draw(beliefs, np.random.default_rng(0)) == (1, 0)
    single = TPE(candidates=1)
    rng = np.random.default_rng(0)
    drawn = np.array([single._draw(beliefs, rng) for _ in range(4000)])
    assert np.bincount(drawn[:, 0]) / 4000 == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_model_starts_after_the_random_samples(monkeypatch, play, toy, toy_space, table):
    counts = []
    original = TPE._beliefs
    monkeypatch.setattr(
        TPE,
        "_beliefs",
        lambda self, columns, scores, sizes: (
            counts.append(len(scores)) or original(self, columns, scores, sizes)
        ),
    )
    play(TPE(startup=7), toy(toy_space((3, 3, 3)), table((3, 3, 3))), 12)
    assert counts == [7, 8, 9, 10, 11, 12]  # The last proposal meets the end of the budget.
