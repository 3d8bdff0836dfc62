"""The contract of a benchmark: a space, a dataset and a way to score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.core.budget import Budget, Unit
from harness.core.errors import HarnessError
from harness.core.space import Architecture, SearchSpace

Direction = Literal["maximize", "minimize"]
Noise = Literal["sampled", "fixed", "mean"]
Repeats = Literal["charged", "free"]


@dataclass(frozen=True)
class BenchmarkCard:
    """What a benchmark states about itself; printed with every table made on it.

    Scores are on the benchmark's own scale.

    Attributes:
        id: identity with every setting that is not the default, e.g. ``nasbench201/cifar10``.
        version: raised when the scores behind the id change.
        space: id of the search space.
        dataset: name of the dataset.
        metric: what the scores are, with their unit, e.g. ``accuracy (%)``.
        direction: whether a larger or a smaller score is better.
        searched: what a method sees, e.g. ``valid@12`` (split @ epochs of training).
        searched_trials: which trained networks stand behind a searched score, in words.
        reported: what a table reports, e.g. ``test@200``.
        reported_trials: which trained networks stand behind a reported score, in words.
        searches_reported: True where the reported metric is also the searched one.
        noise: ``sampled`` (each ask draws one training run), ``fixed`` (a named run) or ``mean``.
        repeats: whether asking again for the same architecture costs again.
        cost: what a simulated second consists of, in words; empty where there are no seconds.
        architectures: number of valid genotypes.
        unique: number of distinct architectures among them.
        optimum: best reported score of all architectures.
        worst: worst reported score of all architectures; what a failed run is given.
        mean_random: mean reported score of a uniformly sampled architecture.
        default_budget: budget used where a study names none, as text.
        units: the units that a budget can have here.
        citation: what to cite.
        licence: licence of the data.
        checksum: SHA-256 of the data behind the scores.
    """

    id: str
    version: int
    space: str
    dataset: str
    metric: str
    direction: Direction
    searched: str
    searched_trials: str
    reported: str
    reported_trials: str
    searches_reported: bool
    noise: str
    repeats: Repeats
    cost: str
    architectures: int
    unique: int
    optimum: float
    worst: float
    mean_random: float
    default_budget: str
    units: tuple[Unit, ...]
    citation: str
    licence: str
    checksum: str


class Oracle(Protocol):
    """What one run asks for scores; it knows validation scores only, never the reported ones."""

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """Train (or look up) an architecture.

        Args:
            arch: a genotype of the space.
            epochs: one of the benchmark's fidelities.

        Returns:
            The score (higher is better, whatever the benchmark's direction) and its cost in seconds
            (NaN where the benchmark knows none).

        Raises:
            InvalidArchitecture: the genotype is not in the space.
        """
        ...

    def properties(self, arch: Architecture) -> dict[str, float]:
        """What is known without training (parameters, FLOPs ...); empty where nothing is."""
        ...


class Benchmark(ABC):
    """A space, a dataset and a way to score architectures.

    Attributes:
        id: identity with every setting that is not the default.
        version: raised when the scores behind the id change.
        space: the search space.
        direction: whether a larger or a smaller score is better.
        fidelities: epochs at which an architecture can be scored, ascending; the last one is the
            full fidelity, which every search is judged by. ``(None,)`` where epochs are unknown.
        repeats: whether asking again for the same architecture costs again.
        default_budget: budget used where a study names none.
        units: the units that a budget can have here.
        reports_every_incumbent: False where a reported score costs a training, so that only the
            final recommendation of a run is given one.
    """

    version: ClassVar[int] = 1
    id: str
    space: SearchSpace
    direction: Direction
    fidelities: tuple[int | None, ...]
    repeats: Repeats
    default_budget: Budget
    units: tuple[Unit, ...]
    reports_every_incumbent: bool = True

    @property
    def sign(self) -> float:
        """1.0 where a larger score is better, -1.0 where a smaller one is."""
        return 1.0 if self.direction == "maximize" else -1.0

    @property
    def task(self) -> Any:
        """Training and validation data and networks, a `harness.live.search_task.SearchTask`.

        Raises:
            HarnessError: the benchmark has no data to train on, or it is not on this machine.
        """
        raise HarnessError(
            f"{self.id} is a table, with scores but without data to train on. "
            "A benchmark with images: nasbench201/digits"
        )

    @property
    @abstractmethod
    def checksum(self) -> str:
        """SHA-256 of the data behind the scores, in hexadecimal."""

    @abstractmethod
    def oracle(self, noise_key: int) -> Oracle:
        """Everything that one run may ask.

        Args:
            noise_key: 64-bit number that stands for the run's seed; sampled scores depend on it,
                on the architecture and on how often it was asked, and on nothing else.
        """

    @abstractmethod
    def report(self, archs: Sequence[Architecture]) -> list[float]:
        """Reported scores on the benchmark's own scale; called by the runner after a search."""

    def measures(self, arch: Architecture) -> dict[str, float]:
        """What else is known of an architecture whose reported score was asked for.

        Called by the runner after a search, for what it recommends.

        Returns:
            By name with unit; empty where there is nothing besides the reported score.
        """
        return {}

    def ranking_split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The split that the authors of a benchmark compare predictors on.

        Returns:
            The genotypes to learn from and those to order, each of shape (n, decisions); None where
            there is no fixed split and whoever ranks draws one.
        """
        return None

    @abstractmethod
    def card(self) -> BenchmarkCard:
        """What the benchmark states about itself, with the optimum computed from its data."""


@dataclass(frozen=True)
class BenchmarkEntry:
    """One line of ``harness list benchmarks``.

    Attributes:
        id: ``space/dataset``.
        summary: one line.
        missing: why it cannot be used on this machine and what to do; empty where it can.
        settings: names of the settings that can follow the id.
    """

    id: str
    summary: str
    missing: str = ""
    settings: tuple[str, ...] = field(default=())


class Importer(Protocol):
    """Turns files as their authors distribute them into a table of ours."""

    def __call__(
        self,
        path: Path,
        target: Path,
        *,
        trust: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> object:
        """Import.

        Args:
            path: the authors' file or folder.
            target: the table to write.
            trust: whether objects of unknown kinds in a pickle may be made, which can run any code.
            progress: is told (architectures done, architectures in all).

        Returns:
            What was imported; its text is shown to the user.
        """
        ...


@dataclass(frozen=True)
class DataFile:
    """A table that is not part of a package.

    Attributes:
        path: where it lies, or would lie.
        how_to_get: where its authors keep it and which command imports it.
        importer: imports it.
    """

    path: Path
    how_to_get: str
    importer: Importer


class BenchmarkFamily(ABC):
    """The benchmarks of one space; what an entry point of ``nas_harness.benchmarks`` names."""

    def data_file(self) -> DataFile | None:
        """The table of the family; None where it is part of an installed package."""
        return None

    def tabulation(self, dataset: str) -> object:
        """How the table of a benchmark is made, a `harness.live.tabulate.Tabulation`.

        Returns:
            None where the table comes from its authors and is not made by the harness.
        """
        return None

    @abstractmethod
    def entries(self) -> list[BenchmarkEntry]:
        """The benchmarks of this family, whether or not their data is on this machine."""

    @abstractmethod
    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """Build a benchmark.

        Args:
            dataset: the part of the id behind the slash, one of ``entries()``.
            settings: settings given behind the id, e.g. ``{"searched": "valid@12"}``.

        Raises:
            HarnessError: the data is not on this machine, or a setting is unknown.
        """
