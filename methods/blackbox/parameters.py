"""Checks of hyper-parameters."""

from __future__ import annotations

from harness import Method


def require(method: Method, **bounds: tuple[float, float]) -> None:
    """Refuse a hyper-parameter outside of its bounds.

    Args:
        method: its owner.
        bounds: smallest and largest value by name, both allowed.

    Raises:
        ValueError: a value lies outside.
    """
    for name, (low, high) in bounds.items():
        value = getattr(method, name)
        if not low <= value <= high:
            raise ValueError(f"{name}={value} is outside of {low} to {high}")
