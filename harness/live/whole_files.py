"""Files that are whole or not there; no torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

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
