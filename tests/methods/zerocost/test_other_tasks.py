"""Proxies where inputs are no images and losses no cross-entropies."""

from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError, load_predictor
from harness.live.examples import Examples
from harness.testing.synthetic import SyntheticSpace

torch = pytest.importorskip("torch")

nn = torch.nn

WHEREVER = ("fisher", "grad-norm", "grasp", "snip", "training-loss:epochs=1")
IMAGES_ONLY = ("das", "jacov", "naswot", "synflow", "zen")


class Pairs(Examples):
    """A word and a number each, and the number that is to be told."""

    def __len__(self):
        return 32

    def batch(self, index, device, generator=None):
        numbers = index[:, None] / 32
        return (index % 4, numbers), numbers.square()


class Telling(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.words, self.linear = nn.Embedding(4, 3), nn.Linear(4, 1)
        for weight in self.parameters():
            weight.data.uniform_(-1, 1, generator=generator)

    def forward(self, inputs):
        words, numbers = inputs
        return self.linear(torch.cat([self.words(words), numbers], 1)), words


class Task:
    name, classes, train = "pairs", 0, Pairs()

    def network(self, arch, generator):
        return Telling(generator)

    def loss(self, outputs, targets):
        return (outputs[0] - targets).square().mean()


def scored(name):
    proxy = load_predictor(name)
    proxy.attach(SyntheticSpace((2,)), np.random.default_rng(0), task=Task())
    proxy.fit([(0,)], [0.0])
    return proxy, proxy.predict([(0,), (1,)])


@pytest.mark.parametrize("name", WHEREVER)
def test_losses_of_tasks_and_several_inputs(name):
    _, found = scored(name)
    assert np.isfinite(found).all()
    # The same weights for all.
    assert found[0] == found[1]
    assert found[0] not in (0, -1e9)


def test_the_gradient_is_that_of_the_loss_of_the_task():
    proxy, found = scored("grad-norm")
    chosen, weights, _ = proxy._drawn[0]
    network = Telling(torch.Generator().manual_seed(weights))
    inputs, targets = Pairs().batch(torch.from_numpy(chosen), torch.device("cpu"))
    (network(inputs)[0] - targets).square().mean().backward()
    own = (network.words.weight, network.linear.weight)
    assert found[0] == pytest.approx(sum(weight.grad.norm().item() for weight in own), rel=1e-6)


@pytest.mark.parametrize("name", IMAGES_ONLY)
def test_what_needs_images_says_so(name):
    with pytest.raises(HarnessError, match=f"{name} needs networks that are shown images"):
        scored(name)
