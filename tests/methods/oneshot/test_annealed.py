"""GDAS and SNAS."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from methods.oneshot.gdas import GDAS  # noqa: E402
from methods.oneshot.snas import SNAS  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402


@pytest.mark.parametrize(("method", "ends"), [(GDAS(), (10, 0.1)), (SNAS(), (1, 0.03))])
def test_temperature_falls_by_the_same_amount_each_epoch(method, ends):
    search = opened(method, "20epochs")
    step = (ends[1] - ends[0]) / (search.epochs - 1)
    for epoch in range(search.epochs):
        search.epoch = epoch
        assert method.temperature_now(search) == pytest.approx(ends[0] + epoch * step)
    assert method.temperature_now(search) == pytest.approx(ends[1])


def test_a_search_of_one_epoch_has_the_first_temperature():
    method = GDAS()
    assert method.temperature_now(opened(method, "2epochs")) == 10


def test_gdas_computes_one_choice_and_its_loss_is_that_of_the_path():
    method = GDAS(temperature=1.0)
    search = opened(method)
    search.valid = search.draw_valid(50)
    computed = []
    for name, layer in search.supernet.layers.items():
        layer.register_forward_hook(lambda *_, name=name: computed.append(name))
    for _ in range(10):
        plan = method.plan(search)
        computed.clear()
        loss = search.loss(plan, search.valid)
        chosen = [next(iter(choices)) for choices in plan]
        assert [len(choices) for choices in plan] == [1, 1, 1]
        assert computed == [f"{i} {k}" for i, k in enumerate(chosen) if k > 1]
        path = search.supernet.path(tuple(chosen))
        assert loss.item() == search.loss(path, search.valid).item()
        (gradient,) = torch.autograd.grad(loss, method.learned())
        for k, row in zip(chosen, gradient, strict=True):
            # A choice that is nothing has no slope.
            assert (row.abs().max() > 0) == (k > 0)


def test_gdas_draws_anew_for_the_logits():
    method = GDAS()
    search = opened(method)
    drawn = [[next(iter(choices)) for choices in method.paths(search)[0]] for _ in range(20)]
    assert len(set(map(tuple, drawn))) > 5


def test_snas_descends_the_training_loss_with_both():
    method = SNAS(architecture_learning_rate=0.1)
    search = opened(method)
    search.train = search.draw_train(50)
    state = search.generator.get_state()
    (plan,) = method.paths(search)
    loss = search.loss(plan, search.train)
    exact = torch.autograd.grad(loss, [*search.weights, method._alphas], allow_unused=True)
    before = method._alphas.detach().clone()

    search.generator.set_state(state)
    images = search.gradient_images
    method.clip = 1e9
    search.descend(method.paths(search), search.train)
    assert torch.equal(method._alphas.grad, exact[-1])
    for weight, gradient in zip(search.weights, exact, strict=False):
        torch.testing.assert_close(weight.grad, gradient)
    method.step_architecture(search)
    assert search.gradient_images - images == 50
    assert method._alphas.grad is None
    # The first step of Adam has the length of its rate, against the sign of the gradient.
    moved = (method._alphas.detach() - before)[exact[-1].abs() > 1e-4]
    torch.testing.assert_close(
        moved, -0.1 * exact[-1][exact[-1].abs() > 1e-4].sign(), atol=2e-3, rtol=0
    )
