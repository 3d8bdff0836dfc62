from __future__ import annotations

from functools import cmp_to_key
from itertools import permutations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy, kendalltau

from methods.predictor.models.binary_relation import BinaryRelation, divergence, ordered_pairs

torch = pytest.importorskip("torch")

from methods.predictor.models.graph_networks import RelationNetwork  # noqa: E402

SIZES = (3, 6, 4, 6, 5)


def make(**kwargs):
    given = {"hidden": 6, "layers": 3, "dropout": 0.2} | kwargs
    return RelationNetwork(5, torch.Generator().manual_seed(0), **given).eval()


def by_loops(network, graphs, i, size):
    """Node by node; the last one is the node that takes from all."""
    edges = graphs.adjacency[i, :size, :size]
    kinds = graphs.operations.shape[2]
    x = [torch.tensor([0.0, *row]) for row in graphs.operations[i, :size].tolist()]
    x.append(torch.tensor([1.0] + [0.0] * kinds))
    for layer, norm in zip(network.layers, network.norms, strict=True):
        new = []
        for node in range(size):
            taken = x[node] + sum(x[other] for other in range(size) if edges[node, other])
            new.append(torch.relu(norm(layer(taken))))
        new.append(torch.relu(norm(layer(sum(x)))))
        x = new
    return x[-1]


def test_codes_are_those_of_loops_over_the_nodes(random_graphs):
    graphs, network = random_graphs(SIZES), make()
    expected = torch.stack([by_loops(network, graphs, i, size) for i, size in enumerate(SIZES)])
    torch.testing.assert_close(network(*network.prepare(graphs)), expected, rtol=1e-4, atol=1e-5)


def test_neither_order_nor_padding_of_the_nodes_matters(random_graphs, shuffled):
    network = make()
    expected = network(*network.prepare(random_graphs(SIZES)))
    padded = random_graphs(SIZES, padding=3)
    for graphs in (padded, shuffled(padded)):
        found = network(*network.prepare(graphs))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_logits_are_a_linear_layer_on_both_codes():
    network = make()
    codes = torch.rand(4, 6, generator=torch.Generator().manual_seed(1))
    logits = network.logits(codes[:, None], codes[None])
    for i in range(4):
        for j in range(4):
            expected = network.head(torch.cat([codes[i], codes[j]]))
            torch.testing.assert_close(logits[i, j], expected)


def test_sorting_with_the_comparator_is_sorting_by_the_score():
    """In one order of a pair it is not antisymmetric; over both it is, and transitive."""
    network = make()
    codes = torch.rand(60, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        log_p = network.logits(codes[:, None], codes[None]).log_softmax(-1)
        scores = network.scores(codes).numpy()
    odds = (log_p[..., 0] - log_p[..., 1]).numpy()
    assert not np.allclose(odds, -odds.T)
    both = (odds - odds.T) / 2
    np.testing.assert_allclose(both, np.subtract.outer(scores, scores), atol=1e-5)
    compared = sorted(range(60), key=cmp_to_key(lambda a, b: both[a, b]))
    assert compared == np.argsort(scores).tolist()


def test_divergence_is_that_of_the_two_softmaxes():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(20, 2)), rng.normal(size=(20, 2))
    found = divergence(torch.tensor(logits), torch.tensor(targets[:, 0] - targets[:, 1]))
    expected = entropy(softmax(targets, axis=1), softmax(logits, axis=1), axis=1)
    np.testing.assert_allclose(found.numpy(), expected)


@pytest.mark.parametrize("n", [2, 3, 7])
def test_ordered_pairs(n):
    first, second = ordered_pairs(torch.arange(n * (n - 1)), n)
    found = list(zip(first.tolist(), second.tolist(), strict=True))
    assert found == list(permutations(range(n), 2))


def test_orders_a_space_by_few_of_its_scores(fitted, truth):
    model = fitted(BinaryRelation(hidden=32), 150)
    rows = model.space.population
    assert kendalltau(model.predict(rows), truth(rows))[0] > 0.8


def test_published_schedule_learns_all_pairs(fitted, truth):
    model = fitted(BinaryRelation(hidden=32, schedule="published"), 12)
    rows = np.random.default_rng(7).permutation(model.space.population)[:12]
    assert kendalltau(model.predict(rows), truth(rows))[0] > 0.8


@pytest.mark.parametrize("targets", ["ranks", "standardised"])
def test_unit_of_the_scores_does_not_matter(fitted, targets):
    plain = fitted(BinaryRelation(hidden=8, targets=targets))
    scaled = fitted(BinaryRelation(hidden=8, targets=targets), score=lambda x: 1024 * x)
    rows = plain.space.population
    assert np.array_equal(scaled.predict(rows), plain.predict(rows))


@pytest.mark.parametrize(
    ("n", "schedule"), [(1, "fast"), (2, "fast"), (17, "fast"), (1, "published"), (3, "published")]
)
def test_few_and_equal_scores(fitted, n, schedule):
    model = fitted(BinaryRelation(hidden=4, layers=2, schedule=schedule), n, score=np.ones_like)
    assert np.isfinite(model.predict(model.space.population)).all()


def test_same_seed_same_bits(fitted):
    before = torch.get_rng_state()
    make = lambda: BinaryRelation(hidden=8, schedule="published")  # noqa: E731
    first, again, other = (fitted(make(), 8, seed=seed) for seed in (1, 1, 2))
    rows = first.space.population
    assert np.array_equal(first.predict(rows), again.predict(rows))
    assert not np.array_equal(first.predict(rows), other.predict(rows))
    assert torch.equal(before, torch.get_rng_state())
