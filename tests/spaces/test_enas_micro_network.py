"""Networks of ASNG-NAS's cells: costs, the cap on parameters and the supernet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import HarnessError
from harness.live.cell_chain import CellChain
from spaces.enas_micro import EnasMicroSpace
from spaces.enas_micro.costs import WIDTH, network_cost, widest
from spaces.enas_micro.space import outputs

torch = pytest.importorskip("torch")

from harness.live.flops import count_flops, count_parameters  # noqa: E402
from harness.live.stochastic import give_generator, set_drop_path  # noqa: E402
from spaces.enas_micro.network import micro_network  # noqa: E402
from spaces.enas_micro.supernet import MicroSupernet  # noqa: E402

SPACE = EnasMicroSpace()
TINY = CellChain(5, 4, WIDTH, 16, 10)
FINAL = CellChain(20, 1, WIDTH, 32, 10)

IDENTITY, MEAN, MAX, SEP3, SEP5 = range(5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_archs(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def cell(*nodes):
    """Entries of a genotype: of each node two outputs and two operations."""
    return tuple(entry for (a, b, p, q) in nodes for entry in (a, b, p, q))


# The second node does the same twice; only the last node is the output.
CHAINED = cell((0, 1, 3, 0), (2, 2, 3, 3), (3, 3, 4, 0), (4, 4, 1, 2), (5, 5, 0, 0))


def test_outputs_are_the_nodes_that_no_node_takes():
    chained, parallel = SPACE.cells(CHAINED + cell(*[(0, 1, 0, 0)] * 5))
    assert outputs(chained) == [4]
    assert outputs(parallel) == [0, 1, 2, 3, 4]


def test_costs_are_those_of_the_network():
    images = torch.zeros(1, 3, 16, 16)
    for arch in [CHAINED + CHAINED, *random_archs(6)]:
        network = micro_network(SPACE, arch, TINY, generator())
        cost = network_cost(SPACE.cells(arch), TINY)
        assert cost.parameters == count_parameters(network)
        assert 2 * cost.multiply_adds == count_flops(network, images)


def test_what_a_node_does_twice_is_counted_once():
    """Five separable convolutions less than with 3x3 on one side and 5x5 on the other, by hand."""
    place = TINY.places[0]
    assert (place.older, place.newer, place.channels) == (12, 12, 4)
    chain = replace(TINY, cells=3)
    twice = cell(*[(0, 0, SEP3, SEP3)] * 5)
    both = cell(*[(0, 0, SEP3, SEP5)] * 5)
    less, more = (network_cost(SPACE.cells(c * 2), chain).parameters for c in (twice, both))
    widths = [p.channels for p in chain.places]
    assert widths == [4, 8, 16]
    assert more - less == sum(5 * 2 * (25 * c + c * c + 2 * c) for c in widths)


def test_as_many_channels_as_the_parameters_allow():
    """At most 4,000,000 without the auxiliary classifier, and one channel more is too many."""
    for arch in random_archs(10, seed=7):
        cells = SPACE.cells(arch)
        found = widest(cells, FINAL, 4_000_000)
        assert network_cost(cells, found).parameters <= 4_000_000
        wider = replace(found, channels=found.channels + 1)
        assert found.channels == 127 or network_cost(cells, wider).parameters > 4_000_000
    # Identities alone: no wider than the authors look for.
    light = SPACE.cells(cell(*[(0, 1, 0, 0)] * 5) * 2)
    assert widest(light, FINAL, 10**9).channels == 127
    with pytest.raises(HarnessError, match="no network of 20 cells has at most 100 parameters"):
        widest(light, FINAL, 100)


def test_published_search_network_and_where_cells_stand():
    """Numbers of asng.toml: 8 cells, reductions 2 and 5, 48 channels of the stem; 13 of 20."""
    chain = CellChain(8, 16, WIDTH, 32, 10)
    assert chain.reductions == (2, 5)
    assert FINAL.reductions[-1] == 13
    places = chain.places
    assert [p.channels for p in places] == [16, 16, 32, 32, 32, 64, 64, 64]
    assert [p.inner for p in places] == [32, 32, 16, 16, 16, 8, 8, 8]
    assert [p.halves for p in places] == [False] * 3 + [True, False, False, True, False]
    assert (places[0].older, places[1].older, places[1].newer) == (48, 48, 16)


def copy_path(supernet, network, arch):
    own = dict(supernet.network.named_parameters())
    copied = 0
    for name, weight in network.named_parameters():
        words = name.split(".")
        if words[0] == "cells" and words[2] == "operations":
            source, op = words[4].split()
            words = [*words[:4], source, op, *words[5:]]
        value = own.get(".".join(words))
        if value is None:
            continue  # Scales and shifts, which a supernet does not have: 1 and 0.
        if words[2:3] == ["join"]:
            reduces = int(words[1]) in TINY.reductions
            channels = weight.shape[0]
            nodes = outputs(SPACE.cells(arch)[reduces])
            value = value[:, [n * channels + i for n in nodes for i in range(channels)]]
        with torch.no_grad():
            weight.copy_(value)
        copied += 1
    return copied


def test_a_path_gives_what_its_own_network_gives():
    """In training mode both use the statistics of the batch."""
    supernet = MicroSupernet(SPACE, TINY, generator())
    images = torch.randn(6, 3, 16, 16, generator=generator(1))
    for arch in [CHAINED + CHAINED, *random_archs(4, seed=2)]:
        network = micro_network(SPACE, arch, TINY, generator(5))
        assert copy_path(supernet, network, arch) > 30
        alone, shared = network(images), supernet(images, supernet.path(arch))
        torch.testing.assert_close(alone, shared, rtol=1e-4, atol=1e-5)


def test_plain_identities_are_not_dropped():
    """With nothing but identities in all cells that do not reduce, those draw nothing."""
    plain = cell((0, 0, 0, 0), (1, 1, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0), (0, 1, 0, 0))
    network = micro_network(SPACE, plain + plain, TINY, generator())
    images = torch.randn(4, 3, 16, 16, generator=generator(1))
    give_generator(network, generator(2))
    first, second = network.cells[0], network.cells[1]
    older, newer = (torch.randn(4, 12, 16, 16, generator=generator(s)) for s in (3, 4))
    before = first(older, newer)
    set_drop_path(network, 0.9)
    assert torch.equal(first(older, newer), before)
    # A reduction cell's identities are factorised reductions, which are dropped.
    outputs = [second(older, first(older, newer)) for _ in range(2)]
    assert not torch.equal(*outputs)
    assert network.eval()(images).shape == (4, 10)


def test_average_pooling_counts_the_outside_as_zeros():
    network = micro_network(SPACE, cell(*[(0, 0, MEAN, MAX)] * 5) * 2, TINY, generator())
    pool = network.cells[0].operations[0][f"0 {MEAN}"]
    found = pool(torch.ones(1, 4, 5, 5))
    assert found[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert found[0, 0, 2, 2] == pytest.approx(1)
    assert IDENTITY == 0
