"""What tests of predictors share: graphs of several sizes, and a space that shows graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness import Graphs
from harness.testing.synthetic import SyntheticSpace


def _graphs(sizes, kinds=5, seed=0, padding=0) -> Graphs:
    """One random graph of each size, padded to the largest, and further."""
    rng = np.random.default_rng(seed)
    width = max(sizes) + padding
    operations = np.zeros((len(sizes), width, kinds), np.float32)
    adjacency = np.zeros((len(sizes), width, width), np.float32)
    for i, size in enumerate(sizes):
        inner = rng.integers(1, kinds - 1, size - 2)
        operations[i, np.arange(size), [0, *inner, kinds - 1]] = 1.0
        adjacency[i, :size, :size] = np.triu(rng.random((size, size)) < 0.5, k=1)
    return Graphs(operations, adjacency)


def _shuffled(graphs: Graphs, seed=1) -> Graphs:
    """The same graphs with their nodes in another order, another one for each."""
    rng = np.random.default_rng(seed)
    order = rng.permuted(
        np.tile(np.arange(graphs.operations.shape[1]), (len(graphs.operations), 1)), axis=1
    )
    rows = np.arange(len(order))[:, None]
    return Graphs(
        graphs.operations[rows, order],
        graphs.adjacency[rows[:, :, None], order[:, :, None], order[:, None]],
    )


@pytest.fixture
def random_graphs() -> Callable[..., Graphs]:
    return _graphs


@pytest.fixture
def shuffled() -> Callable[..., Graphs]:
    return _shuffled


SPACE = SyntheticSpace((4,) * 5)


def _truth(archs) -> np.ndarray:
    """What each operation is worth, and each two in a row, wherever in the chain they stand."""
    rng = np.random.default_rng(5)
    single, pairs = rng.normal(size=4), rng.normal(size=(4, 4))
    return single[archs].sum(1) + 0.5 * pairs[archs[:, :-1], archs[:, 1:]].sum(1)


@pytest.fixture
def truth() -> Callable[..., Any]:
    """The scores of architectures in the space of `fitted`."""
    return _truth


@pytest.fixture
def fitted() -> Callable[..., Any]:
    """Fit a predictor to a few of 1,024 chains."""

    def fit(predictor, n=40, seed=0, score=lambda values: values):
        archs = np.random.default_rng(7).permutation(SPACE.population)[:n]
        predictor.attach(SPACE, np.random.default_rng(seed))
        predictor.fit(archs, score(_truth(archs)))
        return predictor

    return fit


def _decimal(arch, epochs=None) -> float:
    return float(int("".join(map(str, arch))))


@pytest.fixture
def decimal() -> Callable[..., float]:
    """A score: the number whose digits are the genotype, read from the left."""
    return _decimal


@pytest.fixture
def knowing(monkeypatch) -> Callable[..., list[int]]:
    """Make a class of predictors know `decimal`; gives the sizes of all fits, a list that grows."""

    def know(cls, std=1e-9):
        fits: list[int] = []

        def guess(self, archs):
            return archs @ (10.0 ** np.arange(archs.shape[1])[::-1])

        def guess_with_std(self, archs):
            return guess(self, archs), np.full(len(archs), std)

        monkeypatch.setattr(cls, "learn", lambda self, archs, scores: fits.append(len(archs)))
        monkeypatch.setattr(cls, "guess", guess)
        monkeypatch.setattr(cls, "guess_with_std", guess_with_std)
        return fits

    return know
