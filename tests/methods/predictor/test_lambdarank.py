from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import ndcg_score

from harness import HarnessError
from harness.testing.synthetic import SyntheticSpace
from methods.predictor.models.lambdarank import LambdaRank

torch = pytest.importorskip("torch")

from methods.predictor.models import lambda_gradients, pretrained_networks  # noqa: E402
from methods.predictor.models.lambda_gradients import (  # noqa: E402
    lambdas,
    relevance,
    swap_effects,
)

SPACE = SyntheticSpace((3, 3, 3, 3, 3))


def lists(n=9, seed=0, ties=True):
    rng = np.random.default_rng(seed)
    relevant = rng.integers(0, 5, n) if ties else rng.permutation(n)
    return torch.from_numpy(rng.normal(size=n)), torch.from_numpy(relevant.astype(np.float64))


def ideal(relevant):
    return sum(
        2**r / math.log2(2 + k) for k, r in enumerate(sorted(relevant.tolist(), reverse=True))
    )


@pytest.mark.parametrize("discount", ["standard", "released"])
def test_gradient_is_the_double_loop(discount):
    predicted, relevant = lists()
    s, r = predicted.tolist(), relevant.tolist()
    if discount == "standard":
        order = sorted(range(9), key=lambda i: -s[i])
    else:
        order = sorted(range(9), key=lambda i: r[i])  # The worst has the first place.
    place = {i: k for k, i in enumerate(order, start=1)}
    expected = []
    for i in range(9):
        total = 0.0
        for j in range(9):
            gain = abs(2 ** r[i] - 2 ** r[j])
            moved = abs(1 / math.log2(1 + place[i]) - 1 / math.log2(1 + place[j]))
            better = (r[i] > r[j]) - (r[i] < r[j])
            pull = 0.5 * (1 - better) - 1 / (1 + math.exp(s[i] - s[j]))
            total += pull * gain * moved / ideal(relevant)
        expected.append(total)
    assert lambdas(predicted, relevant, discount).tolist() == pytest.approx(expected)


def test_the_two_discounts_differ():
    predicted, relevant = lists()
    standard = lambdas(predicted, relevant, "standard")
    assert not torch.allclose(standard, lambdas(predicted, relevant, "released"))


def test_gradient_is_that_of_the_pairwise_loss(monkeypatch):
    # With all changes of NDCG alike, LambdaRank is RankNet, which has a cost function.
    monkeypatch.setattr(
        lambda_gradients, "swap_effects", lambda s, r, discount: torch.full((9, 9), 0.3).double()
    )
    predicted, relevant = lists(ties=True)
    predicted.requires_grad_()
    differences = predicted[:, None] - predicted
    better = torch.sign(relevant[:, None] - relevant)
    cost = 0.5 * (1 - better) * differences + torch.nn.functional.softplus(-differences)
    # Each pair stands in the matrix twice.
    (0.5 * 0.3 * cost.sum()).backward()
    found = lambdas(predicted.detach(), relevant, "standard")
    assert found.tolist() == pytest.approx(predicted.grad.tolist())


def test_swap_effect_is_the_change_of_ndcg():
    predicted, relevant = lists(ties=False)
    found = swap_effects(predicted, relevant, "standard")
    gains = (2 ** relevant.numpy())[None]
    scores = predicted.numpy()
    before = ndcg_score(gains, scores[None])
    for i in range(9):
        for j in range(9):
            swapped = scores.copy()
            swapped[[i, j]] = scores[[j, i]]
            change = abs(ndcg_score(gains, swapped[None]) - before)
            assert float(found[i, j]) == pytest.approx(change, abs=1e-12)


def test_relevance_lies_above_a_low_quantile():
    scores = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert relevance(scores).tolist() == [0, 0, 5, 10, 15, 20]
    assert relevance(10 * scores - 99) == pytest.approx(relevance(scores))
    assert relevance(np.array([0.1, *[0.9] * 9])).tolist() == [0, *[20] * 9]
    assert relevance(np.full(4, 0.3)).tolist() == [20] * 4


def fitted(scores, archs, seed=0, properties=lambda arch: {}, **settings):
    predictor = LambdaRank(**settings)
    predictor.attach(SPACE, np.random.default_rng(seed), properties)
    predictor.fit(archs, scores)
    return predictor


def draw(n, seed=1):
    return SPACE.population[np.random.default_rng(seed).choice(243, n, replace=False)]


def ones(arch):
    # How often a choice occurs is a count of the graph.
    return float(arch.count(1))


def test_few_labels_are_enough_for_what_pretraining_knows():
    archs = draw(12)
    scores = [ones(tuple(arch)) for arch in archs.tolist()]
    truth = [ones(arch) for arch in SPACE.enumerate()]
    taus = {
        pretrain: np.mean(
            [
                kendalltau(
                    fitted(scores, archs, seed, pretrain=pretrain).predict(SPACE.population), truth
                )[0]
                for seed in range(3)
            ]
        )
        for pretrain in (True, False)
    }
    assert taus[True] > taus[False] + 0.05


