"""Sequences, graphs and paths against what can be written down by hand or enumerated."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import Decision, HarnessError, SearchSpace
from harness.core.encodings import Graphs, chain, paths, with_ends


class NoDouble(SearchSpace):
    def is_valid(self, arch):
        return arch[0] != arch[1]


def shared(cls=SearchSpace):
    return cls(
        "shared", [Decision("a", ("x", "y")), Decision("b", ("y", "x")), Decision("c", ("z", "x"))]
    )


def test_choices_of_one_name_share_a_token():
    space = shared()
    assert space.token_choices == ((1, 2), (2, 1), (3, 1))
    assert space.sequences([(0, 1, 0), (1, 0, 1)]).tolist() == [[1, 1, 3], [2, 2, 1]]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_sequences_can_be_read(sizes, seed):
    decisions = [
        Decision(f"d{i}", tuple(f"{(i + j) % 5}" for j in range(n))) for i, n in enumerate(sizes)
    ]
    space = SearchSpace("made", decisions)
    rng = np.random.default_rng(seed)
    archs = [space.sample(rng) for _ in range(5)]
    tokens = space.sequences(archs)
    assert all(
        token in known
        for row in tokens.tolist()
        for token, known in zip(row, space.token_choices, strict=True)
    )
    assert space.from_sequences(tokens) == archs


def test_a_sequence_of_no_architecture_is_none():
    space = NoDouble("double", [Decision("a", ("x", "y")), Decision("b", ("x", "y"))])
    assert space.from_sequences(np.array([[1, 1], [1, 2], [2, 2]])) == [None, (0, 1), None]


def test_population_is_what_enumerate_gives_and_read_only():
    space = shared(NoDouble)
    assert space.tuples(space.population) == list(space.enumerate())
    with pytest.raises(ValueError, match="read-only"):
        space.population[0, 0] = 1


def test_a_space_too_large_to_list_says_so():
    space = SearchSpace("large", [Decision(f"d{i}", tuple("abcdef")) for i in range(20)])
    assert not space.enumerable
    with pytest.raises(HarnessError, match=r"space large has 3.7e\+15 genotypes.*sample it"):
        _ = space.population


def test_rows_and_tuples_are_encoded_alike():
    space = shared()
    archs = list(space.enumerate())
    for encode in (space.features, space.one_hot, space.sequences, space.integers):
        assert (encode(archs) == encode(space.population)).all()


def test_a_space_without_graphs_says_what_it_has():
    with pytest.raises(HarnessError, match=r"does not show.*features, sequence"):
        shared().graphs([(0, 0, 0)])


def test_chain():
    graphs = chain(np.array([[2, 0]]), 3)
    assert graphs.operations.argmax(axis=2).tolist() == [[0, 3, 1, 4]]
    assert graphs.operations.shape == (1, 4, 5)
    assert np.argwhere(graphs.adjacency[0]).tolist() == [[0, 1], [1, 2], [2, 3]]


def brute_force(graphs, limit):
    """Walk every subset of inner nodes in order."""
    n, nodes, kinds = graphs.operations.shape
    names = [
        path for length in range(nodes - 1) for path in product(range(1, kinds - 1), repeat=length)
    ]
    encoded = np.zeros((n, min(limit, len(names))))
    for i in range(n):
        ops = graphs.operations[i].argmax(axis=1).tolist()
        output = ops.index(kinds - 1)
        for length in range(output):
            for inner in combinations(range(1, output), length):
                walk = [0, *inner, output]
                if all(graphs.adjacency[i, a, b] for a, b in pairwise(walk)):
                    place = names.index(tuple(ops[v] for v in inner))
                    if place < encoded.shape[1]:
                        encoded[i, place] = 1
    return encoded


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 7, 1000]))
def test_paths_are_those_of_every_walk(seed, limit):
    rng = np.random.default_rng(seed)
    n, nodes, kinds = 6, 5, 3
    adjacency = np.triu(rng.random((n, nodes, nodes)) < 0.6, 1).astype(np.float32)
    graphs = Graphs(with_ends(rng.integers(0, kinds, (n, nodes - 2)), kinds), adjacency)
    assert (paths(graphs, limit) == brute_force(graphs, limit)).all()


def test_padding_behind_the_output_leads_nowhere():
    small, large = chain(np.array([[1]]), 2), chain(np.array([[1, 0]]), 2)
    padded = Graphs(
        np.pad(small.operations, ((0, 0), (0, 1), (0, 0))),
        np.pad(small.adjacency, ((0, 0), (0, 1), (0, 1))),
    )
    assert paths(padded, 100).shape == paths(large, 100).shape
    assert np.flatnonzero(paths(padded, 100)).tolist() == [2]
