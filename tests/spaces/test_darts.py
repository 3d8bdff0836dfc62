"""Cells of DARTS: genotypes, published networks, costs and the supernet."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import numpy as np
import pytest

from harness import InvalidArchitecture
from harness.live.cell_chain import CellChain
from spaces.darts import DartsSpace
from spaces.darts.costs import WIDTH, network_cost
from spaces.darts.space import CELLS, NODES, OPERATIONS, PAIRS

torch = pytest.importorskip("torch")

from harness.live.flops import count_flops, count_parameters  # noqa: E402
from spaces.darts.network import darts_network  # noqa: E402
from spaces.darts.supernet import CHOICES, EDGES, DartsSupernet  # noqa: E402

SPACE = DartsSpace()
TINY = CellChain(5, 4, WIDTH, 16, 10)

# Operation and output that is taken, two a node, normal cell first: as the authors published them.
PUBLISHED = {
    "DARTS-V1": (
        "sep3 1 sep3 0 skip 0 sep3 1 skip 0 sep3 1 sep3 0 skip 2",
        "max 0 max 1 skip 2 max 0 max 0 skip 2 skip 2 avg 0",
    ),
    "DARTS-V2": (
        "sep3 0 sep3 1 sep3 0 sep3 1 sep3 1 skip 0 skip 0 dil3 2",
        "max 0 max 1 skip 2 max 1 max 0 skip 2 skip 2 max 1",
    ),
    "PC-DARTS": (
        "sep3 1 skip 0 sep3 0 dil3 1 sep5 0 sep3 1 avg 0 dil3 1",
        "sep5 1 max 0 sep5 1 sep5 2 sep3 0 sep3 3 sep3 1 sep3 2",
    ),
}
SHORT = dict(zip(("max", "avg", "skip", "sep3", "sep5", "dil3", "dil5"), range(7), strict=True))


def published(name):
    cells = []
    for text in PUBLISHED[name]:
        words = text.split()
        operands = [
            (int(source), SHORT[op]) for op, source in zip(words[::2], words[1::2], strict=True)
        ]
        cells.append(tuple(zip(operands[::2], operands[1::2], strict=True)))
    return SPACE.genotype(cells)


def random_archs(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_genotypes():
    """(product over nodes of (pairs of outputs) x 7^2)^2, as in the paper's appendix A.1."""
    assert SPACE.cardinality == math.prod(math.comb(i + 2, 2) * 7**2 for i in range(4)) ** 2
    assert len(SPACE.sizes) == 24
    assert SPACE.cardinality == pytest.approx(1.1e18, rel=0.03)


def test_notation():
    for arch in random_archs(50):
        assert SPACE.from_str(SPACE.to_str(arch)) == arch
    assert SPACE.to_str(published("DARTS-V2")).split(" / ")[0].split() == [
        "sep_conv_3x3~0+sep_conv_3x3~1",
        "sep_conv_3x3~0+sep_conv_3x3~1",
        "skip_connect~0+sep_conv_3x3~1",
        "skip_connect~0+dil_conv_3x3~2",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace(" / ", " "), "two cells"),
        (lambda text: text.replace("dil_conv_3x3", "dil_conv_9x9"), "All operations"),
        (lambda text: text.replace("~1", "~0", 1), "two different ones"),
        (lambda text: text.replace("~2", "~5", 1), "from 0 to 4"),
        (lambda text: text.replace("+", "", 1), "like sep_conv"),
    ],
)
def test_notation_that_is_none(change, told):
    with pytest.raises(InvalidArchitecture, match=told):
        SPACE.from_str(change(SPACE.to_str(published("DARTS-V2"))))


def renumbered(cell, order):
    """A cell whose node i was node order[i]; None where one would come before what it takes."""
    place = {0: 0, 1: 1, **{2 + node: 2 + i for i, node in enumerate(order)}}
    found = [tuple(sorted((place[source], op) for source, op in cell[node])) for node in order]
    ahead = any(source >= 2 + i for i, node in enumerate(found) for source, _ in node)
    return None if ahead else tuple(found)


