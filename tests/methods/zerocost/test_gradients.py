"""Scores of gradients, against closed forms and explicit derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from methods.zerocost.fisher import Fisher
from methods.zerocost.grad_norm import GradNorm
from methods.zerocost.grasp import GraSP
from methods.zerocost.jacov import Jacov
from methods.zerocost.snip import SNIP

torch = pytest.importorskip("torch")

nn, functional = torch.nn, torch.nn.functional

WEIGHT = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
BIAS = np.array([0.3, -0.2, 0.1], np.float32)


def linear(arch=None, generator=None, factor=1.0):
    """Softmax regression on four pixels."""
    layer = nn.Linear(4, 3)
    layer.weight.data = factor * torch.from_numpy(WEIGHT)
    layer.bias.data = factor * torch.from_numpy(BIAS)
    return nn.Sequential(nn.Flatten(), layer)


@pytest.fixture
def regression(batch, softmax):
    """Logits, and the loss's derivatives by logits and by weights."""
    images, labels = batch
    pixels = images.reshape(8, 4).astype(float)
    logits = pixels @ WEIGHT.T + BIAS
    errors = (softmax(logits) - np.eye(3)[labels]) / 8
    return logits, errors, errors.T @ pixels


def test_snip_of_a_linear_network(score, batch, regression):
    _, _, slopes = regression
    assert score(SNIP(), linear, *batch) == pytest.approx(np.abs(WEIGHT * slopes).sum(), rel=1e-5)


def test_grad_norm_of_a_linear_network(score, batch, regression):
    _, _, slopes = regression
    assert score(GradNorm(), linear, *batch) == pytest.approx(np.linalg.norm(slopes), rel=1e-5)


def test_fisher_of_a_linear_network(score, batch, regression):
    logits, errors, _ = regression
    expected = ((logits * errors) ** 2).mean(0).sum() / 2
    assert score(Fisher(), linear, *batch) == pytest.approx(expected, rel=1e-5)


class Conv(nn.Module):
    """A 1x1 convolution and the mean over its positions; a layer without a gradient besides."""

    def __init__(self):
        super().__init__()
        self.conv, self.dead = nn.Conv2d(2, 3, 1, bias=False), nn.Conv2d(2, 3, 1)
        self.conv.weight.data = torch.from_numpy(WEIGHT[:, :2].reshape(3, 2, 1, 1).copy())

    def forward(self, images):
        return self.conv(images).mean((2, 3))


def test_fisher_sums_over_positions(score, batch, softmax):
    images, labels = batch
    logits = images.mean((2, 3)) @ WEIGHT[:, :2].T
    errors = (softmax(logits) - np.eye(3)[labels]) / 8
    expected = ((logits * errors) ** 2).mean(0).sum() / 2
    assert score(Fisher(), lambda a, g: Conv(), *batch) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("proxy", [SNIP(), GradNorm(), GraSP(), Fisher()], ids=str)
def test_dead_layers_count_nothing(proxy, score, batch):
    whole, lean = (Conv() for _ in range(2))
    del lean.dead
    found = score(proxy, lambda arch, generator: (whole, lean)[arch[0]], *batch, count=2)
    assert found[0] == found[1] != 0


def deep(factors):
    """Two layers and a tanh, with biases."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 3))
    with torch.no_grad():
        for i, parameter in enumerate(network.parameters()):
            parameter.copy_(torch.linspace(-0.8, 1.1, parameter.numel()).reshape(parameter.shape))
            parameter.mul_(factors[i // 2])
    return network.double().float()


def loss_of_weights(batch):
    """The loss as a function of the weights of `deep`, in float64."""
    images, labels = (torch.from_numpy(part) for part in batch)
    parameters = [p.detach().double() for p in deep((1.0, 1.0)).parameters()]

    def loss(first, second):
        hidden = torch.tanh(images.flatten(1).double() @ first.t() + parameters[1])
        return functional.cross_entropy(hidden @ second.t() + parameters[3], labels)

    return loss, (parameters[0], parameters[2])


def test_norms_of_layers_are_summed(score, batch):
    loss, weights = loss_of_weights(batch)
    slopes = torch.autograd.functional.jacobian(loss, weights)
    (found,) = score(GradNorm(), lambda arch, generator: deep((1.0, 1.0)), *batch)
    assert found == pytest.approx(sum(float(slope.norm()) for slope in slopes), rel=1e-5)


def test_snip_of_two_layers(score, batch):
    loss, weights = loss_of_weights(batch)
    slopes = torch.autograd.functional.jacobian(loss, weights)
    expected = sum(float((w * g).abs().sum()) for w, g in zip(weights, slopes, strict=True))
    (found,) = score(SNIP(), lambda arch, generator: deep((1.0, 1.0)), *batch)
    assert found == pytest.approx(expected, rel=1e-5)


def test_grasp_against_the_whole_hessian(score, batch):
    loss, weights = loss_of_weights(batch)
    slopes = torch.autograd.functional.jacobian(loss, weights)
    blocks = torch.autograd.functional.hessian(loss, weights)
    gradient = torch.cat([slope.flatten() for slope in slopes])
    hessian = torch.cat(
        [
            torch.cat(
                [
                    block.reshape(a.numel(), b.numel())
                    for b, block in zip(weights, row, strict=True)
                ],
                1,
            )
            for a, row in zip(weights, blocks, strict=True)
        ]
    )
    expected = -float(torch.cat([w.flatten() for w in weights]) @ hessian @ gradient)
    (found,) = score(GraSP(), lambda arch, generator: deep((1.0, 1.0)), *batch)
    assert found == pytest.approx(expected, rel=1e-4)


class Normalised(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3)
        self.conv.weight.data = factor * torch.from_numpy(WEIGHT[:, :2].reshape(3, 2, 1, 1).copy())

    def forward(self, images):
        return self.norm(self.conv(images)).square().mean((2, 3))


@pytest.mark.parametrize(
    ("proxy", "power"), [(SNIP(), 0), (GradNorm(), -1), (GraSP(), -2), (Fisher(), 0)], ids=str
)
def test_scale_of_weights_before_a_normalisation(proxy, power, score, batch):
    # The loss does not change with the scale, so its gradient falls as the weights grow.
    one, other = score(
        proxy, lambda arch, generator: Normalised((8.0, 32.0)[arch[0]]), *batch, count=2
    )
    assert other == pytest.approx(4.0**power * one, rel=2e-3)


class Energy(nn.Module):
    """Logits whose sum's derivative by an image is a multiple of the image itself."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, images):
        half = self.factor * images.square().sum((1, 2, 3)) / 2
        return torch.stack([half, half], 1)


@pytest.mark.parametrize("factor", [0.5, 100.0])
def test_jacov_of_images_as_derivatives(factor, score, batch):
    values = np.linalg.eigvalsh(np.corrcoef(batch[0][:3].reshape(3, 4))) + 1e-5
    (found,) = score(Jacov(), lambda arch, generator: Energy(factor), batch[0][:3])
    assert found == pytest.approx(-(np.log(values) + 1 / values).sum(), rel=1e-4)


def test_jacov_of_a_linear_network_is_low(score, batch):
    # All derivatives are the same: one eigenvalue is the number of images, the others are 0.
    (found,) = score(Jacov(), linear, *batch)
    zero = np.log(1e-5) + 1e5
    assert found == pytest.approx(-(np.log(8) + 1 / 8) - 7 * zero, rel=1e-6)
