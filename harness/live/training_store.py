"""Trainings on disk: each in a folder of its own, found again by what it is."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.data_home import cache_home
from harness.core.errors import HarnessError
from harness.live.whole_files import write_whole

RECORD, CHECKPOINT = "training.json", "checkpoint.pt"

_PLACE = "HARNESS_TRAININGS"


def trainings_home() -> Path:
    """Where trainings are kept: ``$HARNESS_TRAININGS``, or below `cache_home`."""
    given = os.environ.get(_PLACE)
    return Path(given).expanduser() if given else cache_home() / "trainings"


@contextmanager
def trainings_kept_in(folder: Path) -> Iterator[None]:
    """Keep trainings elsewhere, also those of processes that are started within."""
    before = os.environ.get(_PLACE)
    os.environ[_PLACE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PLACE]
        else:
            os.environ[_PLACE] = before


@dataclass(frozen=True)
class TrainingId:
    """What a training is, so that the same is not done twice.

    Attributes:
        benchmark: identity of the benchmark, with its settings.
        version: of the benchmark.
        stage: ``evaluation``, asked for by a search, or ``retraining``.
        architecture: in the notation of its space.
        recipe: hash of the benchmark's recipe.
        data: checksum of the data.
        key: all randomness follows from it.
        processes: that train it together.
    """

    benchmark: str
    version: int
    stage: str
    architecture: str
    recipe: str
    data: str
    key: int
    processes: int = 1

    @property
    def folder(self) -> Path:
        """Where it lies, below `trainings_home`."""
        text = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        name = self.benchmark.replace("/", "-").replace(":", "-").replace("=", "-")
        return trainings_home() / name / f"{self.stage}-{digest}"


@dataclass(frozen=True)
class TrainingRecord:
    """What is known of a training that was begun.

    Attributes:
        id: what it is.
        epochs: of its recipe.
        parameters: of its network.
        curve: what was measured after each epoch so far, by name.
        seconds: of training and judging up to each epoch.
        last: what was measured once, at its end.
        failure: why it ended before its end; empty if it did not.
        ended: whether nothing is left to do.
        device: where it was trained.
    """

    id: TrainingId
    epochs: int
    parameters: int = 0
    curve: tuple[dict[str, float], ...] = ()
    seconds: tuple[float, ...] = ()
    last: dict[str, float] | None = None
    failure: str = ""
    ended: bool = False
    device: str = ""

    def measures(self, epoch: int) -> dict[str, float]:
        """What was measured after an epoch, from 1; after the last one with what is measured once.

        It is NaN for a training that failed before.
        """
        if epoch > len(self.curve):
            return {name: math.nan for own in self.curve[-1:] for name in own}
        found = dict(self.curve[epoch - 1])
        return {**found, **(self.last or {})} if epoch == self.epochs else found

    def write(self) -> None:
        """Write it into its folder.

        Raises:
            HarnessError: it cannot be written.
        """
        text = json.dumps(asdict(self), indent=1)
        write_whole(self.id.folder / RECORD, lambda file: file.write(text.encode()))


def read_record(folder: Path) -> TrainingRecord:
    """The record in a folder.

    Raises:
        HarnessError: there is none, or it is damaged.
    """
    try:
        stored: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        stored["id"] = TrainingId(**stored["id"])
        for name in ("curve", "seconds"):
            stored[name] = tuple(stored[name])
        return TrainingRecord(**stored)
    except FileNotFoundError:
        raise HarnessError(f"{folder} holds no training (no {RECORD})") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise HarnessError(f"{folder / RECORD} cannot be read: {error}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a training; wait while one of them is in it."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        yield
