"""The inner loop: look-ups, the ledger, regularized evolution against a bare loop in one run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness import Architecture, Benchmark, Budget
from harness.core.registry import load_method
from harness.study.run import run_seeds
from harness.testing.synthetic import SyntheticBenchmark

QUERIES = 500

# Methods that live in this loop, with their queries; fewer for those that fit a model before each.
# The methods that train networks spend their time there.
BLACK_BOX = {
    "random-search": QUERIES,
    "regularized-evolution": QUERIES,
    "local-search": QUERIES,
    "genetic-algorithm": QUERIES,
    "reinforce": QUERIES,
    "successive-halving": QUERIES,
    "hyperband": QUERIES,
    "bohb": 200,
    "tpe": 200,
    "gp-bo": 60,
}


@pytest.fixture(scope="module")
def cells() -> Benchmark:
    """As many decisions and choices as NAS-Bench-201 has, with scores of every architecture."""
    benchmark = SyntheticBenchmark(sizes=(5,) * 6, trials=1)
    oracle = benchmark.oracle(0)
    for arch in benchmark.space.enumerate():
        oracle.measure(arch, benchmark.fidelities[-1])
    return benchmark


def bare_evolution(table: dict[Architecture, float], seed: int) -> list[tuple[Architecture, float]]:
    """Regularized evolution as one would write it for this one space and nothing else."""
    rng = random.Random(seed)
    alive: list[tuple[float, Architecture]] = []
    history: list[tuple[Architecture, float]] = []
    while len(history) < QUERIES:
        if len(alive) < 10:
            arch = tuple([rng.randrange(5) for _ in range(6)])
        else:
            parent = max(rng.sample(alive, 3))[1]
            i, op = rng.randrange(6), rng.randrange(4)
            arch = (*parent[:i], op + (op >= parent[i]), *parent[i + 1 :])
        score = table[arch]
        history.append((arch, score))
        alive.append((score, arch))
        if len(alive) > 10:
            alive.pop(0)
    return history


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_evolution_with_the_ledger_costs_at_most_twice_a_bare_loop(cells: Benchmark) -> None:
    table = {
        a: cells.oracle(0).measure(a, cells.fidelities[-1])[0] for a in cells.space.enumerate()
    }
    method, budget = load_method("regularized-evolution").method, Budget(QUERIES, "queries")
    search_only = [
        run_seeds(method, cells, budget, [seed])[0].wall
        / seconds(lambda seed=seed: bare_evolution(table, seed))
        for seed in range(100)
    ]
    assert median(search_only) <= 2.0


def test_look_up(benchmark: BenchmarkFixture, cells: Benchmark) -> None:
    oracle, epochs = cells.oracle(0), cells.fidelities[-1]
    archs = [cells.space.sample(np.random.default_rng(0)) for _ in range(1000)]
    benchmark(lambda: [oracle.measure(arch, epochs) for arch in archs])


@pytest.mark.parametrize(("name", "queries"), BLACK_BOX.items())
def test_method(benchmark: BenchmarkFixture, cells: Benchmark, name: str, queries: int) -> None:
    method = load_method(name).method
    budget = Budget(queries, "queries")
    records = benchmark.pedantic(
        lambda: run_seeds(method, cells, budget, [0]), rounds=5, warmup_rounds=1
    )
    assert not records[0].error
