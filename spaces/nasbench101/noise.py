"""Noise for a table that has averages only: a stand-in for the single runs that a search sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from harness import Architecture


class _Oracle(Protocol):
    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]: ...

    def properties(self, arch: Architecture) -> dict[str, float]: ...


class NoisyOracle:
    """Adds independent normal noise to each score that is seen.

    The noise depends on the run's key, the cell and how often it was asked for, and on nothing
    else, so that all methods meet the same noise under the same seed.
    """

    def __init__(
        self,
        oracle: _Oracle,
        cell_of: Callable[[Architecture], int],
        deviation: float,
        key: int,
    ) -> None:
        """Add noise.

        Args:
            oracle: has the scores.
            cell_of: a number that genotypes of one cell share.
            deviation: standard deviation of the noise, in the unit of the scores.
            key: see `Benchmark.oracle`.
        """
        self._oracle, self._cell_of = oracle, cell_of
        self._deviation, self._key = deviation, key
        self._asks: dict[int, int] = {}
        self.properties = oracle.properties

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """See `Oracle.measure`."""
        score, seconds = self._oracle.measure(arch, epochs)
        cell = self._cell_of(arch)
        nth = self._asks[cell] = self._asks.get(cell, -1) + 1
        noise = np.random.default_rng([self._key, cell, nth]).standard_normal()
        return score + self._deviation * float(noise), seconds
