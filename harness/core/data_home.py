"""Where data lies that is not part of a package, and what was computed from it."""

from __future__ import annotations

import os
from pathlib import Path


def data_home() -> Path:
    """The data folder: ``$HARNESS_DATA``, or a folder of the user's own."""
    if given := os.environ.get("HARNESS_DATA"):
        return Path(given).expanduser()
    cache = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(cache) / "nas-harness"


def cache_home() -> Path:
    """The folder of what can be computed again: ``$HARNESS_CACHE``, or one of the user's own."""
    if given := os.environ.get("HARNESS_CACHE"):
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "nas-harness"
