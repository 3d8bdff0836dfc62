"""What a worker process keeps between the runs that it is given: benchmarks, methods, scorers."""

from __future__ import annotations

import os
from functools import lru_cache

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError
from harness.core.method import Method
from harness.core.predictor import Predictor
from harness.core.registry import load_method, load_scorer
from harness.tables.open import open_benchmark


def benchmark_of(text: str, checksum: str) -> Benchmark:
    """Open a benchmark, once a process.

    Raises:
        HarnessError: its data is not what the study was planned with.
    """
    return _benchmark(text, os.environ.get("HARNESS_DATA", ""), checksum)


@lru_cache(maxsize=16)
def _benchmark(text: str, data: str, checksum: str) -> Benchmark:
    benchmark = open_benchmark(text)
    if benchmark.checksum != checksum:
        raise HarnessError(
            f"{text} has other data on this worker than on the machine that planned the study "
            f"({benchmark.checksum[:12]} here, {checksum[:12]} there)"
        )
    return benchmark


@lru_cache(maxsize=64)
def method_of(text: str, digest: str) -> Method:
    """Load a method, once a process.

    Raises:
        HarnessError: its file is not what the study was planned with.
    """
    loaded = load_method(text)
    _refuse_change(text, loaded.digest, digest)
    return loaded.method


@lru_cache(maxsize=64)
def scorer_of(text: str, digest: str) -> Predictor:
    """Load a scorer, once a process.

    Raises:
        HarnessError: its file is not what the study was planned with.
    """
    loaded = load_scorer(text)
    _refuse_change(text, loaded.digest, digest)
    return loaded.scorer


def _refuse_change(text: str, found: str, planned: str) -> None:
    if found != planned:
        raise HarnessError(f"{text} was changed while the study ran. Start the command again")
