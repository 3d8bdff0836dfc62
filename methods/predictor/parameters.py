"""Ranges of hyper-parameters."""

from __future__ import annotations

from harness import HarnessError, Method, Predictor


def require(owner: Method | Predictor, **ranges: tuple[float, float]) -> None:
    """Refuse hyper-parameters outside their range.

    Args:
        owner: has the parameters.
        ranges: lowest and highest allowed value by parameter name.

    Raises:
        HarnessError: a parameter lies outside its range.
    """
    for name, (low, high) in ranges.items():
        value = getattr(owner, name)
        if not low <= value <= high:
            raise HarnessError(
                f"{owner.class_name()}:{name}={value} must lie from {low:g} to {high:g}"
            )
