"""The cell space of NAS-Bench-201, and its table."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import InvalidArchitecture, MissingData
from harness.core.registry import load_benchmark
from spaces.nasbench201 import NasBench201Space
from spaces.nasbench201.space import EDGES, OPERATIONS

NONE, SKIP, CONV1, CONV3, POOL = range(5)
SPACE = NasBench201Space()
cells = st.tuples(*[st.integers(0, 4)] * 6)


def paths_of(arch: tuple[int, ...]) -> Counter[tuple[int, ...]]:
    """The paths of operations from the input to the output, with how often each is there."""
    paths: list[Counter[tuple[int, ...]]] = [Counter({(): 1}), Counter(), Counter(), Counter()]
    for (source, target), op in zip(EDGES, arch, strict=True):
        for path, count in paths[source].items():
            if op != NONE:
                paths[target][path if op == SKIP else (*path, op)] += count
    return paths[3]


def test_counts() -> None:
    archs = list(SPACE.enumerate())
    assert len(archs) == SPACE.cardinality == 15_625
    assert len({SPACE.canonical(arch) for arch in archs}) == 6_466


def test_notation_of_the_authors() -> None:
    text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|"
    arch = SPACE.from_str(text)
    assert arch == (CONV3, CONV3, POOL, NONE, CONV3, POOL)
    assert SPACE.to_str(arch) == text


@given(cells)
def test_notation_can_be_read(arch: tuple[int, ...]) -> None:
    assert SPACE.from_str(f" {SPACE.to_str(arch)} ") == arch


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|none~0|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~1|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|conv~2|",
        "none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    ],
)
def test_what_is_no_cell(text: str) -> None:
    with pytest.raises(InvalidArchitecture):
        SPACE.from_str(text)


def test_equal_canonical_form_means_equal_function() -> None:
    """Cells that share a canonical form have the same paths of operations."""
    functions = defaultdict(set)
    for arch in SPACE.enumerate():
        functions[SPACE.canonical(arch)].add(frozenset(paths_of(arch).items()))
    assert all(len(found) == 1 for found in functions.values())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Nothing comes out of the first node, so what leads to it does not matter.
        ((CONV3, CONV1, NONE, POOL, NONE, SKIP), (POOL, CONV1, NONE, POOL, NONE, SKIP)),
        # A skip into a node makes it the node before: edges change places.
        ((SKIP, CONV1, NONE, NONE, POOL, SKIP), (SKIP, NONE, CONV1, POOL, NONE, SKIP)),
        # Two convolutions of the input are added, one of them by way of a skip.
        ((CONV3, POOL, POOL, CONV1, SKIP, NONE), (CONV1, POOL, POOL, CONV3, SKIP, NONE)),
    ],
)
def test_equal_cells(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    assert SPACE.canonical(first) == SPACE.canonical(second)


def test_the_rule_of_the_authors_keeps_zeroed_branches() -> None:
    """The inner nodes change places, which the authors count as two functions."""
    first, second = (CONV1, CONV3, NONE, NONE, POOL, SKIP), (CONV3, CONV1, NONE, NONE, SKIP, POOL)
    assert paths_of(first) == paths_of(second)
    assert SPACE.canonical(first) != SPACE.canonical(second)


def test_different_cells() -> None:
    straight = [(op, NONE, NONE, NONE, SKIP, NONE) for op in range(5)]
    assert len({SPACE.canonical(arch) for arch in straight}) == 5


def test_each_edge_has_each_operation() -> None:
    assert [decision.name for decision in SPACE.decisions] == [f"{b}<-{a}" for a, b in EDGES]
    assert all(decision.choices == OPERATIONS for decision in SPACE.decisions)


def test_missing_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(MissingData, match="harness data") as error:
        load_benchmark("nasbench201/cifar10")
    assert str(tmp_path) in str(error.value)
