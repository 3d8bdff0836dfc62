"""The cells of the CIFAR-10 experiment of ASNG-NAS, and the experiment as data."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import numpy as np
import pytest

from methods.genotype_law import GenotypeLaw
from spaces.enas_micro import EnasMicroSpace
from spaces.enas_micro.space import CELLS, INPUTS, NODES, OPERATIONS

nx = pytest.importorskip("networkx")  # It comes with torch.

SPACE = EnasMicroSpace()


@pytest.fixture(scope="module")
def asng():
    return tomllib.loads((files("spaces.enas_micro") / "asng.toml").read_text())


def test_numbers_of_the_experiment(asng):
    expected, sizes = asng["expected"], SPACE.sizes
    assert len(sizes) == expected["variables"] == 40
    assert sum(sizes) == expected["choices"] == 180
    (law,) = GenotypeLaw(SPACE).variables
    assert law.freedom == expected["freedom"] == 140
    assert round(math.log10(SPACE.cardinality), 1) == expected["log10_encodings"] == 25.4
    # What no probability falls below caps those of operations at 0.975.
    assert 1 - 4 * law.least[2] == pytest.approx(0.975)


def test_space_of_the_experiment(asng):
    told = asng["space"]
    assert told["id"] == SPACE.id
    assert tuple(told["operations"]) == OPERATIONS
    assert tuple(told["cells"]) == CELLS
    assert told["nodes"] == NODES
    assert len(SPACE.sizes) == len(CELLS) * NODES * 2 * told["operands"]


def test_recipe_of_the_experiment(asng):
    search, retraining = asng["search"], asng["retraining"]
    assert math.ceil(search["train_images"] / search["batch"]) == 391
    assert asng["expected"]["steps_an_epoch"] == 391
    assert search["train_images"] + search["valid_images"] == retraining["train_images"]
    assert search["reductions"] == [search["cells"] // 3, 2 * search["cells"] // 3]
    assert retraining["auxiliary_cell"] == 2 * retraining["cells"] // 3
    assert asng["expected"]["parameters"] <= retraining["parameters"]


def test_decisions():
    names = [decision.name for decision in SPACE.decisions]
    assert names[:4] == [
        f"normal node1 {kind}{i}" for kind in ("input", "operation") for i in (1, 2)
    ]
    assert names[-1] == "reduction node5 operation2"
    assert SPACE.decisions[20].choices == INPUTS
    assert SPACE.decisions[36].choices == (*INPUTS, "node1", "node2", "node3", "node4")
    arch = SPACE.sample(np.random.default_rng(0))
    assert SPACE.from_str(SPACE.to_str(arch)) == arch


def renumbered(arch, rng):
    """The same architecture: nodes of the normal cell in another order, operands exchanged."""
    while True:
        order = rng.permutation(NODES).tolist()
        entries = []
        for node in order:
            a, b, p, q = arch[4 * node : 4 * node + 4]
            a, b = (s if s < 2 else 2 + order.index(s - 2) for s in (a, b))
            entries += [b, a, q, p] if rng.random() < 0.5 else [a, b, p, q]
        found = (*entries, *arch[20:])
        if all(choice < size for choice, size in zip(found, SPACE.sizes, strict=True)):
            return found


def half_random(rng):
    """A random normal cell of which many nodes are alike; the reduction cell is always the same."""
    entries = []
    for i in range(NODES):
        entries += [int(rng.integers(min(2 + i, 4))) for _ in range(2)]
        entries += [int(rng.integers(2)) for _ in range(2)]
    return (*entries, *(0,) * 20)


def graph(arch):
    """The normal cell as a graph in which operands are vertices between nodes."""
    cell = nx.DiGraph()
    for i, name in enumerate(INPUTS):
        cell.add_node(i, kind=name)
    for i in range(NODES):
        a, b, p, q = arch[4 * i : 4 * i + 4]
        cell.add_node(2 + i, kind="node")
        for side, (source, operation) in enumerate(((a, p), (b, q))):
            cell.add_node((i, side), kind=operation)
            cell.add_edge(source, (i, side))
            cell.add_edge((i, side), 2 + i)
    return cell


def test_canonical_forms_are_equal_where_cells_are():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(60):
        arch = half_random(rng)
        same = renumbered(arch, rng)
        other = SPACE.mutate(same, rng)
        assert SPACE.canonical(same) == SPACE.canonical(arch)
        equal = nx.is_isomorphic(
            graph(arch), graph(other), node_match=lambda a, b: a["kind"] == b["kind"]
        )
        equal &= arch[20:] == other[20:]
        assert (SPACE.canonical(arch) == SPACE.canonical(other)) == equal
        found.append(arch != same)
    assert sum(found) > 30


def test_canonical_form_of_exchanged_operands_and_of_renumbered_nodes():
    rng = np.random.default_rng(2)
    for _ in range(20):
        arch = SPACE.sample(rng)
        i = 4 * int(rng.integers(10))
        a, b, p, q = arch[i : i + 4]
        assert SPACE.canonical(arch) == SPACE.canonical((*arch[:i], b, a, q, p, *arch[i + 4 :]))
    # Nodes 1 and 2, which take no other node; node 3 takes one of them.
    rest = (0, 1, 1, 1) * 7
    one = (0, 0, 3, 3, 1, 1, 4, 4, 2, 2, 0, 0, *rest)
    other = (1, 1, 4, 4, 0, 0, 3, 3, 3, 3, 0, 0, *rest)
    assert SPACE.canonical(one) == SPACE.canonical(other)
    assert SPACE.canonical(one) != SPACE.canonical((*one[:8], 3, 3, *one[10:]))
    # Cells are not exchanged.
    swapped = (*one[20:], *one[:20])
    assert SPACE.canonical(one) != SPACE.canonical(swapped)
