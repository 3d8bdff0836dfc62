from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from harness import Graphs, HarnessError
from harness.testing.synthetic import SyntheticSpace
from methods.predictor.models.gin import GIN, LEAST_STD

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from methods.predictor.models.graph_networks import GINetwork  # noqa: E402

SIZES = (3, 6, 4, 6, 5)


def make(outputs=1, **kwargs):
    given = {"hidden": 6, "layers": 3, "head": 4, "dropout": 0.0, "outputs": outputs} | kwargs
    return GINetwork(5, torch.Generator().manual_seed(0), **given)


def by_loops(network, graphs, sizes):
    """Node by node, all nodes of all graphs normalised together."""
    graph = [i for i, size in enumerate(sizes) for _ in range(size)]
    place = [node for size in sizes for node in range(size)]
    x = torch.from_numpy(graphs.operations[graph, place])
    for first, second, norm_ in zip(network.first, network.second, network.norms, strict=True):
        sums = []
        for i, node in zip(graph, place, strict=True):
            mine = [
                x[k]
                for k, (j, other) in enumerate(zip(graph, place, strict=True))
                if j == i and (other == node or graphs.adjacency[i, other, node])
            ]
            sums.append(torch.stack(mine).sum(0))
        x = network.activation(second(functional.relu(first(torch.stack(sums)))))
        x = (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()
        x = x * norm_.weight + norm_.bias
    pooled = torch.stack(
        [x[[k for k, j in enumerate(graph) if j == i]].mean(0) for i in range(len(sizes))]
    )
    outs = [
        o(network.activation(h(pooled))) for h, o in zip(network.inner, network.outer, strict=True)
    ]
    return torch.cat(outs, dim=1)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("sizes", [SIZES, (5, 5, 5)])
def test_outputs_are_those_of_loops_over_the_nodes(random_graphs, sizes, outputs):
    graphs, network = random_graphs(sizes), make(outputs)
    network.train()
    expected = by_loops(network, graphs, sizes)
    assert expected.shape == (len(sizes), outputs)
    torch.testing.assert_close(network(*network.prepare(graphs)), expected, rtol=1e-4, atol=1e-5)


def test_settles_on_the_statistics_of_all_examples(random_graphs):
    graphs, network = random_graphs(SIZES), make()
    inputs = network.prepare(graphs)
    network.settle(inputs)
    settled = network(*inputs)
    network.train()
    # The running variance is the unbiased one, of 24 nodes.
    torch.testing.assert_close(settled, network(*inputs), rtol=0.1, atol=0.02)
    network.eval()
    torch.testing.assert_close(network(*(rows[:1] for rows in inputs)), settled[:1])


def test_neither_order_nor_padding_of_the_nodes_matters(random_graphs, shuffled):
    network = make()
    network.settle(network.prepare(random_graphs(SIZES)))
    for train in (False, True):
        network.train(train)
        expected = network(*network.prepare(random_graphs(SIZES)))
        padded = random_graphs(SIZES, padding=3)
        for graphs in (padded, shuffled(padded)):
            found = network(*network.prepare(graphs))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            network.settle(network.prepare(random_graphs(SIZES)))
            network.train(train)


def test_direction_of_edges_matters(random_graphs):
    graphs, network = random_graphs(SIZES), make()
    turned = Graphs(graphs.operations, graphs.adjacency.swapaxes(1, 2).copy())
    assert not torch.allclose(network(*network.prepare(graphs)), network(*network.prepare(turned)))


def test_gradient(random_graphs):
    # CELU is smooth, so that no difference is taken across a kink of the outer activations.
    network = make(2).double().train()
    inputs = tuple(
        rows.double() if rows.is_floating_point() else rows
        for rows in network.prepare(random_graphs((4, 3, 5)))
    )
    assert torch.autograd.gradcheck(
        lambda *weights: torch.func.functional_call(
            network, dict(zip(dict(network.named_parameters()), weights, strict=True)), inputs
        ),
        tuple(network.parameters()),
        eps=1e-7,
        atol=1e-4,
    )


@pytest.mark.parametrize("uncertainty", [False, True])
def test_orders_a_space_by_few_of_its_scores(fitted, truth, uncertainty):
    model = fitted(GIN(uncertainty=uncertainty), 150)
    rows = model.space.population
    assert kendalltau(model.predict(rows), truth(rows))[0] > 0.7


def test_likelihood_is_that_of_a_normal_distribution(fitted, monkeypatch):
    import methods.predictor.models.graph_predictor as module

    seen = {}

    def train_network(self, archs, make, loss, schedule, examples=None):
        outputs = torch.tensor([[0.3, -1.0], [1.2, 0.4], [-0.5, 2.0]])
        seen["loss"] = float(loss(lambda *inputs: outputs, (outputs,), torch.arange(3)))
        seen["outputs"] = outputs.numpy()

    monkeypatch.setattr(module.GraphPredictor, "train_network", train_network)
    fitted(GIN(uncertainty=True, targets="standardised"), 3, score=lambda x: np.array([-1.0, 0, 1]))
    std = LEAST_STD + np.log1p(np.exp(seen["outputs"][:, 1]))
    targets = np.array([-1, 0, 1]) / np.std([-1, 0, 1])
    expected = -norm.logpdf(targets, seen["outputs"][:, 0], std) - 0.5 * np.log(2 * np.pi)
    assert seen["loss"] == pytest.approx(expected.mean(), rel=1e-5)


def test_uncertainty_finds_the_noise():
    """Scores are noise of a deviation that one choice decides."""
    space = SyntheticSpace((2, 4, 4, 4))
    rng = np.random.default_rng(0)
    archs = rng.permutation(space.population)
    scores = np.where(archs[:, 0] == 1, 1.0, 0.1) * rng.normal(size=len(archs))
    model = GIN(uncertainty=True, targets="standardised")
    model.attach(space, rng)
    model.fit(archs, scores)
    _, std = model.predict_with_std(archs)
    noisy = std[archs[:, 0] == 1].mean(), std[archs[:, 0] == 0].mean()
    assert model.has_std
    assert noisy[0] > 3 * noisy[1]


def test_says_how_sure_it_is_only_where_asked(fitted):
    model = fitted(GIN(hidden=4))
    assert not model.has_std
    with pytest.raises(HarnessError, match="uncertainty=true"):
        model.predict_with_std(model.space.population)


@pytest.mark.parametrize(
    ("n", "schedule", "uncertainty"),
    [
        (1, "fast", False),
        (1, "fast", True),
        (2, "fast", True),
        (17, "fast", True),
        (1, "published", False),
        (3, "published", True),
    ],
)
def test_few_and_equal_scores(fitted, n, schedule, uncertainty):
    given = GIN(hidden=8, uncertainty=uncertainty, schedule=schedule)
    model = fitted(given, n, score=np.ones_like)
    assert np.isfinite(model.predict(model.space.population)).all()


def test_same_seed_same_bits(fitted):
    before = torch.get_rng_state()
    first, again, other = (fitted(GIN(schedule="published"), 12, seed=s) for s in (1, 1, 2))
    rows = first.space.population
    assert np.array_equal(first.predict(rows), again.predict(rows))
    assert not np.array_equal(first.predict(rows), other.predict(rows))
    assert torch.equal(before, torch.get_rng_state())
