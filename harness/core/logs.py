"""Series of numbers that methods and predictors write down as they go on."""

from __future__ import annotations

from collections.abc import Sequence

Logs = dict[str, list[float | list[float]]]
"""Numbers, or rows of numbers, in the order in which they were written down, by their name."""


def write_down(logs: Logs, name: str, value: float | Sequence[float]) -> None:
    """Put a number, or a row of numbers, behind those of the same name.

    Args:
        logs: is added to.
        name: in words, e.g. ``share of skip connections``.
        value: what it is now.
    """
    row = [float(v) for v in value] if isinstance(value, Sequence) else float(value)
    logs.setdefault(name, []).append(row)


def last_numbers(logs: Logs) -> dict[str, float]:
    """What each series of numbers ended with, by its name; series of rows are left out."""
    ended = {name: series[-1] for name, series in logs.items() if series}
    return {name: value for name, value in ended.items() if isinstance(value, float)}
