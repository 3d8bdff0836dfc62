"""What a space states about one of its live benchmarks."""

from __future__ import annotations

from abc import ABC, abstractmethod

from harness.core.benchmark import Direction
from harness.core.space import Architecture, SearchSpace
from harness.live.learning import Learning
from harness.live.live_recipe import LiveRecipe
from harness.live.search_task import SearchTask


class LiveSetup(ABC):
    """A space, data and a recipe: everything that a `LiveBenchmark` needs.

    Making it is cheap: data is read when `searched`, `final` or `checksum` are called, each of
    which the benchmark calls once.

    Attributes:
        space: of the architectures.
        recipe: how networks are trained.
        dataset: name of the data.
        metric: one of `Learning.measures` of both `searched` and `final`.
        direction: whether a larger or a smaller metric is better.
        worst: the metric of an answer that says nothing; what a failed run is given.
        citation: what to cite.
        licence: of the data.
    """

    space: SearchSpace
    recipe: LiveRecipe
    dataset: str
    metric: str
    direction: Direction
    worst: float
    citation: str
    licence: str

    @abstractmethod
    def searched(self) -> SearchTask:
        """What a search sees: the training data in two parts, proxy networks, a supernet.

        Raises:
            HarnessError: the data is not on this machine, or damaged.
        """

    @abstractmethod
    def final(self) -> Learning:
        """What the recommended architecture is retrained on: all training data, and the test data.

        Raises:
            HarnessError: the data is not on this machine, or damaged.
        """

    @abstractmethod
    def costs(self, arch: Architecture) -> dict[str, float]:
        """Free properties of the final network, counted without making it.

        Returns:
            ``parameters``, and ``flops``: multiply-adds of one example, times two.
        """

    @abstractmethod
    def checksum(self) -> str:
        """SHA-256 of the data, in hexadecimal.

        Raises:
            HarnessError: the data is not on this machine, or damaged.
        """