def test_canonical_is_the_class_of_renumbered_cells():
    """Against a closure by all 24 orders, among all cells with two kinds of operations."""
    rng = np.random.default_rng(3)
    seen = {}
    for _ in range(400):
        arch = tuple(
            int(rng.integers(size if "inputs" in decision.name else 2))
            for size, decision in zip(SPACE.sizes, SPACE.decisions, strict=True)
        )
        normal, _ = SPACE.cells(arch)
        orbit = frozenset({renumbered(normal, order) for order in permutations(range(4))} - {None})
        key = SPACE.canonical(arch)[0]
        assert seen.setdefault(orbit, key) == key
        assert key in orbit
    assert len(seen) == len(set(seen.values()))


def test_published_networks_have_the_published_numbers_of_parameters():
    """Liu et al., table 1: 3.3M; Xu et al., table 1: 3.6M. The exact number is the known one."""
    chain = CellChain(20, 36, WIDTH, 32, 10)
    counts = {n: network_cost(SPACE.cells(published(n)), chain).parameters for n in PUBLISHED}
    assert counts["DARTS-V2"] == 3_349_342
    assert round(counts["PC-DARTS"] / 1e6, 1) == 3.6
    network = darts_network(SPACE, published("DARTS-V2"), chain, generator())
    assert count_parameters(network) == 3_349_342


def test_costs_are_those_of_the_network():
    images = torch.zeros(1, 3, 16, 16)
    for arch in random_archs(8, seed=1):
        network = darts_network(SPACE, arch, TINY, generator())
        cost = network_cost(SPACE.cells(arch), TINY)
        assert cost.parameters == count_parameters(network)
        assert 2 * cost.multiply_adds == count_flops(network, images)


def test_auxiliary_classifier_is_there_in_training_only():
    chain = CellChain(5, 4, WIDTH, 16, 10, auxiliary=True)
    network = darts_network(SPACE, published("DARTS-V2"), chain, generator())
    images = torch.randn(4, 3, 16, 16, generator=generator())
    assert [tuple(x.shape) for x in network(images)] == [(4, 10), (4, 10)]
    extra = (
        count_parameters(network)
        - network_cost(SPACE.cells(published("DARTS-V2")), chain).parameters
    )
    # 64 channels; convolutions, their normalisations and the linear layer.
    assert extra == 64 * 128 + 2 * 128 + 4 * 128 * 768 + 2 * 768 + 768 * 10 + 10
    assert network.eval()(images).shape == (4, 10)


