"""SynFlow, Zen and training losses, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from methods.zerocost.synflow import SynFlow
from methods.zerocost.training_loss import TrainingLoss
from methods.zerocost.zen import Zen

torch = pytest.importorskip("torch")
layers = pytest.importorskip("harness.live.layers")
nn, functional = torch.nn, torch.nn.functional

FIRST = np.array([[1.0, -2.0, 0.5, 0.0], [-3.0, 0.25, -1.0, 2.0]])
SECOND = np.array([[0.5, -1.0], [2.0, 0.0], [-0.1, -0.2]])
BIAS = np.array([0.7, -0.4])


def layer(weight, bias=None):
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight.data = torch.from_numpy(weight).float()
    if bias is not None:
        made.bias.data = torch.from_numpy(bias).float()
    return made


def paths(first=FIRST, second=SECOND):
    """The sum over all paths of their products of absolute weights."""
    return float(np.abs(second).sum(0) @ np.abs(first).sum(1))


def test_synflow_counts_each_path_by_its_weights(score, batch):
    def build(arch, generator):
        return nn.Sequential(nn.Flatten(), layer(FIRST), layer(SECOND))

    assert score(SynFlow(), build, *batch) == pytest.approx(math.log(2 * paths()), abs=1e-6)


def test_synflow_takes_biases_as_sources_but_not_as_weights(score, batch):
    def build(arch, generator):
        return nn.Sequential(nn.Flatten(), layer(FIRST, BIAS), nn.ReLU(), layer(SECOND))

    of_bias = float(np.abs(SECOND).sum(0) @ np.abs(BIAS))
    assert score(SynFlow(), build, *batch) == pytest.approx(
        math.log(2 * paths() + of_bias), abs=1e-6
    )


def conv(weight):
    made = layers.StackedConv(1, 2, 2, 1)
    made.weight.data = torch.from_numpy(weight).float().reshape(2, 2, 1, 1)
    return made


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm2d(2), layers.StackedNorm(1, 2), nn.Identity()], ids=str
)
def test_synflow_leaves_normalisations_out(norm, score, batch):
    def build(arch, generator):
        return nn.Sequential(conv(FIRST[:, :2]), norm, nn.AvgPool2d((1, 2)), nn.Flatten())

    expected = math.log(np.abs(FIRST[:, :2]).sum())
    assert score(SynFlow(), build, *batch) == pytest.approx(expected, abs=1e-6)


def test_synflow_grows_with_every_layers_scale(score, batch):
    def build(arch, generator):
        factor = (1.0, -1e10)[arch[0]]
        layers = [layer(factor * FIRST)] + [layer(factor * np.eye(2)) for _ in range(20)]
        return nn.Sequential(nn.Flatten(), *layers, layer(factor * SECOND))

    one, other = score(SynFlow(), build, *batch, count=2)
    assert other - one == pytest.approx(22 * math.log(1e10), rel=1e-9)


def zen_inputs(images=16, channels=2, size=4, seed=5):
    from methods.zerocost.proxy import Inputs

    shape = (images, channels, size, size)
    generator = torch.Generator().manual_seed(seed)
    return Inputs(torch.zeros(shape), torch.zeros(images), generator, nn.functional.cross_entropy)


class Shifted(nn.Module):
    """A ReLU that is always on: its output changes as its input does."""

    def __init__(self, factor=1.0, norm=None):
        super().__init__()
        self.factor, self.norm = factor, norm or nn.Identity()

    def forward(self, images):
        return functional.relu(self.norm(self.factor * images) + 1000).mean((2, 3))


def test_zen_of_a_shift():
    generator = torch.Generator().manual_seed(5)
    torch.randn(16, 2, 4, 4, generator=generator)
    change = torch.randn(16, 2, 4, 4, generator=generator)
    expected = math.log(0.02 * change.abs().sum().item() / 16)
    assert Zen(mixing=0.02).measure(Shifted(), zen_inputs()) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d(2), layers.StackedNorm(1, 2)], ids=str)
def test_zen_is_logarithmic_in_the_scale(norm):
    # A normalisation takes the scale out of the map, and its deviation brings it back.
    one = Zen().measure(Shifted(1.0, norm).train(), zen_inputs())
    other = Zen().measure(Shifted(3.0, norm).train(), zen_inputs())
    assert other - one == pytest.approx(math.log(3), abs=2e-3)


def test_zen_draws_weights_of_its_own():
    def network(seed):
        made = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU())
        for parameter in made[0].parameters():
            parameter.data.normal_(generator=torch.Generator().manual_seed(seed))
        made[0].bias.data.zero_()
        return made

    first, again = (Zen().measure(network(seed), zen_inputs()) for seed in (1, 2))
    assert first == again
    assert first != Zen().measure(network(1), zen_inputs(seed=6))


def zero_layer(arch=None, generator=None):
    return nn.Sequential(nn.Flatten(), layer(np.linspace(-1, 1, 12).reshape(3, 4)))


def loss_and_slopes(weight, batch, softmax):
    pixels, labels = batch[0].reshape(8, 4).astype(float), batch[1]
    chances = softmax(pixels @ weight.T)
    slopes = (chances - np.eye(3)[labels]).T @ pixels / 8
    return -np.log(chances[np.arange(8), labels]).mean(), slopes


def test_training_losses_of_steps_by_hand(score, batch, softmax):
    weight, momentum, losses = np.linspace(-1, 1, 12).reshape(3, 4), 0.0, []
    for _ in range(4):
        loss, slopes = loss_and_slopes(weight, batch, softmax)
        losses.append(loss)
        decayed = slopes + 5e-4 * weight
        momentum = 0.9 * momentum + decayed
        weight = weight - 0.3 * (decayed + 0.9 * momentum)
    whole = score(TrainingLoss(batch=8, epochs=4, learning_rate=0.3), zero_layer, *batch)
    last = score(TrainingLoss(batch=8, epochs=4, counted=1, learning_rate=0.3), zero_layer, *batch)
    assert whole == pytest.approx(-sum(losses), rel=1e-5)
    assert last == pytest.approx(-losses[-1], rel=1e-5)


def test_training_losses_of_batches_add_up_to_an_epoch(score, batch, softmax):
    # At a rate of 0 the four batches of each epoch have the mean loss of all images.
    loss, _ = loss_and_slopes(np.linspace(-1, 1, 12).reshape(3, 4), batch, softmax)
    proxy = TrainingLoss(batch=2, epochs=3, learning_rate=0.0)
    assert score(proxy, zero_layer, *batch) == pytest.approx(-3 * 4 * loss, rel=1e-5)


def test_a_training_that_diverges_has_the_worst_score(score, batch):
    from methods.zerocost.proxy import WORST

    def build(arch, generator):
        return nn.Sequential(nn.Flatten(), layer(FIRST), layer(SECOND))

    proxy = TrainingLoss(batch=8, epochs=50, learning_rate=1e12)
    assert score(proxy, build, *batch) == [WORST]
