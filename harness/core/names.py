"""Names as they stand on a command line: ``name[@version][:key=value,...]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core.errors import HarnessError


@dataclass(frozen=True)
class Reference:
    """A name with settings.

    Attributes:
        name: registered name, or a path.
        version: the version asked for; None for whichever is installed.
        settings: what follows the colon.
    """

    name: str
    version: int | None
    settings: dict[str, str]


def parse_reference(text: str) -> Reference:
    """Read ``name[@version][:key=value,...]``.

    The name may be ``file.py:Class``, whose colon belongs to it.

    Raises:
        HarnessError: the text has another form.
    """
    head, colon, tail = text.strip().rpartition(":")
    if not colon or ("=" not in tail and head.endswith(".py")):
        head, tail = text.strip(), ""
    elif "=" not in tail:
        raise HarnessError(
            f"cannot read '{text}': settings are written NAME:key=value,key=value after a colon"
        )
    settings: dict[str, str] = {}
    for part in filter(None, tail.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise HarnessError(f"cannot read '{part}' in '{text}': settings are key=value")
        if key.strip() in settings:
            raise HarnessError(f"'{text}' sets {key.strip()} twice")
        settings[key.strip()] = value.strip()
    name, at, version = head.rpartition("@")
    if not at or "/" in version:  # An @ in a folder's name belongs to the path.
        return Reference(head, None, settings)
    if not version.isdigit():
        raise HarnessError(f"'{version}' in '{text}' is no version: write NAME@1")
    return Reference(name, int(version), settings)


def format_reference(name: str, settings: Mapping[str, Any]) -> str:
    """Write a name with settings so that `parse_reference` reads it."""
    if not settings:
        return name
    return f"{name}:" + ",".join(f"{key}={value}" for key, value in settings.items())


def check_version(kind: str, reference: Reference, installed: int) -> None:
    """Refuse a version that is not the installed one.

    Raises:
        HarnessError: another version was asked for.
    """
    if reference.version not in (None, installed):
        raise HarnessError(
            f"{kind} {reference.name}@{reference.version} is not installed; this installation has "
            f"version {installed}, whose results cannot be put beside those of another one. "
            f"Ask for {reference.name}@{installed}, or install the release that had it"
        )
