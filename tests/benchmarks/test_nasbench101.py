"""Looking up a cell of NAS-Bench-101 against looking up a genotype, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.parquet as pq

from harness import Architecture
from harness.core.registry import load_benchmark
from spaces.nasbench101.graph import form_of

QUERIES = 1000


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ask_all(ask: Callable[..., object], archs: Iterable[Architecture], *more: object) -> None:
    for arch in archs:
        ask(arch, *more)


def test_a_query_costs_little_more_than_checking_the_genotype(harness_data: Path) -> None:
    """A known genotype is a look-up in a dictionary; a new one has to be made canonical first."""
    benchmark = load_benchmark("nasbench101/cifar10:sampling=matrix")
    space, epochs = benchmark.space, benchmark.fidelities[-1]
    rng = np.random.default_rng(0)
    first, known = [], []
    for _ in range(15):
        archs = list({space.sample(rng): None for _ in range(QUERIES)})
        table = dict.fromkeys(archs, 0.5)
        measure = benchmark.oracle(0).measure
        checks = seconds(partial(ask_all, space.check, archs))
        form_of.cache_clear()
        first.append(seconds(partial(ask_all, measure, archs, epochs)) / checks)
        look_ups = seconds(partial(ask_all, table.__getitem__, archs))
        known.append(seconds(partial(ask_all, measure, archs, epochs)) / look_ups)
    # Making canonical and finding the row cost no more than the check that a cell is one.
    assert median(first) <= 3
    # The look-up of the row, and then of its score and its cost.
    assert median(known) <= 10


def test_opening_is_reading(harness_data: Path) -> None:
    path = harness_data / "nasbench101" / "nasbench101_test.parquet"
    columns = ["ops", "adjacency_bits", "cifar10_test_108ep"]

    def bare() -> None:
        table = pq.ParquetFile(path, memory_map=True).read(columns=columns)
        lists = [column.to_pylist() for column in table.columns]
        dict(zip(zip(*lists[:2], strict=True), lists[2], strict=True))

    def opened() -> None:
        benchmark = load_benchmark("nasbench101/cifar10")
        arch = benchmark.space.sample(np.random.default_rng(0))
        benchmark.oracle(0).measure(arch, benchmark.fidelities[-1])

    opened()
    ratios = [seconds(opened) / seconds(bare) for _ in range(5)]
    assert median(ratios) <= 1
