from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.core.registry import load_benchmark
from methods.predictor.models.pretrained_mlp import PretrainedMLP

torch = pytest.importorskip("torch")

SIZES = (4,) * 7


@pytest.fixture
def space(toy_space):
    return toy_space(SIZES)


def size(arch):
    return float(sum((i + 1) * choice for i, choice in enumerate(arch)))


def properties(arch):
    return {"params": 10.0 + size(arch)}


def nothing(arch):
    return {}


def attached(space, seed=0, known=properties, **settings):
    predictor = PretrainedMLP(**settings)
    predictor.attach(space, np.random.default_rng(seed), known)
    return predictor


def draw(space, n, seed=1):
    rng = np.random.default_rng(seed)
    return space.integers([space.sample(rng) for _ in range(n)])


def test_few_labels_order_a_space_by_a_property(space):
    archs, others = draw(space, 64), draw(space, 1000, 2)
    scores = [size(tuple(arch)) for arch in archs.tolist()]
    truth = [size(tuple(arch)) for arch in others.tolist()]
    taus = {}
    for pretrain in (True, False):
        predictor = attached(space, pretrain=pretrain)
        predictor.fit(archs, scores)
        taus[pretrain] = kendalltau(predictor.predict(others), truth)[0]
    assert taus[True] > 0.95
    assert taus[False] < 0.9


def test_without_properties_it_is_the_network_without_pretraining(space):
    archs, scores = draw(space, 30), np.random.default_rng(0).random(30)
    guessed = []
    for pretrain in (True, False):
        predictor = attached(space, known=nothing, pretrain=pretrain)
        predictor.fit(archs, scores)
        predictor.fit(archs, scores)
        guessed.append(predictor.predict(archs))
    assert (guessed[0] == guessed[1]).all()


def test_pretrains_once_and_keeps_what_it_learned(space, monkeypatch):
    learned, frozen = [], []
    learn_weak, tune = PretrainedMLP.learn_weak, PretrainedMLP.tune

    def spy_learn(self, network, inputs, labels, generator):
        before = network.encoder.layers[0].weight.detach().clone()
        learn_weak(self, network, inputs, labels, generator)
        learned.append((before, network.encoder.layers[0].weight.detach(), labels.shape))

    def spy_tune(self, network, inputs, scores, pretrained, generator):
        start = network.encoder.layers[0].weight.detach().clone()
        tune(self, network, inputs, scores, pretrained, generator)
        frozen.append((start, network.encoder.layers[0].weight.detach().clone()))

    monkeypatch.setattr(PretrainedMLP, "learn_weak", spy_learn)
    monkeypatch.setattr(PretrainedMLP, "tune", spy_tune)
    asked = []
    predictor = attached(
        space, known=lambda arch: asked.append(arch) or properties(arch), unlabelled=300
    )
    archs, scores = draw(space, 20), np.random.default_rng(0).random(20)
    predictor.fit(archs, scores)
    predictor.fit(archs[:5], scores[:5])
    ((before, after, shape),) = learned
    assert 200 < shape[0] <= 300
    assert shape[1] == 1
    assert len(asked) == shape[0] + 1  # One more to see whether there is any.
    assert not torch.equal(before, after)
    for start, end in frozen:
        assert torch.equal(start, after)
        assert not torch.equal(start, end)


def test_encoder_is_frozen_first(space, monkeypatch):
    from methods.predictor.models import training

    train, trained = training.train, []

    def spy(network, loss_of, n, schedule, generator):
        trained.append((len(list(network.parameters())), schedule.epochs))
        train(network, loss_of, n, schedule, generator)

    monkeypatch.setattr(training, "train", spy)
    archs, scores = draw(space, 20), np.random.default_rng(0).random(20)
    attached(space, depth=2, epochs=9).fit(archs, scores)
    attached(space, depth=2, epochs=9, pretrain=False).fit(archs, scores)
    # Weight and bias of the head; those of two more layers; and all epochs of those.
    assert trained == [(2, 5), (6, 4), (6, 9)]


@pytest.mark.parametrize("pretrain", [True, False])
def test_same_seed_gives_the_same_bits(space, pretrain):
    archs, scores = draw(space, 20), np.random.default_rng(0).random(20)
    guessed = []
    state = torch.random.get_rng_state()
    for seed in (3, 3, 4):
        predictor = attached(space, seed, pretrain=pretrain)
        predictor.fit(archs, scores)
        guessed.append(predictor.predict(archs))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert (guessed[0] == guessed[1]).all()
    assert (guessed[0] != guessed[2]).any()


@pytest.mark.parametrize("scores", [[0.5], [0.5] * 6, [-3.0, -3.0, -1.0]])
def test_odd_labels(space, scores):
    predictor = attached(space, unlabelled=50)
    predictor.fit(draw(space, len(scores)), scores)
    assert np.isfinite(predictor.predict(draw(space, 100, 2))).all()
    assert predictor.predict([]).shape == (0,)


def test_scale_of_features_and_scores_does_not_matter(space, monkeypatch):
    archs, scores = draw(space, 20), np.random.default_rng(0).random(20)
    plain = attached(space)
    plain.fit(archs, scores)
    expected = plain.predict(archs)
    features = space.features
    # Powers of two, with which float32 computes as without them.
    monkeypatch.setattr(space, "features", lambda rows: 2.0**20 * features(rows))
    scaled = attached(space)
    scaled.fit(archs, 100 * scores - 7)
    assert (scaled.predict(archs) == expected).all()


@pytest.mark.parametrize(
    "settings", [{"width": 0}, {"depth": 0}, {"dropout": 1.0}, {"epochs": 1}, {"unlabelled": 0}]
)
def test_settings_out_of_range(settings):
    with pytest.raises(ValueError, match="outside"):
        PretrainedMLP(**settings)


def test_pretraining_helps_on_real_networks(harness_data):
    benchmark = load_benchmark("nasbench201/cifar10")
    space, rng = benchmark.space, np.random.default_rng(0)
    others = space.population[rng.choice(len(space.population), 1000, replace=False)]
    full = benchmark.fidelities[-1]
    gains = []
    for seed in range(3):
        oracle = benchmark.oracle(seed)
        truth = [oracle.measure(arch, full)[0] for arch in space.tuples(others)]
        archs = draw(space, 25, seed)
        scores = [oracle.measure(arch, full)[0] for arch in space.tuples(archs)]
        taus = []
        for pretrain in (True, False):
            predictor = attached(space, seed, oracle.properties, pretrain=pretrain)
            predictor.fit(archs, scores)
            taus.append(kendalltau(predictor.predict(others), truth)[0])
        gains.append(taus[0] - taus[1])
    assert np.mean(gains) > 0.05
