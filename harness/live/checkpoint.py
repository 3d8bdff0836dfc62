"""Files that a training goes on from after an interruption."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch

from harness.core.errors import CannotMeasure


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place and move it there, so that it is whole or the old one.

    Args:
        path: the file; its folder is made.
        write: is given the open file.

    Raises:
        CannotMeasure: it cannot be written, as on a full disk; the old file stays.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except (OSError, RuntimeError) as error:  # torch tells of a full disk with the latter.
        beside.unlink(missing_ok=True)
        kept = "the one before it is kept" if path.is_file() else "there is none yet"
        raise CannotMeasure(
            f"{path} cannot be written ({error}); {kept}. Make room on the disk, or put "
            "HARNESS_CACHE elsewhere; then the same command goes on"
        ) from error


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a dictionary of tensors, numbers and texts.

    Raises:
        CannotMeasure: it cannot be written; the old file stays.
    """
    write_whole(path, lambda file: torch.save(state, file))


def load_state(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Read what `save_state` wrote.

    Returns:
        None where there is nothing, or nothing whole: a damaged file is set aside with a warning.
    """
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # Whatever unpickling raises: there are many ways to be damaged.
        logging.getLogger(__name__).warning("%s cannot be read: %s", path, error)
        path.replace(path.with_suffix(".damaged"))
        return None
    return state
