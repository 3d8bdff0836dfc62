"""Files that a training goes on from after an interruption."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch

from harness.live.whole_files import write_whole


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
