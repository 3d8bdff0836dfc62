from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness import Graphs, HarnessError
from methods.predictor.models.gcn import GCN

torch = pytest.importorskip("torch")

from methods.predictor.models.graph_networks import DirectedGCN  # noqa: E402

SIZES = (3, 6, 4, 6, 5)


def make(kinds=5, **kwargs):
    given = {"hidden": 6, "layers": 3, "head": 4, "dropout": 0.1} | kwargs
    return DirectedGCN(kinds, torch.Generator().manual_seed(0), **given)


def outputs(network, graphs):
    network.eval()
    with torch.no_grad():
        return network(*network.prepare(graphs)).numpy()


def by_loops(network, graphs, i, size):
    """Node by node, as the paper says it."""
    edges = graphs.adjacency[i, :size, :size]
    x = graphs.operations[i, :size]
    for forth, back in zip(network.along, network.against, strict=True):
        forth, back = forth.detach().numpy(), back.detach().numpy()
        new = []
        for node in range(size):
            after = [x[other] for other in range(size) if other == node or edges[node, other]]
            before = [x[other] for other in range(size) if other == node or edges[other, node]]
            forwards = np.maximum(np.mean(after, axis=0) @ forth, 0)
            backwards = np.maximum(np.mean(before, axis=0) @ back, 0)
            new.append((forwards + backwards) / 2)
        x = np.array(new)
    return x.mean(0) @ network.inner.detach().numpy() @ network.outer.detach().numpy()


def test_outputs_are_those_of_loops_over_the_nodes(random_graphs):
    graphs, network = random_graphs(SIZES), make()
    expected = [by_loops(network, graphs, i, size) for i, size in enumerate(SIZES)]
    np.testing.assert_allclose(outputs(network, graphs), expected, rtol=1e-5, atol=1e-6)


def test_neither_order_nor_padding_of_the_nodes_matters(random_graphs, shuffled):
    network = make()
    expected = outputs(network, random_graphs(SIZES))
    padded = random_graphs(SIZES, padding=3)
    np.testing.assert_allclose(outputs(network, padded), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs(network, shuffled(padded)), expected, rtol=1e-5, atol=1e-6)


def test_direction_of_edges_matters(random_graphs):
    graphs = random_graphs(SIZES)
    turned = Graphs(graphs.operations, graphs.adjacency.swapaxes(1, 2).copy())
    assert not np.allclose(outputs(make(), graphs), outputs(make(), turned))


def test_gradient(random_graphs):
    network = make(dropout=0.0).double()
    inputs = tuple(rows.double() for rows in network.prepare(random_graphs((4, 3))))
    assert torch.autograd.gradcheck(
        lambda *weights: torch.func.functional_call(
            network, dict(zip(dict(network.named_parameters()), weights, strict=True)), inputs
        ),
        tuple(network.parameters()),
    )


def test_dropout_only_while_training(random_graphs):
    network, graphs = make(dropout=0.5), random_graphs(SIZES)
    inputs = network.prepare(graphs)
    network.train()
    assert not torch.equal(network(*inputs), network(*inputs))
    assert np.array_equal(outputs(network, graphs), outputs(network, graphs))


def test_orders_a_space_by_few_of_its_scores(fitted, truth):
    model = fitted(GCN(hidden=32), 150)
    rows = model.space.population
    assert kendalltau(model.predict(rows), truth(rows))[0] > 0.8


@pytest.mark.parametrize("targets", ["ranks", "standardised"])
def test_unit_of_the_scores_does_not_matter(fitted, targets):
    plain = fitted(GCN(hidden=8, targets=targets))
    scaled = fitted(GCN(hidden=8, targets=targets), score=lambda x: 1024 * x)
    rows = plain.space.population
    expected = plain.predict(rows) * (1024 if targets == "standardised" else 1)
    assert scaled.predict(rows) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "schedule"), [(1, "fast"), (2, "fast"), (17, "fast"), (1, "published"), (3, "published")]
)
def test_few_and_equal_scores(fitted, n, schedule):
    model = fitted(GCN(hidden=8, schedule=schedule), n, score=np.ones_like)
    assert np.isfinite(model.predict(model.space.population)).all()


def test_same_seed_same_bits(fitted):
    before = torch.get_rng_state()
    # Published, so that there is dropout.
    first, again, other = (
        fitted(GCN(hidden=8, schedule="published"), 12, seed=s) for s in (1, 1, 2)
    )
    rows = first.space.population
    assert np.array_equal(first.predict(rows), again.predict(rows))
    assert not np.array_equal(first.predict(rows), other.predict(rows))
    assert torch.equal(before, torch.get_rng_state())


def test_needs_graphs(toy_space):
    with pytest.raises(HarnessError, match="graph"):
        GCN().attach(toy_space((3, 3)), np.random.default_rng(0))


def test_predictions_do_not_depend_on_what_else_is_asked(fitted):
    model = fitted(GCN(hidden=8))
    rows = model.space.population
    single = [model.predict(rows[i : i + 1])[0] for i in (0, 511, 512, 1023)]
    assert model.predict(rows)[[0, 511, 512, 1023]] == pytest.approx(single, rel=1e-5)
