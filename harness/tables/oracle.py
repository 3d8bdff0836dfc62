"""Look-ups in a table: the inner loop of every search, hence plain numbers and dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from harness.core.space import Architecture

_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Level:
    """What one run can see of a fidelity, by row.

    Views of arrays: their items are plain numbers, as a list's are, but half a million rows are
    opened without a copy.

    Attributes:
        means: score of a row where every ask has the same answer; empty where scores are sampled.
        trials: scores of each row, one a training run, those that there are first; None where every
            ask has the same answer.
        counts: number of training runs of each row.
        seconds: cost of each row.
    """

    means: memoryview[float]
    trials: memoryview[float] | None
    counts: list[int]
    seconds: memoryview[float]

    @classmethod
    def of(
        cls, scores: NDArray[np.float64], seconds: NDArray[np.float64] | None, *, averaged: bool
    ) -> Level:
        """Make a level.

        Args:
            scores: shape (rows, trials), NaN where a row lacks a trial.
            seconds: shape (rows,); None where unknown.
            averaged: whether an ask is answered with the mean of the trials.
        """
        costs = _view(np.full(len(scores), np.nan) if seconds is None else seconds)
        if averaged or scores.shape[1] == 1:
            return cls(_view(np.nanmean(scores, axis=1)), None, [], costs)
        lacking = np.isnan(scores)
        if lacking.any():
            scores = np.take_along_axis(scores, lacking.argsort(axis=1, kind="stable"), axis=1)
        counts = (~lacking).sum(axis=1).tolist()
        return cls(_view(np.empty(0)), _view(scores), counts, costs)


def _view(values: NDArray[np.float64]) -> memoryview[float]:
    return cast("memoryview[float]", np.ascontiguousarray(values, np.float64).data)


class _TableOracle:
    def __init__(
        self,
        known: dict[Architecture, int],
        find: Callable[[Architecture], int],
        levels: dict[int | None, Level],
        properties: Callable[[], dict[str, list[float]]],
    ) -> None:
        """Hold what a run may see.

        Args:
            known: rows of the genotypes met so far.
            find: row of a genotype that was not met yet; adds it to ``known``.
            levels: scores and costs by epochs.
            properties: reads what is known without training, by name, one value a row.
        """
        self._known, self._find, self._levels = known, find, levels
        self._read_properties = properties

    def _row(self, arch: Any) -> int:
        try:
            return self._known[arch]
        except (KeyError, TypeError):
            return self._find(arch)

    def properties(self, arch: Architecture) -> dict[str, float]:
        """See `Oracle.properties`."""
        row = self._row(arch)
        return {name: values[row] for name, values in self._read_properties().items()}


class MeanOracle(_TableOracle):
    """Every ask for an architecture has the same answer."""

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """See `Oracle.measure`."""
        try:
            row = self._known[arch]
        except (KeyError, TypeError):
            row = self._find(arch)
        level = self._levels[epochs]
        return level.means[row], level.seconds[row]


class SampledOracle(_TableOracle):
    """Every ask draws one of the architecture's training runs.

    Which one depends on the run's key, the row and how often it was asked at that fidelity, and on
    nothing else: all methods meet the same noise under the same seed, and asking at a higher
    fidelity continues the training run that was seen at the lower one.
    """

    def __init__(
        self,
        known: dict[Architecture, int],
        find: Callable[[Architecture], int],
        levels: dict[int | None, Level],
        properties: Callable[[], dict[str, list[float]]],
        noise_key: int,
    ) -> None:
        """See `_TableOracle`, and `Benchmark.oracle` for ``noise_key``."""
        super().__init__(known, find, levels, properties)
        self._key = noise_key
        self._asks: dict[tuple[int, int | None], int] = {}

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """See `Oracle.measure`."""
        row = self._row(arch)
        level = self._levels[epochs]
        asks = self._asks
        nth = asks.get((row, epochs), 0)
        asks[row, epochs] = nth + 1
        if level.trials is None:
            return level.means[row], level.seconds[row]
        trial = mix(self._key, row, nth) % level.counts[row]
        return level.trials[row, trial], level.seconds[row]


def mix(key: int, row: int, nth: int) -> int:
    """A 64-bit number that looks random and depends on its arguments alone.

    The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) over a sum of the arguments
    with odd factors.
    """
    z = (key + row * 0x9E3779B97F4A7C15 + nth * 0xD1B54A32D192ED03) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
