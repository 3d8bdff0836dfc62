"""What was written, and what could not be shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from harness.core.errors import HarnessError


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        what: it is.
        path: where it is.
    """

    what: str
    path: Path


@dataclass(frozen=True)
class Lacking:
    """Something that could not be shown.

    Attributes:
        why: in one line, with what helps.
    """

    why: str


Shown: TypeAlias = Written | Lacking


def attempt(what: str, write: Callable[[], Iterator[Shown]]) -> Iterator[Shown]:
    """Show something; an error is told, and ends nothing else.

    Args:
        what: is shown.
        write: writes files.
    """
    try:
        yield from write()
    except HarnessError as error:
        yield Lacking(f"no {what}: {error}")


def write_text(path: Path, text: str) -> Path:
    """Write a text file.

    Raises:
        HarnessError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error}") from error
    return path


def file_name(text: str) -> str:
    """A text as a name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.") or "unnamed"


def number(value: float) -> str:
    """A number as people read it; nothing for one that is not known."""
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
