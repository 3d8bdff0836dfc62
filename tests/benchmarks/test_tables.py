"""Opening a table against reading its columns with nothing around it, in one run."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
from pytest_benchmark.fixture import BenchmarkFixture

from harness import Benchmark
from harness.core.registry import load_benchmark

COLUMNS = ["arch", "cifar10_valid_200ep", "cifar10_valid_12ep", "train_s_per_epoch_cifar10_half",
           "eval_s_cifar10_valid"]  # fmt: skip


def opened(name: str) -> Benchmark:
    """A benchmark that has answered its first question."""
    benchmark = load_benchmark(name)
    benchmark.oracle(0).measure((3,) * 6, benchmark.fidelities[-1])
    return benchmark


def test_open_three_data_sets(benchmark: BenchmarkFixture, harness_data: Path) -> None:
    benchmark(
        lambda: [opened(f"nasbench201/{d}") for d in ("cifar10", "cifar100", "imagenet16-120")]
    )


def test_opening_is_reading(harness_data: Path) -> None:
    path = harness_data / "nasbench201" / "nasbench201.parquet"

    def bare() -> None:
        table = pq.ParquetFile(path, memory_map=True).read(columns=COLUMNS)
        lists = [column.to_pylist() for column in table.columns]
        dict(zip(lists[0], range(len(lists[0])), strict=True))

    ratios = []
    for _ in range(15):
        start = time.perf_counter()
        bare()
        middle = time.perf_counter()
        opened("nasbench201/cifar10")
        ratios.append((time.perf_counter() - middle) / (middle - start))
    assert median(ratios) <= 2.0
