"""Where a supernet is trained."""

from __future__ import annotations

import torch

from harness import HarnessError


def device_of(wanted: str) -> torch.device:
    """The device of a word.

    Args:
        wanted: ``cpu``, ``cuda``, or ``auto`` for CUDA where there is some.

    Raises:
        HarnessError: CUDA was asked for and is absent.
    """
    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise HarnessError(
            "device=cuda: torch finds no CUDA device on this machine. "
            "Use device=cpu, or device=auto for whatever there is"
        )
    return torch.device("cuda" if present and wanted != "cpu" else "cpu")