def copy_path(supernet, network, arch):
    """Copy what a path uses into a network of its own."""
    own = dict(supernet.network.named_parameters())
    weights = {}
    for name, weight in network.named_parameters():
        words = name.split(".")
        if len(words) > 3 and words[0] == "cells" and words[2] == "operations":
            cell, number = int(words[1]), int(words[3])
            reduces = cell in TINY.reductions
            source, op = SPACE.cells(arch)[reduces][number // 2][number % 2]
            edge = EDGES.index((source, number // 2))
            name = ".".join(["cells", words[1], "edges", str(edge), "operations", str(op)])
            name = ".".join([name, *words[4:]])
        if name in own:
            with torch.no_grad():
                weight.copy_(own[name])
            weights[name] = weight
    return weights


def pool_free(arch):
    """The same with convolutions for poolings, which a supernet normalises."""
    cells = [
        tuple(tuple((s, 3 if op < 2 else op) for s, op in node) for node in cell)
        for cell in SPACE.cells(arch)
    ]
    return SPACE.genotype(cells)


def test_a_path_gives_what_its_own_network_gives():
    supernet = DartsSupernet(SPACE, TINY, generator())
    images = torch.randn(6, 3, 16, 16, generator=generator(1))
    for arch in map(pool_free, random_archs(4, seed=2)):
        network = darts_network(SPACE, arch, TINY, generator(5))
        copied = copy_path(supernet, network, arch)
        assert sum("operations" in name for name in copied) > 40
        # In training mode both use the statistics of the batch; scales are 1 and shifts 0.
        alone, shared = network(images), supernet(images, supernet.path(arch))
        torch.testing.assert_close(alone, shared, rtol=1e-4, atol=1e-5)


def test_a_mixture_is_linear_in_the_weights_of_one_edge_before_what_follows():
    """With all weight on the path's choices, and 0 on the others, it is the path."""
    supernet = DartsSupernet(SPACE, TINY, generator())
    images = torch.randn(4, 3, 16, 16, generator=generator(1))
    (arch,) = random_archs(1, seed=4)
    path = supernet.path(arch)
    mixture = [
        {
            choice: torch.tensor(float(choice in entry))
            for choice in (*entry, *(range(len(CHOICES)) if i in (0, 5) else ()))
        }
        for i, entry in enumerate(path)
    ]
    torch.testing.assert_close(supernet(images, mixture), supernet(images, path))
    weight = torch.tensor(0.5, requires_grad=True)
    mixture[0] = {0: weight, 1: weight}
    (slope,) = torch.autograd.grad(supernet(images, mixture).square().sum(), [weight])
    assert slope != 0


def test_weights_of_none_have_a_gradient_of_zero():
    supernet = DartsSupernet(SPACE, TINY, generator())
    weights = torch.ones(len(supernet.choices), requires_grad=True)
    logits = supernet(torch.ones(2, 3, 16, 16), [{0: weight} for weight in weights])
    (slopes,) = torch.autograd.grad(logits.sum(), [weights])
    assert not slopes.any()


def test_partial_channels_pass_by():
    """Nothing but `none` on all edges: three of four channels pass, shuffled to every fourth."""
    supernet = DartsSupernet(SPACE, TINY, generator(), partial=4)
    edge = supernet.network.cells[0].edges[0]
    x = torch.randn(2, 4, 6, 6, generator=generator())
    found = edge(x, {0: None})
    torch.testing.assert_close(found[:, 1:], x[:, 1:])
    assert not found[:, 0].any()
    half = torch.tensor(0.25)
    mixed = edge(x, {0: half, 3: half})
    torch.testing.assert_close(mixed[:, 1:], 0.5 * x[:, 1:])
    torch.testing.assert_close(mixed[:, :1], 0.25 * x[:, :1])
    reduced = supernet.network.cells[1].edges[0](x.repeat(1, 2, 1, 1), {0: None})
    assert reduced.shape == (2, 8, 3, 3)


def test_derivation_keeps_the_two_strongest_edges_without_none():
    """Against a loop over all pairs of edges, with `none` strongest everywhere."""
    supernet = DartsSupernet(SPACE, TINY, generator())
    rng = np.random.default_rng(0)
    for _ in range(20):
        strengths = rng.random((28, 8))
        strengths[:, 0] = 2
        found = SPACE.cells(supernet.derive(list(strengths)))
        for number in range(len(CELLS)):
            for node in range(NODES):
                rows = {
                    source: strengths[number * 14 + edge, 1:]
                    for edge, (source, end) in enumerate(EDGES)
                    if end == node
                }
                pair = max(PAIRS[node], key=lambda p: sum(rows[s].max() for s in p))
                assert found[number][node] == tuple((s, int(rows[s].argmax())) for s in pair)


def test_names_of_edges():
    supernet = DartsSupernet(SPACE, TINY, generator())
    assert len(set(supernet.edges)) == len(supernet.choices) == 28
    assert supernet.edges[0] == "normal cell-2 to node1"
    assert supernet.edges[27] == "reduction node3 to node4"
    assert {index for join in supernet.joins for index in join} == set(range(28))
    for join in supernet.joins:
        assert len({supernet.edges[i].split(" to ")[1] for i in join}) == 1
        assert all(b - a == 1 for a, b in pairwise(join))
    assert CHOICES[1:] == OPERATIONS
