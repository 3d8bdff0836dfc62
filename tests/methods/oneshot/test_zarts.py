"""Steps without gradients, and the trials that they are made of."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from methods.oneshot.trials import drifting_loss, trained_loss  # noqa: E402
from methods.oneshot.zarts import ZARTS  # noqa: E402
from methods.oneshot.zero_order import (  # noqa: E402
    Guidance,
    gradientless_step,
    guided_step,
    importance,
    random_search_gradient,
)
from tests.methods.oneshot.toy import opened  # noqa: E402

TARGET = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]], dtype=torch.float64)
START = torch.zeros(2, 3, dtype=torch.float64)


def quadratic(x):
    return float(((x - TARGET) ** 2).sum() / 2)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_weights_of_proposals_are_those_of_the_formula():
    guidance = Guidance(deviation=0.3, mixture=0.2, temperature=0.5)
    offsets, gradient = 0.3 * normal(5, 2, 3), 0.1 * normal(2, 3, seed=1)
    changes = torch.tensor([0.3, -0.2, 0.0, 0.1, -0.5], dtype=torch.float64)
    weights = []
    for change, offset in zip(changes.tolist(), offsets.numpy(), strict=True):
        near = np.exp(-((offset + gradient.numpy()) ** 2).sum() / (2 * 0.3**2))
        zero = np.exp(-(offset**2).sum() / (2 * 0.3**2))
        weights.append(np.exp(-change / 0.5) / (0.8 * near + 0.2 * zero + 1e-4))
    np.testing.assert_allclose(
        importance(changes, offsets, gradient, guidance), np.array(weights) / np.sum(weights)
    )


def test_losses_far_apart_do_not_overflow():
    guidance = Guidance(deviation=0.025, mixture=1e-3, temperature=0.01)
    changes = torch.tensor([-50.0, 50.0, 1e4], dtype=torch.float64)
    weights = importance(changes, normal(3, 2, 3), START, guidance)
    assert weights.tolist() == [1, 0, 0]


def test_guided_step_is_the_mean_of_its_proposals():
    guidance = Guidance(deviation=0.1, mixture=0.3, temperature=0.05)
    gradient, noise = START - TARGET, normal(4, 2, 3)
    uniform = torch.tensor([0.1, 0.9, 0.5, 0.29])  # The first and the last are around zero.
    tried = []

    def loss(x):
        tried.append(x)
        return quadratic(x)

    found = guided_step(loss, START, gradient, 123.0, noise, uniform, guidance)
    offsets = 0.1 * noise
    offsets[1:3] -= gradient
    torch.testing.assert_close(torch.stack(tried), START + offsets)
    losses = torch.tensor([quadratic(offset) for offset in offsets], dtype=torch.float64)
    weights = importance(losses, offsets, gradient, guidance)
    torch.testing.assert_close(found, (weights[:, None, None] * offsets).sum(0))


def test_guided_steps_descend():
    guidance, x = Guidance(deviation=0.1, mixture=1e-3, temperature=0.05), START
    for seed in range(30):
        gradient = 0.2 * (x - TARGET)
        noise, uniform = normal(4, 2, 3, seed=seed), torch.full((4,), 0.5)
        x = x + guided_step(quadratic, x, gradient, quadratic(x), noise, uniform, guidance)
    assert quadratic(x) < 0.02 * quadratic(START)


def test_random_search_estimates_the_gradient():
    # Of a quadratic function the mean over all directions is exact.
    found = random_search_gradient(quadratic, START, normal(20_000, 2, 3), radius=0.5)
    np.testing.assert_allclose(found, START - TARGET, atol=5 * 6 / 20_000**0.5)


def test_random_search_of_one_direction():
    noise = normal(1, 2, 3)
    slope = (quadratic(START + 0.5 * noise[0]) - quadratic(START)) / 0.5
    found = random_search_gradient(quadratic, START, noise, radius=0.5)
    torch.testing.assert_close(found, slope * noise[0])


def test_gradientless_descent_takes_the_best_of_shrinking_offsets():
    noise = normal(5, 2, 3)
    offsets = [2.0 / 2**k * noise[k] for k in range(5)]
    best = min([START, *offsets], key=quadratic)
    torch.testing.assert_close(gradientless_step(quadratic, START, noise, 2.0), best)


def test_gradientless_descent_never_climbs_and_arrives():
    x = START
    for seed in range(150):
        step = gradientless_step(quadratic, x, normal(4, 2, 3, seed=seed), 1.0)
        assert quadratic(x + step) <= quadratic(x)
        x = x + step
    assert quadratic(x) < 0.05 * quadratic(START)


def test_gradientless_descent_stays_where_nothing_is_better():
    step = gradientless_step(quadratic, TARGET, normal(4, 2, 3), 1.0)
    assert (step == 0).all()


@pytest.fixture
def search():
    method = ZARTS(every=3, weight_decay=0.01)
    search = opened(method, "50epochs")
    search.valid, search.train = search.draw_valid(60), search.draw_train(60)
    search.descend(method.paths(search), search.train)
    return search


def state(search):
    momenta = [search.optimizer.state[weight]["momentum_buffer"] for weight in search.weights]
    return [tensor.detach().clone() for tensor in (*search.weights, *momenta)]


def test_trials_train_copies(search):
    plan = search.supernet.path((3, 2, 1))
    batches = [search.draw_train(60) for _ in range(20)]
    before, images = state(search), search.gradient_images
    loss = trained_loss(search, plan, batches)
    for one, other in zip(before, state(search), strict=True):
        assert torch.equal(one, other)
    assert search.gradient_images - images == 20 * 60
    assert loss < trained_loss(search, plan, [])

    for batch in batches:  # The same on the weights themselves.
        search.descend([plan], batch)
    with torch.no_grad():
        assert search.loss(plan, search.valid).item() == loss


def test_released_trials_let_the_weights_drift(search):
    plan = search.supernet.path((3, 2, 1))
    with torch.no_grad():
        now = search.loss(plan, search.valid).item()
    count = len(search.weights)
    before = state(search)
    assert drifting_loss(search, plan, 2) == now
    rate = search.optimizer.param_groups[0]["lr"]
    for weight, velocity, found in zip(before[:count], before[count:], search.weights, strict=True):
        for _ in range(2):  # Nesterov momentum and decay; the gradient is zero.
            slope = 0.01 * weight
            velocity = 0.9 * velocity + slope
            weight = weight - rate * (slope + 0.9 * velocity)
        torch.testing.assert_close(found.detach(), weight)


@pytest.mark.parametrize("released", [False, True])
def test_released_is_what_moves_the_weights(released):
    method = ZARTS(every=3, released=released)
    search = opened(method, "50epochs")
    search.valid, search.train = search.draw_valid(60), search.draw_train(60)
    search.descend(method.paths(search), search.train)
    before = state(search)
    method.learn(search)
    same = [torch.equal(one, other) for one, other in zip(before, state(search), strict=True)]
    assert not any(same) if released else all(same)


def test_deviation_falls_by_a_cosine_after_the_warm_up():
    method = ZARTS(epochs=10)
    search = opened(method, "200epochs")
    found = []
    for epoch in range(2, 10):
        search.epoch = epoch
        found.append(method.deviation_now(search))
    exact = 0.025 * (1 + np.cos(np.pi * np.arange(8) / 8)) / 2
    np.testing.assert_allclose(found, exact)


def test_all_proposals_meet_the_same_images(monkeypatch):
    method = ZARTS(every=2)
    search = opened(method, "50epochs")
    search.valid, search.train = search.draw_valid(60), search.draw_train(60)
    seen = []
    monkeypatch.setattr(
        "methods.oneshot.trials.trained_loss",
        lambda search, plan, batches: seen.append([id(batch) for batch in batches]) or 0.0,
    )
    method.learn(search)
    assert len(seen) == 4
    assert all(ids == seen[0] for ids in seen)
    assert len(set(seen[0])) == 2
