"""Which methods no test tells apart, as a compact letter display."""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence
from itertools import combinations


def compact_letters(order: Sequence[str], separated: Collection[frozenset[str]]) -> dict[str, str]:
    """Give methods letters such that two share one exactly where no test separates them.

    Insert-and-absorb (Piepho, Journal of Computational and Graphical Statistics 2004): a column of
    all methods is split at every separated pair, and columns inside other columns are dropped.

    Args:
        order: the methods from best to worst; the best one has the letter ``a``.
        separated: the pairs of methods that a test tells apart.

    Returns:
        Letters by method, e.g. ``{"x": "a", "y": "ab", "z": "b"}``.
    """
    place = {method: position for position, method in enumerate(order)}
    columns = {frozenset(order)}
    for pair in map(frozenset, combinations(order, 2)):
        if pair in separated:
            split = {part for column in columns for part in _without(column, pair)}
            columns = {part for part in split if not any(part < other for other in split)}
    ranked = sorted(columns, key=lambda column: sorted(place[method] for method in column))
    return {
        method: "".join(_letter(i) for i, column in enumerate(ranked) if method in column)
        for method in order
    }


def _without(column: frozenset[str], pair: frozenset[str]) -> list[frozenset[str]]:
    """The column split so that no part holds both methods."""
    return [column - {method} for method in pair] if pair <= column else [column]


def _letter(position: int) -> str:
    """``a`` to ``Z``, then numbers in brackets."""
    letters = string.ascii_letters
    return letters[position] if position < len(letters) else f"({position + 1})"
