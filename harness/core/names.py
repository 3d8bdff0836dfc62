"""Names as they stand on a command line: ``name[@version][:key=value,...]``.

A value that is such a name itself stands in parentheses: ``weaknas:predictor=(lightgbm:trees=50)``.
"""

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

    The name may be ``file.py:Class``, whose colon belongs to it. What stands in parentheses is one
    value, whatever it holds; they are taken off.

    Raises:
        HarnessError: the text has another form.
    """
    head, colon, tail = _last_colon(text.strip())
    if not colon or ("=" not in tail and head.endswith(".py")):
        head, tail = text.strip(), ""
    elif "=" not in tail:
        raise HarnessError(
            f"cannot read '{text}': settings are written NAME:key=value,key=value after a colon"
        )
    settings: dict[str, str] = {}
    for part in filter(None, _split(tail)):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise HarnessError(f"cannot read '{part}' in '{text}': settings are key=value")
        if key.strip() in settings:
            raise HarnessError(f"'{text}' sets {key.strip()} twice")
        settings[key.strip()] = _bare(value.strip())
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
    return f"{name}:" + ",".join(f"{key}={_closed(str(v))}" for key, v in settings.items())


def _outside(text: str, mark: str) -> list[int]:
    """Where a character stands outside of parentheses."""
    depth, found = 0, []
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == mark and depth == 0:
            found.append(i)
    if depth != 0:
        raise HarnessError(f"cannot read '{text}': its parentheses do not match")
    return found


def _last_colon(text: str) -> tuple[str, str, str]:
    """What `str.rpartition` gives, for the last colon outside of parentheses."""
    places = _outside(text, ":")
    return (text[: places[-1]], ":", text[places[-1] + 1 :]) if places else ("", "", text)


def _split(text: str) -> list[str]:
    """Parts between the commas outside of parentheses."""
    places = _outside(text, ",")
    starts, ends = [0, *(i + 1 for i in places)], [*places, len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _bare(value: str) -> str:
    return value[1:-1].strip() if value.startswith("(") and value.endswith(")") else value


def _closed(value: str) -> str:
    return f"({value})" if any(mark in value for mark in ":,(") else value


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
