"""Where tables lie that are not part of a package."""

from __future__ import annotations

import os
from pathlib import Path


def data_home() -> Path:
    """The data folder: ``$HARNESS_DATA``, or a folder of the user's own."""
    if given := os.environ.get("HARNESS_DATA"):
        return Path(given).expanduser()
    cache = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(cache) / "nas-harness"
