from __future__ import annotations

from itertools import pairwise

import pytest

torch = pytest.importorskip("torch")

from methods.predictor.models.stacked import (  # noqa: E402
    StackedMLP,
    member_batches,
    train_stacked,
)

SIZES = (7, 6, 5, 1)


@pytest.fixture
def stacked():
    network = StackedMLP(3, SIZES, torch.Generator().manual_seed(0))
    for bias in network.biases:
        bias.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(1))
    return network


@pytest.fixture
def examples():
    generator = torch.Generator().manual_seed(2)
    return torch.rand(3, 11, 7, generator=generator), torch.rand(3, 11, generator=generator)


def modules(network):
    """Each member as a network of torch's own modules."""
    made = []
    for member in range(network.members):
        layers = []
        for i, (inputs, outputs) in enumerate(pairwise(SIZES)):
            layer = torch.nn.Linear(inputs, outputs)
            layer.weight.data = network.weights[i][member].T.clone()
            layer.bias.data = network.biases[i][member, 0].clone()
            layers += [layer, torch.nn.ReLU()]
        made.append(torch.nn.Sequential(*layers[:-1]))
    return made


def test_outputs_are_those_of_separate_modules(stacked, examples):
    inputs = examples[0][0]
    expected = torch.stack([module(inputs)[:, 0] for module in modules(stacked)])
    torch.testing.assert_close(stacked(inputs), expected)


@pytest.mark.parametrize(("loss", "kind"), [("mae", torch.nn.L1Loss), ("mse", torch.nn.MSELoss)])
def test_a_step_of_adam_is_that_of_separate_modules(stacked, examples, loss, kind):
    inputs, targets = examples
    others = modules(stacked)
    optimiser = torch.optim.Adam([stacked.parameters], lr=0.01, betas=(0.9, 0.99), fused=True)
    for _ in range(3):
        stacked.differentiate(inputs, targets, loss)
        optimiser.step()
    for member, module in enumerate(others):
        single = torch.optim.Adam(module.parameters(), lr=0.01, betas=(0.9, 0.99), fused=False)
        for _ in range(3):
            single.zero_grad()
            kind()(module(inputs[member])[:, 0], targets[member]).backward()
            single.step()
        for i, layer in enumerate(module[::2]):
            torch.testing.assert_close(stacked.weights[i][member], layer.weight.T)
            torch.testing.assert_close(stacked.biases[i][member, 0], layer.bias)


@pytest.mark.parametrize("loss", ["mae", "mse"])
def test_gradient_is_that_of_automatic_differentiation(stacked, examples, loss):
    inputs, targets = examples
    stacked.differentiate(inputs, targets, loss)
    others = modules(stacked)
    for member, module in enumerate(others):
        error = module(inputs[member])[:, 0] - targets[member]
        (error.abs() if loss == "mae" else error.square()).mean().backward()
    views = torch.split(
        stacked.parameters.grad,
        [3 * k for a, b in pairwise(SIZES) for k in (a * b, b)],
    )
    for i, (inputs_, outputs) in enumerate(pairwise(SIZES)):
        for member, module in enumerate(others):
            layer = module[2 * i]
            weight = views[2 * i].view(3, inputs_, outputs)[member]
            torch.testing.assert_close(weight, layer.weight.grad.T)
            bias = views[2 * i + 1].view(3, outputs)[member]
            torch.testing.assert_close(bias, layer.bias.grad)


def test_each_member_sees_all_examples_once_in_an_order_of_its_own():
    parts = list(member_batches(4, 23, 10, torch.Generator().manual_seed(0)))
    assert [part.shape for part in parts] == [(4, 10), (4, 10), (4, 3)]
    orders = torch.cat(parts, dim=1)
    assert (orders.sort(dim=1).values == torch.arange(23)).all()
    assert len({tuple(order.tolist()) for order in orders}) == 4


def test_training_meets_what_can_be_met():
    generator = torch.Generator().manual_seed(0)
    network = StackedMLP(3, (2, 16, 1), generator)
    inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    targets = torch.tensor([0.0, 1.0, 1.0, 0.0])
    train_stacked(
        network, inputs, targets, generator, epochs=400, batch=4, rate=0.02, beta2=0.999, loss="mse"
    )
    torch.testing.assert_close(network(inputs), targets.expand(3, 4), atol=0.05, rtol=0)
