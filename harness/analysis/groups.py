"""Which methods no test tells apart, as a compact letter display."""

from __future__ import annotations

import string
from collections.abc import Sequence
from itertools import combinations

from harness.study.results import BoolArray


def compact_letters(separated: BoolArray, order: Sequence[int]) -> tuple[str, ...]:
    """Give each method letters such that two share one exactly where no test separates them.

    Insert-and-absorb (Piepho, Journal of Computational and Graphical Statistics 2004): a column of
    all methods is split at every separated pair, and columns inside other columns are dropped.

    Args:
        separated: symmetric, True where a test tells two methods apart, shape (k, k).
        order: the methods from best to worst; the best one has the letter ``a``.

    Returns:
        Letters of each method, in the order of ``separated``, e.g. ``("a", "ab", "b")``.
    """
    place = {method: position for position, method in enumerate(order)}
    columns = {frozenset(order)}
    for i, j in combinations(order, 2):
        if separated[i, j]:
            split = {part for column in columns for part in _without(column, i, j)}
            columns = {part for part in split if not any(part < other for other in split)}
    ranked = sorted(columns, key=lambda column: sorted(place[method] for method in column))
    names = [_letter(position) for position in range(len(ranked))]
    return tuple(
        "".join(name for name, column in zip(names, ranked, strict=True) if method in column)
        for method in range(len(order))
    )


def _without(column: frozenset[int], i: int, j: int) -> tuple[frozenset[int], ...]:
    """The column split so that no part holds both methods."""
    return (column - {i}, column - {j}) if {i, j} <= column else (column,)


def _letter(position: int) -> str:
    """``a`` to ``Z``, then numbers in brackets."""
    letters = string.ascii_letters
    return letters[position] if position < len(letters) else f"({position + 1})"
