"""Compact letter displays."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from harness.analysis.groups import compact_letters


def separated(*pairs: str) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in pairs}


def test_no_test_separates_anything() -> None:
    assert compact_letters("xyz", separated()) == {"x": "a", "y": "a", "z": "a"}


def test_everything_is_separated() -> None:
    assert compact_letters("xyz", separated("xy", "xz", "yz")) == {"x": "a", "y": "b", "z": "c"}


def test_a_method_between_two_groups_has_both_letters() -> None:
    assert compact_letters("xyz", separated("xz")) == {"x": "a", "y": "ab", "z": "b"}


def test_letters_follow_the_order_given() -> None:
    assert compact_letters("zyx", separated("xz")) == {"z": "a", "y": "ab", "x": "b"}


def test_nobody() -> None:
    assert compact_letters([], separated()) == {}


@pytest.mark.parametrize("seed", range(20))
def test_two_share_a_letter_exactly_where_no_test_separates_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"m{i}" for i in range(9)]
    apart = {frozenset(p) for p in combinations(names, 2) if rng.random() < 0.5}
    letters = compact_letters(names, apart)
    for pair in combinations(names, 2):
        shared = set(letters[pair[0]]) & set(letters[pair[1]])
        assert bool(shared) != (frozenset(pair) in apart)
    assert "a" in letters[names[0]]
