"""Properties that every space has, whatever its decisions."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from harness import Architecture, Decision, HarnessError, InvalidArchitecture, SearchSpace


class EvenSpace(SearchSpace):
    """Valid where the entries have an even sum: no architecture has a neighbour one step away."""

    def is_valid(self, arch: Architecture) -> bool:
        return sum(arch) % 2 == 0


class NotAllEqual(SearchSpace):
    def is_valid(self, arch: Architecture) -> bool:
        return len(set(arch)) > 1


def make(sizes: list[int], cls: type[SearchSpace] = SearchSpace) -> SearchSpace:
    return cls(
        "made", [Decision(f"d{i}", tuple(f"c{j}" for j in range(n))) for i, n in enumerate(sizes)]
    )


def distance(first: Architecture, second: Architecture) -> int:
    return sum(a != b for a, b in zip(first, second, strict=True))


spaces = st.lists(st.integers(2, 4), min_size=2, max_size=5).flatmap(
    lambda sizes: st.sampled_from([make(sizes), make(sizes, NotAllEqual)])
)
seeds = st.integers(0, 2**32 - 1)


@given(spaces, seeds)
def test_what_is_drawn_is_valid(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = space.sample(rng), space.sample(rng)
    for arch in (first, second, space.mutate(first, rng), space.crossover(first, second, rng)):
        assert space.check(arch) is arch
        assert all(type(entry) is int for entry in arch)


@given(spaces, seeds)
def test_mutate_changes_one_decision(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parent = space.sample(rng)
    child = space.mutate(parent, rng)
    # In the smallest of these spaces an architecture can have no valid neighbour.
    assert distance(parent, child) == (1 if space.neighbours(parent) else 0)


@given(spaces, seeds)
def test_crossover_takes_from_its_parents(space: SearchSpace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = space.sample(rng), space.sample(rng)
    child = space.crossover(first, second, rng)
    assert all(c in (a, b) for a, b, c in zip(first, second, child, strict=True))


@given(spaces)
def test_enumerate_is_the_valid_part_of_the_product(space: SearchSpace) -> None:
    expected = [a for a in product(*map(range, space.sizes)) if space.is_valid(a)]
    assert list(space.enumerate()) == expected
    assert space.cardinality == np.prod(space.sizes)


@given(spaces, seeds)
def test_neighbours_are_all_at_distance_one(space: SearchSpace, seed: int) -> None:
    arch = space.sample(np.random.default_rng(seed))
    expected = [other for other in space.enumerate() if distance(arch, other) == 1]
    found = space.neighbours(arch)
    assert sorted(found) == expected
    assert len(set(found)) == len(found)


@given(spaces, seeds)
def test_notation_can_be_read(space: SearchSpace, seed: int) -> None:
    arch = space.sample(np.random.default_rng(seed))
    assert space.from_str(space.to_str(arch)) == arch
    assert space.from_str(space.to_str(arch).replace(",", " , ")) == arch


@given(spaces, seeds, st.integers(0, 20))
def test_encodings(space: SearchSpace, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    archs = [space.sample(rng) for _ in range(n)]
    assert space.integers(archs).tolist() == [list(arch) for arch in archs]
    naive = [
        [
            float(choice == entry)
            for entry, size in zip(arch, space.sizes, strict=True)
            for choice in range(size)
        ]
        for arch in archs
    ]
    assert space.one_hot(archs).shape == (n, sum(space.sizes))
    assert space.one_hot(archs).tolist() == naive


@pytest.mark.parametrize("cls", [SearchSpace, NotAllEqual])
def test_sample_is_uniform(cls: type[SearchSpace]) -> None:
    space = make([2, 3, 4], cls)
    rng = np.random.default_rng(0)
    counts = Counter(space.sample(rng) for _ in range(20_000))
    assert chisquare([counts[arch] for arch in space.enumerate()]).pvalue > 1e-3


def test_mutate_draws_decision_and_choice_uniformly() -> None:
    space = make([2, 3, 5])
    rng = np.random.default_rng(0)
    parent = (1, 0, 3)
    counts = Counter(space.mutate(parent, rng) for _ in range(20_000))
    found, expected = [], []
    for child in space.neighbours(parent):
        changed = next(i for i in range(3) if child[i] != parent[i])
        found.append(counts[child])
        expected.append(20_000 / 3 / (space.sizes[changed] - 1))
    assert chisquare(found, expected).pvalue > 1e-3


def test_crossover_is_uniform() -> None:
    space = make([2, 2, 2])
    rng = np.random.default_rng(0)
    counts = Counter(space.crossover((0, 0, 0), (1, 1, 1), rng) for _ in range(8_000))
    assert chisquare([counts[arch] for arch in space.enumerate()]).pvalue > 1e-3


def test_drawing_is_repeatable() -> None:
    space = make([3, 3, 3])
    runs = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        arch = space.sample(rng)
        runs.append([arch, space.mutate(arch, rng), space.crossover(arch, (0, 0, 0), rng)])
    assert runs[0] == runs[1]


def test_mutate_ends_where_there_is_no_neighbour() -> None:
    space = make([2, 2], EvenSpace)
    assert space.neighbours((0, 0)) == []
    assert space.mutate((0, 0), np.random.default_rng(0)) == (0, 0)


def test_decisions_of_one_choice_stay() -> None:
    space = make([1, 3])
    rng = np.random.default_rng(0)
    assert {space.mutate((0, 0), rng) for _ in range(50)} == {(0, 1), (0, 2)}
    assert make([1, 1]).mutate((0, 0), rng) == (0, 0)


@pytest.mark.parametrize(
    ("arch", "words"),
    [
        ([0, 0], "tuple of 2 ints, not list"),
        ((0,), "1 entries"),
        ((0, 3), "choices 0 to 2"),
        ((0, -1), "choices 0 to 2"),
        ((0, True), "not an int"),
        ((0, 1.0), "not an int"),
        ((1, 1), "not a valid architecture"),
        (None, "NoneType"),
    ],
)
def test_check_refuses(arch: object, words: str) -> None:
    with pytest.raises(InvalidArchitecture, match=words):
        make([2, 3], NotAllEqual).check(arch)


@pytest.mark.parametrize(
    ("text", "words"),
    [("c0", "names 1 choices"), ("c0,c7", "'c7' is no choice of d1"), ("c1,c1", "not a valid")],
)
def test_from_str_refuses(text: str, words: str) -> None:
    with pytest.raises(InvalidArchitecture, match=words):
        make([2, 3], NotAllEqual).from_str(text)


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        [Decision("a", ())],
        [Decision("a", ("x",)), Decision("a", ("y",))],
        [Decision("a", ("x", "x"))],
    ],
)
def test_impossible_spaces(decisions: list[Decision]) -> None:
    with pytest.raises(HarnessError, match="space made"):
        SearchSpace("made", decisions)
