"""Measured error rates: the headline test under the null hypothesis, the intervals' coverage.

Every cell of the test is 2,000 simulated comparisons of a method with itself; the standard error of
a rate of 0.05 is 0.005, so that what is right leaves the band of 0.03 to 0.07 once in 20,000 times.
The skewed scores are best-of-n draws from a table: few distinct values below an optimum. They
come from a lognormal table, and from NAS-Bench-201 where it is at hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.aggregate import RESAMPLES
from harness.analysis.estimates import (
    bootstrap_counts,
    iqm,
    mean_interval,
    percentile_interval,
    resampled_iqm,
)
from harness.analysis.significance import sign_flip_p
from harness.study.results import FloatArray

COMPARISONS = 2_000
INTERVALS = 20_000
SEEDS = (10, 30, 100)

CONSERVATIVE = {("lognormal table, best of 300", 10): 0.02}
"""A quarter of ten pairs tie and the others take few values: p is coarse, and errs to be safe."""

SKEWED = {("lognormal table, best of 300", 10): 0.91}
"""Ten scores of skewness -1.1 do not tell how long their tail is."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], FloatArray]


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    return rng.normal(size=shape)


def _best_of(validation: FloatArray, test: FloatArray, queries: int) -> Draw:
    """Test score of the architecture with the best validation score among random ones."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        order = np.argsort(validation)
        best = order[(rng.random(shape) ** (1 / queries) * len(order)).astype(int)]
        return test[best]

    return draw


def _lognormal_table() -> tuple[FloatArray, FloatArray]:
    """A table of 2,000 architectures, long tail to the bad side, scores in steps of 0.1."""
    rng = np.random.default_rng(0)
    quality = 95.0 - rng.lognormal(0.5, 0.8, 2_000)
    return quality + rng.normal(0, 0.3, 2_000), np.round(quality, 1)


def _nasbench201() -> tuple[FloatArray, FloatArray]:
    folder = os.environ.get("HARNESS_DATA", "")
    path = Path(folder) / "nasbench201" / "nasbench201.parquet"
    if not folder or not path.is_file():
        pytest.skip("HARNESS_DATA names no folder with nasbench201/nasbench201.parquet")
    columns = ["cifar10_valid_12ep", "cifar10_test_200ep"]
    table = pytest.importorskip("pyarrow.parquet").read_table(path, columns=columns)
    return tuple(table[column].to_numpy().astype(np.float64) for column in columns)


SOURCES: dict[str, Callable[[], Draw]] = {
    "normal": lambda: _normal,
    "lognormal table, best of 20": lambda: _best_of(*_lognormal_table(), 20),
    "lognormal table, best of 300": lambda: _best_of(*_lognormal_table(), 300),
    "NAS-Bench-201, best of 10": lambda: _best_of(*_nasbench201(), 10),
    "NAS-Bench-201, best of 100": lambda: _best_of(*_nasbench201(), 100),
    "NAS-Bench-201, best of 1000": lambda: _best_of(*_nasbench201(), 1_000),
}


@pytest.fixture(params=SOURCES)
def draw(request: pytest.FixtureRequest) -> Draw:
    return SOURCES[request.param]()


def _expected(
    request: pytest.FixtureRequest, limits: dict[tuple[str, int], float], usual: float
) -> float:
    """Lower end of the band, lower for the cells whose limits are known."""
    return limits.get(
        (request.node.callspec.params["draw"], request.node.callspec.params["n"]), usual
    )


@pytest.mark.parametrize("n", SEEDS)
def test_headline_test_finds_nothing_in_nothing(
    draw: Draw, n: int, request: pytest.FixtureRequest
) -> None:
    rng = np.random.default_rng(n)
    differences = draw(rng, (COMPARISONS, n)) - draw(rng, (COMPARISONS, n))
    rate = np.mean([sign_flip_p(row, rng) <= 0.05 for row in differences])
    assert _expected(request, CONSERVATIVE, 0.03) <= rate <= 0.07


@pytest.mark.parametrize("n", SEEDS)
def test_interval_of_the_mean_difference_covers_the_truth(draw: Draw, n: int) -> None:
    rng = np.random.default_rng(n)
    low, high = mean_interval(draw(rng, (n, INTERVALS)) - draw(rng, (n, INTERVALS)))
    assert 0.93 <= ((low <= 0.0) & (high >= 0.0)).mean() <= 0.97


@pytest.mark.parametrize("n", SEEDS)
def test_interval_of_the_mean_covers_the_truth(
    draw: Draw, n: int, request: pytest.FixtureRequest
) -> None:
    truth = draw(np.random.default_rng(1), (2_000_000,)).mean()
    low, high = mean_interval(draw(np.random.default_rng(n), (n, INTERVALS)))
    coverage = ((low <= truth) & (high >= truth)).mean()
    assert _expected(request, SKEWED, 0.93) <= coverage <= 0.97


def test_the_test_would_notice_a_difference() -> None:
    """Half a standard deviation and 30 seeds: the power that the power line promises."""
    rng = np.random.default_rng(0)
    differences = rng.normal(0.53, 1.0, (COMPARISONS, 30))
    found = np.mean([sign_flip_p(row, rng) <= 0.05 for row in differences])
    assert 0.77 <= found <= 0.83


@pytest.mark.parametrize("n", [10, 30])
def test_interval_of_the_interquartile_mean_over_a_suite(n: int) -> None:
    """Six benchmarks of different noise; the percentile bootstrap over seeds, 400 studies."""
    spread = np.repeat([0.5, 0.6, 0.8, 1.0, 1.2, 1.5], n)
    rng = np.random.default_rng(n)
    truth = iqm(rng.normal(size=(300_000, 6)) * spread[::n])
    counts = bootstrap_counts([n] * 6, RESAMPLES, rng)
    covered = 0
    for _ in range(400):
        resampled = resampled_iqm(rng.normal(size=6 * n) * spread, counts)
        low, high = percentile_interval(resampled)
        covered += int(low <= truth <= high)
    assert 0.91 <= covered / 400 <= 0.98
