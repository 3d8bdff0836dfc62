"""Spaces that are the rows of a table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from harness import Decision
from harness.tables.table_space import TableSpace

DECISIONS = [Decision(name, tuple("abcd")) for name in ("p", "q", "r")]
# Three in a row, and one that is far from everything.
ARCHS = [(1, 0, 0), (0, 0, 0), (2, 0, 0), (3, 3, 3)]


@pytest.fixture
def space() -> TableSpace:
    return TableSpace("rows", DECISIONS, ARCHS)


def test_rows_are_the_space(space: TableSpace) -> None:
    assert list(space.enumerate()) == sorted(ARCHS)
    assert space.is_valid((3, 3, 3))
    assert not space.is_valid((3, 0, 0))
    assert space.cardinality == 64


def test_sample_is_uniform(space: TableSpace) -> None:
    rng = np.random.default_rng(0)
    counts = Counter(space.sample(rng) for _ in range(4_000))
    assert chisquare([counts[arch] for arch in ARCHS]).pvalue > 1e-3


def test_mutate_goes_to_a_neighbour(space: TableSpace) -> None:
    rng = np.random.default_rng(0)
    counts = Counter(space.mutate((0, 0, 0), rng) for _ in range(4_000))
    assert set(counts) == {(1, 0, 0), (2, 0, 0)}
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_mutate_leaves_a_row_without_neighbours(space: TableSpace) -> None:
    rng = np.random.default_rng(0)
    counts = Counter(space.mutate((3, 3, 3), rng) for _ in range(3_000))
    assert set(counts) == set(ARCHS) - {(3, 3, 3)}
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_crossover_draws_from_the_rows_between(space: TableSpace) -> None:
    space = TableSpace("rows", DECISIONS, [(0, 0, 0), (1, 1, 1), (0, 1, 1), (0, 2, 1)])
    rng = np.random.default_rng(0)
    counts = Counter(space.crossover((0, 0, 0), (1, 1, 1), rng) for _ in range(3_000))
    assert set(counts) == {(0, 0, 0), (1, 1, 1), (0, 1, 1)}
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_sparse_spaces_do_not_loop() -> None:
    """A thousand rows of 10^40 combinations: nothing may wait until it hits one."""
    rng = np.random.default_rng(0)
    decisions = [Decision(f"d{i}", tuple("0123456789")) for i in range(40)]
    archs = sorted({tuple(row) for row in rng.integers(0, 10, size=(1_000, 40)).tolist()})
    space = TableSpace("sparse", decisions, archs)
    for _ in range(100):
        first, second = space.sample(rng), space.sample(rng)
        assert space.is_valid(space.mutate(first, rng))
        assert space.crossover(first, second, rng) in (first, second)
    assert len(list(space.enumerate())) == len(archs)
