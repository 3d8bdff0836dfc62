"""The gradient of DARTS of second order."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.func import functional_call  # noqa: E402
from torch.nn import functional  # noqa: E402

from methods.oneshot.darts import DARTS  # noqa: E402
from methods.oneshot.unrolled import unrolled_gradient  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402

# A large rate, so that the indirect part is not lost in the direct one.
RATE, DECAY = 0.5, 0.01


@pytest.fixture
def toy():
    """A search in doubles after two steps of the weights."""
    method = DARTS(order=2, learning_rate=RATE, weight_decay=DECAY)
    search = opened(method, "20epochs")
    search.supernet.double()
    search.train, search.valid = (
        (images.double(), labels)
        for images, labels in (search.draw_train(60), search.draw_valid(60))
    )
    drawn = torch.randn(3, 4, generator=search.generator, dtype=torch.float64)
    method._alphas = drawn.requires_grad_()
    for _ in range(2):
        search.descend(method.paths(search), search.train)
    return method, search


def losses(method, search):
    """The validation loss after one step of training, by logits; and its direct gradient."""
    names = [name for name, _ in search.supernet.named_parameters()]
    weights = [weight.detach() for weight in search.weights]
    momenta = [search.optimizer.state[weight]["momentum_buffer"] for weight in search.weights]

    def loss(values, alphas, batch):
        plan = search.mixture(method.masked(alphas).softmax(1))
        logits = functional_call(
            search.supernet, dict(zip(names, values, strict=True)), (batch[0], plan)
        )
        return functional.cross_entropy(logits, batch[1])

    def unrolled(alphas):
        values = [weight.clone().requires_grad_() for weight in weights]
        gradients = torch.autograd.grad(
            loss(values, alphas, search.train), values, create_graph=True
        )
        after = [
            weight - RATE * (0.9 * momentum + gradient + DECAY * weight)
            for weight, momentum, gradient in zip(values, momenta, gradients, strict=True)
        ]
        return loss(after, alphas, search.valid), after

    def direct(alphas):
        _, after = unrolled(alphas)
        after = [weight.detach() for weight in after]
        return torch.autograd.grad(loss(after, alphas, search.valid), alphas)[0]

    return unrolled, direct


def test_second_order_is_the_derivative_of_the_unrolled_loss(toy):
    method, search = toy
    unrolled, direct = losses(method, search)
    found = unrolled_gradient(search, method._alphas, lambda: method.plan(search))
    (exact,) = torch.autograd.grad(unrolled(method._alphas)[0], method._alphas)
    indirect = exact - direct(method._alphas)
    assert indirect.norm() > 0.1 * exact.norm()
    assert (found - exact).norm() < 1e-2 * indirect.norm()


def test_exact_derivative_is_that_of_finite_differences(toy):
    # What the test above compares with, seen another way.
    method, search = toy
    unrolled, _ = losses(method, search)
    (exact,) = torch.autograd.grad(unrolled(method._alphas)[0], method._alphas)
    for i, k in [(0, 0), (1, 2), (2, 1)]:
        step = torch.zeros(3, 4, dtype=torch.float64)
        step[i, k] = 1e-5
        ends = [unrolled((method._alphas + s * step).detach())[0].item() for s in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(exact[i, k].item(), rel=1e-3, abs=1e-7)


def test_first_order_is_the_direct_part_only(toy):
    method, search = toy
    method.order, given = 1, []
    method.descend = given.extend
    method.learn(search)
    plan = method.plan(search)
    (exact,) = torch.autograd.grad(search.loss(plan, search.valid), method._alphas)
    assert torch.equal(given[0], exact)


def test_unrolling_leaves_no_trace(toy):
    method, search = toy
    momenta = [
        search.optimizer.state[weight]["momentum_buffer"].clone() for weight in search.weights
    ]
    before = [weight.detach().clone() for weight in search.weights]
    images = search.gradient_images
    unrolled_gradient(search, method._alphas, lambda: method.plan(search))
    assert search.gradient_images - images == 4 * 60
    assert method._alphas.grad is None
    for weight, value, momentum in zip(search.weights, before, momenta, strict=True):
        assert torch.equal(weight, value)
        assert torch.equal(search.optimizer.state[weight]["momentum_buffer"], momentum)


def test_unrolling_before_the_first_step_has_no_momentum():
    method = DARTS(order=2, learning_rate=RATE)
    search = opened(method, "20epochs")
    search.train, search.valid = search.draw_train(60), search.draw_valid(60)
    gradient = unrolled_gradient(search, method._alphas, lambda: method.plan(search))
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
    assert not any(search.optimizer.state.get(weight) for weight in search.weights)
