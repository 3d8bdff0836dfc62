"""Random search against the exact expectation of the best of n uniform draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Budget
from harness.core.registry import load_method
from harness.study.run import run_seeds
from harness.tables import TableBenchmark
from harness.tables.open import open_benchmark

RUNS, QUERIES = 1000, 50


def best_of(
    draws: int, searched: NDArray[np.float64], reported: NDArray[np.float64]
) -> tuple[float, float]:
    """Expected searched and reported score of the best of uniform draws with replacement.

    The best of n draws is at most v with probability F(v)^n. Given its value, each of the equally
    good candidates is as likely as another to have been drawn first.
    """
    values, which, counts = np.unique(searched, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) / searched.size
    mass = below**draws - np.concatenate([[0.0], below[:-1]]) ** draws
    means = np.bincount(which, weights=reported) / counts
    return float(mass @ values), float(mass @ means)


def candidates(benchmark: TableBenchmark) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Everything that one query can show, with equal probabilities, and what it would report."""
    reported = benchmark.reported_means()
    trials = benchmark.searched_trials()
    assert not np.isnan(trials).any()
    return trials.ravel(), np.repeat(reported, trials.shape[1])


@pytest.mark.parametrize(
    "name",
    ["nasbench-graph/cora", "nasbench-graph/proteins"],
)
def test_embedded_tables(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "name",
    [
        "nasbench201/cifar10",
        "nasbench201/cifar100:searched=valid@12",
        "nasbench201/imagenet16-120",
        "nasbench-macro/cifar10",
    ],
)
def test_imported_tables(name: str, harness_data: Path) -> None:
    check(name)


def check(name: str) -> None:
    benchmark = open_benchmark(name)
    assert isinstance(benchmark, TableBenchmark)
    records = run_seeds(
        load_method("random-search").method, benchmark, Budget(QUERIES, "queries"), range(RUNS)
    )
    expected = best_of(QUERIES, *candidates(benchmark))
    for attribute, exact in zip(("valid", "reported"), expected, strict=True):
        found = np.array([getattr(record, attribute) for record in records])
        error = found.std(ddof=1) / np.sqrt(RUNS)
        assert abs(found.mean() - exact) < 3 * error, (attribute, found.mean(), exact, error)


def test_the_closed_form_equals_enumeration() -> None:
    searched, reported = np.array([1.0, 3.0, 3.0, 2.0]), np.array([5.0, 1.0, 4.0, 2.0])
    outcomes = []
    for first in range(4):
        for second in range(4):
            for third in range(4):
                drawn = [first, second, third]
                outcomes.append(max(drawn, key=lambda i: searched[i]))
    expected = (searched[outcomes].mean(), reported[outcomes].mean())
    assert best_of(3, searched, reported) == pytest.approx(expected, abs=1e-12)
