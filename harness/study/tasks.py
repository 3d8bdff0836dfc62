"""What running and storing a study asks of it, whatever is studied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from harness.core.benchmark import Benchmark
from harness.study.options import StudyOptions

Key = tuple[Any, ...]
"""Names a task within its study; the identity of its benchmark comes first."""


class Record(Protocol):
    """A finished run."""

    @property
    def seed(self) -> int:
        """Its seed."""

    @property
    def wall(self) -> float:
        """Seconds on the wall."""


R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)


class Task(Protocol[R_co]):
    """Runs of a study that differ in their seed only; workers get it pickled."""

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that the runs depend on besides their seed; has ``benchmark``."""

    @property
    def key(self) -> str:
        """Short hash of the identity."""

    @property
    def given(self) -> dict[str, str]:
        """The references by which a worker finds what is run."""

    def run(self, seeds: Sequence[int], time_limit: float | None, scratch: Path) -> Sequence[R_co]:
        """Run seeds, in a worker; a run that raises is a record with its traceback.

        Args:
            seeds: one run each.
            time_limit: seconds on the wall after which a run fails; None for no limit.
            scratch: where each run may have a folder while it lasts, named by its seed.
        """

    def died(self, seed: int, error: str, wall: float) -> R_co:
        """The record of a run whose process died."""


class Tasks(Protocol[R_co]):
    """A study whose names were all found."""

    @property
    def study(self) -> StudyOptions:
        """As it was written."""

    @property
    def benchmarks(self) -> tuple[Benchmark, ...]:
        """Opened, in the order of the study."""

    @property
    def pairs(self) -> Mapping[Key, Task[R_co]]:
        """What is to be run."""
