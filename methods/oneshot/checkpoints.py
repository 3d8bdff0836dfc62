"""What lets a search with a supernet go on where it was interrupted."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from harness import HarnessError
from harness.live.checkpoint import save_state

if TYPE_CHECKING:
    from methods.oneshot.engine import Search
    from methods.oneshot.one_shot import OneShot

# Seconds between two checkpoints: what an interruption can cost at most, besides an epoch.
EVERY = 60.0


class Checkpoint:
    """The file ``checkpoint.pt`` of a run."""

    def __init__(self, method: OneShot, search: Search, folder: Path | None) -> None:
        """Remember what is saved, before the search draws anything.

        Args:
            method: its attributes whose names begin with an underscore are saved.
            search: is saved.
            folder: where the file lies; None where nothing is kept.
        """
        self._method, self._search = method, search
        self._file = folder / "checkpoint.pt" if folder else None
        self._saved = time.monotonic()
        self._recipe = {
            "method": method.class_name(),
            "version": method.version,
            **method.parameters(),
            "task": search.task.name,
            "images": search.images,
            "space": search.space.id,
            "epochs of the search": search.epochs,
            "random numbers": _digest(search.rng.bit_generator.state),
        }

    def save(self) -> None:
        """Write the state, if the last time is long enough ago.

        Raises:
            CannotMeasure: it cannot be written, as on a full disk; the file before it stays.
        """
        if self._file is None or time.monotonic() - self._saved < EVERY:
            return
        search = self._search
        state = {
            "recipe": self._recipe,
            "epoch": search.epoch,
            "images": (search.gradient_images, search.forward_images),
            "charges": search.charges,
            "logs": search.logs,
            "weights": search.supernet.state_dict(),
            "optimizer": search.optimizer.state_dict(),
            "rng": search.rng.bit_generator.state,
            "generator": search.generator.get_state(),
            "learned": {k: v for k, v in vars(self._method).items() if k.startswith("_")},
        }
        save_state(self._file, state)
        self._saved = time.monotonic()

    def load(self) -> None:
        """Go on from the file, if there is one; what it had spent is charged again.

        A damaged file is set aside, and the run begins anew.

        Raises:
            HarnessError: the file belongs to another recipe.
        """
        if self._file is None or not self._file.is_file():
            return
        try:
            state = torch.load(self._file, map_location=self._search.device, weights_only=False)
            found = state["recipe"]
        except Exception as error:  # Whatever unpickling raises: there are many ways to be damaged.
            logging.getLogger(__name__).warning("%s cannot be read: %s", self._file, error)
            self._file.replace(self._file.with_suffix(".damaged"))
            return
        wrong = sorted(k for k, v in self._recipe.items() if found.get(k) != v)
        if wrong:
            told = ", ".join(f"{k} is {found.get(k)!r}, not {self._recipe[k]!r}" for k in wrong)
            raise HarnessError(
                f"{self._file} is a checkpoint of another recipe: {told}. "
                "Delete it to begin the run anew"
            )
        search = self._search
        search.epoch = state["epoch"]
        search.gradient_images, search.forward_images = state["images"]
        # One after the other: the sum of floats depends on it.
        for epochs, seconds in state["charges"]:
            search.charge(epochs, seconds)
        for name, row in state["logs"]:
            search.log(name, row)
        search.supernet.load_state_dict(state["weights"])
        search.optimizer.load_state_dict(state["optimizer"])
        search.rng.bit_generator.state = state["rng"]
        search.generator.set_state(state["generator"].cpu())
        vars(self._method).update(state["learned"])


def _digest(state: object) -> str:
    return hashlib.sha256(repr(state).encode()).hexdigest()[:12]
