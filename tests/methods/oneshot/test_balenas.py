"""The variational form of Adam."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from methods.oneshot.balenas import BaLeNAS  # noqa: E402
from methods.oneshot.variational import VariationalAdam  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402


def test_two_steps_by_hand():
    mean = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    learner = VariationalAdam([mean], lr=0.1, betas=(0.5, 0.9), weight_decay=0.01, images=100)
    torch.testing.assert_close(learner.deviations(mean), torch.ones_like(mean))  # 1 / (100 * 0.01)

    mean.grad = torch.tensor([2.0, 0.0], dtype=torch.float64)
    learner.step()
    # With their corrections, the first moments are the gradient with decay, and its square.
    first = [0.5 - 0.1 * 2.005 / (2 + 0.01), -1.0 - 0.1 * -0.01 / (0 + 0.01)]
    assert mean.tolist() == pytest.approx(first)
    assert learner.deviations(mean).tolist() == pytest.approx([(100 * 0.41) ** -0.5, 1.0])

    mean.grad = torch.tensor([-1.0, 3.0], dtype=torch.float64)
    learner.step()
    expected = []
    for now, one, two, decayed in zip(first, (2.0, 0.0), (-1.0, 3.0), (2.005, -0.01), strict=True):
        moment = (0.5 * 0.5 * decayed + 0.5 * (two + 0.01 * now)) / (1 - 0.5**2)
        square = (0.9 * 0.1 * one**2 + 0.1 * two**2) / (1 - 0.9**2)
        expected.append(now - 0.1 * moment / (square**0.5 + 0.01))
    assert mean.tolist() == pytest.approx(expected)


def test_variance_is_that_of_the_posterior_of_a_quadratic():
    # Gradients of +-1 have the second moment 1: the precision is images * (1 + decay).
    mean = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    learner = VariationalAdam([mean], lr=1e-3, betas=(0.5, 0.99), weight_decay=0.5, images=20)
    for step in range(2000):
        mean.grad = torch.tensor([(-1.0) ** step], dtype=torch.float64)
        learner.step()
    assert learner.deviations(mean).item() == pytest.approx((20 * 1.5) ** -0.5, rel=1e-6)


def test_weights_are_a_sample_around_the_means():
    method = BaLeNAS()
    search = opened(method)
    logs = torch.stack([method.weights(search).detach()[:2].log() for _ in range(3000)])
    spread = (logs[..., 0] - logs[..., 1]).std(0) / 2**0.5
    # 100 validation images, and a decay of 0.001.
    np.testing.assert_allclose(spread, (100 * 1e-3) ** -0.5, rtol=0.08)


def test_gradient_is_taken_at_the_sample():
    method = BaLeNAS()
    search = opened(method)
    search.valid = search.draw_valid(50)
    state = search.generator.get_state()
    deviations = method._posterior.deviations(method._alphas)
    noise = torch.randn(method._alphas.shape, generator=search.generator)
    sample = (method._alphas.detach() + deviations * noise).requires_grad_()
    plan = search.mixture(method.masked(sample).softmax(1))
    (exact,) = torch.autograd.grad(search.loss(plan, search.valid), sample)

    search.generator.set_state(state)
    given = []
    method.descend = given.extend
    method.learn(search)
    torch.testing.assert_close(given[0], exact)


def test_recommends_by_the_means():
    method = BaLeNAS()
    search = opened(method)
    with torch.no_grad():
        method._alphas.zero_()
        method._alphas[torch.arange(3), torch.tensor([2, 3, 1])] = 0.01
    assert method.derive(search) == (2, 3, 1)
