"""What is said where a table is not on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_WITHOUT_DOWNLOAD = "nasbench-graph/*"


def missing_table(
    paths: Sequence[Path], get: str, then: str, works: str = _WITHOUT_DOWNLOAD
) -> str:
    """Why a tabular benchmark cannot be used on this machine and what to do; empty where it can.

    Args:
        paths: any of these files is enough; the first is the one to have.
        get: where the authors' file is; further lines are written below each other.
        then: the command that makes the table of it.
        works: references of benchmarks that need no download.
    """
    if any(path.is_file() for path in paths):
        return ""
    where = get.replace("\n", "\n          ")
    return (
        f"needs a table that is not on this machine (looked for {paths[0]}).\n"
        f"  Get it: {where}\n"
        f"  Then:   {then}\n"
        f"  Works now without download: {works}"
    )