def test_properties_are_weak_labels():
    predictor = fitted([0.1, 0.2], draw(2), properties=lambda arch: {"a": 1.0 + arch[0]})
    labels = predictor.weak_labels(SPACE.population)
    assert labels[:, -1] == pytest.approx(np.log(1.0 + SPACE.population[:, 0]))
    assert labels.shape[1] == 1 + (2 + 5)  # Edges, depth and five kinds of nodes.


def test_encoder_is_pretrained_once_after_attaching(monkeypatch):
    starts, learned = [], []
    tune, learn_weak = LambdaRank.tune, LambdaRank.learn_weak

    def spy_tune(self, network, inputs, scores, pretrained, generator):
        starts.append({k: v.clone() for k, v in network.encoder.state_dict().items()})
        tune(self, network, inputs, scores, pretrained, generator)

    def spy_learn(self, network, inputs, labels, generator):
        before = {k: v.clone() for k, v in network.encoder.state_dict().items()}
        learn_weak(self, network, inputs, labels, generator)
        learned.append((before, network.encoder.state_dict(), len(labels)))

    monkeypatch.setattr(LambdaRank, "tune", spy_tune)
    monkeypatch.setattr(LambdaRank, "learn_weak", spy_learn)
    archs, scores = draw(8), np.arange(8.0)
    predictor = fitted(scores, archs)
    predictor.fit(archs[:4], scores[:4])
    ((before, after, seen),) = learned
    assert seen == 243
    for name, weights in after.items():
        assert not torch.equal(weights, before[name])
        # Tuning changes a copy: the second fit starts where the first one did.
        assert torch.equal(starts[0][name], weights)
        assert torch.equal(starts[1][name], weights)
    predictor.attach(SPACE, np.random.default_rng(5))
    predictor.fit(archs, scores)
    assert len(learned) == 2


@pytest.mark.parametrize("settings", [{}, {"pretrain": False}, {"discount": "released"}])
def test_same_seed_gives_the_same_bits(settings):
    archs, scores = draw(20), np.random.default_rng(0).random(20)
    state = torch.random.get_rng_state()
    first = fitted(scores, archs, 3, **settings).predict(SPACE.population)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (fitted(scores, archs, 3, **settings).predict(SPACE.population) == first).all()
    assert (fitted(scores, archs, 4, **settings).predict(SPACE.population) != first).any()


@pytest.mark.parametrize("scores", [[0.5], [0.5] * 6, [-3.0, -3.0, -1.0]])
def test_odd_labels(scores):
    guessed = fitted(scores, draw(len(scores)), unlabelled=50).predict(SPACE.population)
    assert guessed.shape == (243,)
    assert np.isfinite(guessed).all()
    assert fitted(scores, draw(len(scores)), unlabelled=50).predict([]).shape == (0,)


def test_padding_does_not_change_a_code():
    generator = torch.Generator().manual_seed(0)
    encoder = pretrained_networks.GraphEncoder(5, 8, 4, 6, generator)
    graphs = SPACE.graphs(draw(4))
    nodes, adjacency = encoder.inputs(graphs)
    padded = type(graphs)(
        np.pad(graphs.operations, ((0, 0), (0, 2), (0, 0))),
        np.pad(graphs.adjacency, ((0, 0), (0, 2), (0, 2))),
    )
    with torch.no_grad():
        assert torch.allclose(encoder(*encoder.inputs(padded)), encoder(nodes, adjacency))


def test_adjacency_is_that_of_kipf_and_welling():
    graphs = SPACE.graphs(draw(1))
    _, adjacency = pretrained_networks.GraphEncoder.inputs(graphs)
    loops = graphs.adjacency[0] + graphs.adjacency[0].T + np.eye(7)
    root = np.diag(loops.sum(0) ** -0.5)
    assert adjacency[0].numpy() == pytest.approx(root @ loops @ root)


def test_published_schedule(monkeypatch):
    seen = []
    from methods.predictor.models import training

    def spy(network, loss_of, n, schedule, generator):
        seen.append(schedule)

    monkeypatch.setattr(training, "train", spy)
    monkeypatch.setattr(pretrained_networks, "train", spy)
    fitted([0.1, 0.2], draw(2), schedule="published")
    weak, scores = seen
    assert (weak.epochs, weak.batch, weak.rate, weak.weight_decay) == (300, 20, 1e-3, 0)
    assert (scores.epochs, scores.batch, scores.rate) == (300, 20, 5e-3)
    assert (scores.weight_decay, scores.decoupled) == (5e-4, False)


def test_needs_graphs(toy_space):
    with pytest.raises(HarnessError, match="needs the encoding graph"):
        LambdaRank().attach(toy_space((2, 2)), np.random.default_rng(0))
