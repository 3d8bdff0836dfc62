from __future__ import annotations

import numpy as np
import pytest

from harness import Decision, Graphs, SearchSpace
from methods.predictor.models.weak_labels import of_graphs, of_properties, standardised


@pytest.fixture
def space():
    return SearchSpace("numbers", [Decision(f"d{i}", tuple("abcd")) for i in range(3)])


def test_properties_are_logarithms_where_positive(space):
    archs = np.array([[0, 0, 1], [3, 2, 1]])

    def properties(arch):
        return {"params": 10.0 ** arch[0], "balance": arch[1] - 1.0}

    found = of_properties(space, archs, properties)
    # In the order of the names: balance, then params.
    assert found == pytest.approx(np.array([[-1, 0], [1, 3 * np.log(10)]]))


def test_properties_that_some_lack_are_left_out(space):
    archs = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]])

    def properties(arch):
        known = {"a": float(arch[0] + 1), "b": np.nan if arch[0] == 1 else 2.0, "c": np.inf}
        return known | ({"d": 1.0} if arch[0] != 2 else {})

    assert of_properties(space, archs, properties) == pytest.approx(np.log([[1], [2], [3]]))
    assert of_properties(space, archs, lambda arch: {}).shape == (3, 0)


def longest(edges, node):
    return max((1 + longest(edges, after) for after in np.flatnonzero(edges[node])), default=0)


def test_counts_of_graphs():
    rng = np.random.default_rng(0)
    n, nodes, kinds = 40, 7, 5
    edges = np.triu(rng.random((n, nodes, nodes)) < 0.4, 1).astype(np.float32)
    kind = rng.integers(kinds, size=(n, nodes))
    operations = np.eye(kinds, dtype=np.float32)[kind]
    # The last nodes of some are padding.
    edges[:10, :, 5:] = 0
    operations[:10, 5:] = 0
    found = of_graphs(Graphs(operations, edges))
    for i in range(n):
        real = kind[i][:5] if i < 10 else kind[i]
        assert found[i].tolist() == [
            np.count_nonzero(edges[i]),
            max(longest(edges[i], node) for node in range(nodes)),
            *np.bincount(real, minlength=kinds),
        ]


def test_standardised_columns_without_constant_ones():
    rng = np.random.default_rng(0)
    columns = np.stack([rng.normal(5, 3, 50), np.full(50, 1e9 / 3), rng.random(50) * 1e-6], axis=1)
    found = standardised(columns)
    assert found.shape == (50, 2)
    assert found.mean(0) == pytest.approx([0, 0], abs=1e-6)
    assert found.std(0) == pytest.approx([1, 1], abs=1e-6)
    assert standardised(np.ones((4, 2))).shape == (4, 0)
    assert standardised(np.ones((4, 0))).shape == (4, 0)
