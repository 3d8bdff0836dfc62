"""ENAS: the controller and what it learns from."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from harness import HarnessError
from tests.methods.oneshot.toy import WORTH, ToySpace, opened, run

torch = pytest.importorskip("torch")
controller = pytest.importorskip("methods.oneshot.controller")
ENAS = pytest.importorskip("methods.oneshot.enas").ENAS


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def sharp(sizes, generator):
    """A controller whose choices are far from uniform and depend on each other."""
    made = controller.Controller(sizes, 0.2, 2.5, generator)
    with torch.no_grad():
        made.embedding.weight.mul_(30)
        made.head.weight.mul_(20)
    return made


def probabilities(made, sizes):
    """Of every architecture, by teacher forcing: an independent pass along its choices."""
    found = {}
    for arch in product(*map(range, sizes)):
        inputs, state, total = made.first, None, 0.0
        for size, choice in zip(sizes, arch, strict=True):
            outputs, state = made.lstm(inputs[None], state)
            logits = made._bound * torch.tanh(made.head(outputs[0]) / made._temperature)
            total += logits[0, :size].log_softmax(0)[choice].item()
            inputs = made.embedding.weight[choice][None]
        found[arch] = total
    return found


def test_draws_what_it_says(generator):
    sizes = (3, 2, 3)
    made = sharp(sizes, generator)
    logs = probabilities(made, sizes)
    assert sum(map(math.exp, logs.values())) == pytest.approx(1)
    drawn = made.draw(ToySpace(sizes), 20_000, generator)
    for arch, told in zip(drawn.archs[:50], drawn.log_probabilities[:50].tolist(), strict=True):
        assert told == pytest.approx(logs[arch], abs=1e-5)
    shares = {arch: drawn.archs.count(arch) / 20_000 for arch in logs}
    assert max(abs(shares[arch] - math.exp(logs[arch])) for arch in logs) < 0.015
    assert max(shares.values()) > 2 / 18
    # The mean entropy of the conditionals is the entropy of the whole.
    entropy = -sum(math.exp(p) * p for p in logs.values())
    assert drawn.entropies.mean().item() == pytest.approx(entropy, abs=0.02)


def test_logits_are_bounded(generator):
    made = controller.Controller((4,), 5.0, 2.5, generator)
    with torch.no_grad():
        made.head.bias[:] = torch.tensor([1e6, -1e6, -1e6, -1e6])
    drawn = made.draw(ToySpace((4,)), 20_000, generator)
    share = math.exp(2.5) / (math.exp(2.5) + 3 * math.exp(-2.5))
    assert np.mean([arch == (0,) for arch in drawn.archs]) == pytest.approx(share, abs=0.005)


def test_starts_almost_uniform_and_draws_from_its_generator_alone(generator):
    state = torch.get_rng_state()
    made = controller.Controller((4, 3), 5.0, 2.5, generator)
    assert all(weight.abs().max() <= 0.1 for weight in made.parameters())
    logs = probabilities(made, (4, 3))
    assert all(abs(p + math.log(12)) < 0.1 for p in logs.values())
    assert torch.equal(state, torch.get_rng_state())


def test_invalid_draws_are_repeated(generator):
    space = ToySpace((4, 4, 3), valid=lambda arch: sum(arch) == 4)
    made = controller.Controller(space.sizes, 5.0, 2.5, generator)
    drawn = made.draw(space, 300, generator)
    assert {sum(arch) for arch in drawn.archs} == {4}
    assert drawn.log_probabilities.shape == drawn.entropies.shape == (300,)
    logs = probabilities(made, space.sizes)
    assert drawn.log_probabilities.tolist() == pytest.approx(
        [logs[a] for a in drawn.archs], abs=1e-5
    )
    nothing = ToySpace((4, 4, 3), valid=lambda arch: False)
    with pytest.raises(HarnessError, match="valid architectures of toy"):
        made.draw(nothing, 2, generator)


def test_follows_the_policy_gradient(generator):
    """The expected update is the gradient of the expected reward, which can be summed up."""
    sizes = (2, 2)
    made = sharp(sizes, generator)
    archs = list(product(range(2), range(2)))
    reward = {arch: float(i) for i, arch in enumerate(archs)}
    named = dict(made.named_parameters())

    def expected_reward():
        total = torch.zeros(())
        for arch in archs:
            inputs, state, log = made.first, None, torch.zeros(())
            for choice in arch:
                outputs, state = made.lstm(inputs[None], state)
                logits = made._bound * torch.tanh(made.head(outputs[0]) / made._temperature)
                log = log + logits[0].log_softmax(0)[choice]
                inputs = made.embedding(torch.tensor([choice]))
            total = total + log.exp() * reward[arch]
        return total

    exact = torch.autograd.grad(expected_reward(), named["head.weight"])[0]
    drawn = made.draw(ToySpace(sizes), 40_000, generator)
    advantages = np.array([reward[a] for a in drawn.archs]) - 1.5
    before = named["head.weight"].detach().clone()
    made.follow(torch.optim.SGD(made.parameters(), lr=1.0), drawn, advantages, 1e9)
    estimate = named["head.weight"].detach() - before
    assert (estimate - exact).abs().max() < 0.05 * exact.abs().max()


def test_the_baseline_follows_rewards_and_restarts_from_its_mean():
    search = opened(ENAS(updates=2, samples=2, baseline_decay=0.5, entropy_weight=0.0), "500epochs")
    given = iter([[0.4, 0.8], [0.0, 1.0], [0.2, 0.2], [0.2, 0.2]])
    search.accuracies = lambda archs, batch: np.array(next(given))
    followed = []
    method = search._method
    method._controller.follow = lambda adam, drawn, advantages, clip: followed.append(advantages)
    method.end_epoch(search)
    # The first reward is its own baseline; then 0.6, 0.3, 0.65.
    np.testing.assert_allclose(followed, [[0.0, 0.2], [-0.3, 0.35]])
    mean = (0.4 + 0.6 + 0.3 + 0.65) / 4
    assert method._baseline == pytest.approx(mean)
    method.end_epoch(search)
    assert followed[2][0] == pytest.approx(0.2 - (mean + 0.2) / 2)


def test_entropy_is_rewarded():
    search = opened(ENAS(updates=1, samples=3, entropy_weight=0.1, baseline_decay=1.0), "500epochs")
    method, seen = search._method, []
    search.accuracies = lambda archs, batch: np.full(3, 0.5)
    method._controller.follow = lambda adam, drawn, advantages, clip: seen.append(
        (drawn.entropies.detach().numpy(), advantages)
    )
    method.end_epoch(search)
    ((entropies, advantages),) = seen
    np.testing.assert_allclose(advantages, 0.1 * entropies, rtol=1e-6)
    assert entropies[0] == pytest.approx(math.log(4 * 4 * 3), abs=0.05)


def test_learns_what_is_rewarded():
    search = opened(ENAS(controller_learning_rate=0.02), "900epochs")
    search.accuracies = lambda archs, batch: np.array(
        [np.mean([WORTH[c] for c in arch]) for arch in archs]
    )
    for _ in range(4):
        search._method.end_epoch(search)
    rows = search._method.distribution(search)
    assert [int(np.argmax(row)) for row in rows] == [3, 3, 2]
    assert min(max(row) for row in rows) > 0.6


def test_costs():
    method = ENAS(updates=3, samples=4, candidates=6, epochs=2)
    record = run(method, "100epochs")
    assert record.counts["images without gradient"] == 2 * 12 * 64 + 6 * 100
    assert record.counts["images with gradient"] == 400
