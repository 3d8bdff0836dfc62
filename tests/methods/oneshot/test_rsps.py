"""RSPS: how the best of random architectures is found."""

from __future__ import annotations

import numpy as np
import pytest

from methods.oneshot.rsps import RSPS
from tests.methods.oneshot.toy import WORTH, ToyBenchmark, opened, run

pytest.importorskip("torch")


def knowing(search, noise=0.0):
    """Let a search know the truth; gives how many images each architecture was judged on."""
    judged = []
    rng = np.random.default_rng(0)

    def accuracies(archs, batch=None):
        images = len(batch[1]) if batch else min(512, len(search.task.valid.labels))
        judged.append((len(archs), images))
        spread = noise if images < 100 else 0.0
        return np.array([np.mean([WORTH[c] for c in a]) + spread * rng.normal() for a in archs])

    search.accuracies = accuracies
    return judged


def test_paths_are_uniform():
    search = opened(RSPS(), "20epochs")
    drawn = [search._method.paths(search)[0] for _ in range(3000)]
    for decision, size in enumerate((4, 4, 3)):
        counts = np.bincount([next(iter(plan[decision])) for plan in drawn], minlength=size)
        assert np.abs(counts / 3000 - 1 / size).max() < 0.04
    assert all(list(row.values()) == [None] for plan in drawn for row in plan)


def test_the_best_of_a_batch():
    method = RSPS(samples=400)
    search = opened(method, "2000epochs")
    judged = knowing(search)
    assert method.derive(search) == (3, 3, 2)
    assert judged == [(400, 100)]


def test_the_best_of_rounds():
    method = RSPS(selection="rounds", samples=48, rounds=3, finalists=7, batch=16)
    search = opened(method, "2000epochs")
    judged = knowing(search, noise=0.05)
    method.derive(search)
    # Each round on a batch of the training's size, the finalists of all on everything.
    assert judged == [(48, 16)] * 3 + [(21, 100)]


def test_finalists_are_the_best_of_their_rounds():
    method = RSPS(selection="rounds", samples=200, rounds=2, finalists=1)
    search = opened(method, "2000epochs")
    knowing(search)
    assert method.derive(search) == (3, 3, 2)


@pytest.mark.parametrize("images", [10, 100])
def test_the_cost_of_rounds(images):
    method = RSPS(selection="rounds", samples=8, rounds=2, finalists=20, epochs=1)
    record = run(method, "100epochs", benchmark=ToyBenchmark(train=200, valid=images))
    assert record.error == ""
    assert record.counts["images without gradient"] == 2 * (8 * min(64, images) + 8 * images)


def test_prefers_paths_that_can_tell_the_classes():
    """Linear networks cannot; one relu among the edges can."""
    found = [run(RSPS(learning_rate=0.1), "30epochs", seed=seed).recommended for seed in range(5)]
    assert sum(3 in arch for arch in found) >= 4
