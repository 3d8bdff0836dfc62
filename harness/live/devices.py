"""Where trainings happen: a device, and the processes that share them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed

from harness.core.errors import HarnessError


@dataclass(frozen=True)
class Place:
    """The device of this process, and its place among those that train one network together.

    Attributes:
        device: of this process.
        rank: number of this process, from 0.
        world: number of processes.
    """

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def clock(self) -> Callable[[], float]:
        """Seconds: of the processor on a CPU, on the wall elsewhere."""
        if self.device.type == "cpu":
            return time.process_time

        def wall() -> float:
            torch.accelerator.synchronize(self.device)
            return time.perf_counter()

        return wall


def best_device() -> torch.device:
    """A GPU where there is one, and the CPU elsewhere."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def place() -> Iterator[Place]:
    """This process alone, or among those that ``torchrun`` started.

    Raises:
        HarnessError: the processes do not find each other.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Place(best_device())
        return
    device = best_device()
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    try:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except (RuntimeError, ValueError) as error:
        raise HarnessError(
            f"the {world} processes of a training do not find each other ({error}). "
            "Start them with torchrun"
        ) from None
    try:
        yield Place(device, distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()
