"""A problem that charges nothing: what a supernet that is only a scorer is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import Architecture, Budget, SearchSpace
from harness.live.search_task import SearchTask


@dataclass(frozen=True)
class Unmetered:
    """The part of `harness.Problem` that the engine of one-shot methods uses.

    Attributes:
        space: of the architectures.
        rng: of the training.
        task: data and networks.
        log: writes down, see `Problem.log`.
    """

    space: SearchSpace
    rng: np.random.Generator
    task: SearchTask
    log: Callable[[str, float | Sequence[float]], None]

    @property
    def budget(self) -> Budget:
        """In seconds, which leave the number of epochs to the method; more than any would need."""
        return Budget(1e12, "seconds")

    @property
    def scratch(self) -> Path | None:
        """Nothing is kept."""
        return None

    def spend(self, *, epochs: float = 0.0, seconds: float = 0.0) -> None:
        """Nothing."""

    def properties(self, arch: Architecture) -> dict[str, float]:
        """Nothing is known."""
        return {}

    def count(self, what: str, times: int = 1) -> None:
        """Nothing."""
