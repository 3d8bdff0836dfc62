"""Scores of the on-off states of ReLUs: NASWOT and DAS."""

from __future__ import annotations

import numpy as np
import pytest

from methods.zerocost.das import DAS
from methods.zerocost.naswot import NASWOT
from methods.zerocost.proxy import WORST

torch = pytest.importorskip("torch")

nn, functional = torch.nn, torch.nn.functional

RIDGE = 1e-6
CODES = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]])
# An image for each code: its pixels are positive where the code is 1.
IMAGES = (np.array([2.0, 0.5, 3.0, 1.0, 0.1]) * (2 * CODES - 1)).reshape(4, 5, 1, 1)


class Net(nn.Module):
    """The ReLU of the pixels, by one of its names, as often as asked; then a sum."""

    def __init__(self, relu=functional.relu, times=1, factor=1.0):
        super().__init__()
        self.relu, self.times, self.factor = relu, times, factor
        self.weight = nn.Parameter(torch.arange(15.0).reshape(5, 3))

    def forward(self, images):
        x = self.factor * images.flatten(1)
        return sum(self.relu(x.clone()) for _ in range(self.times)) @ self.weight


def log_det(codes):
    """By the definition: ReLUs in the same state for each two images."""
    kernel = (codes[:, None] == codes[None]).sum(-1).astype(float)
    units = codes.shape[1]
    values = np.linalg.eigvalsh(kernel / units + RIDGE * np.eye(len(codes)))
    return np.log(values).sum(), len(codes) * np.log(units)


RELUS = {
    "functional": functional.relu,
    "functional, in place": lambda x: functional.relu(x, inplace=True),
    "torch": torch.relu,
    "torch, in place": torch.relu_,
    "method": lambda x: x.relu(),
    "module": nn.ReLU(),
    "module, in place": nn.ReLU(inplace=True),
}


@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_naswot_of_known_codes(relu, score):
    (found,) = score(NASWOT(), lambda arch, generator: Net(relu), IMAGES)
    assert found == pytest.approx(sum(log_det(CODES)), abs=1e-9)


def test_naswot_is_the_determinant_of_the_agreements(score):
    # Of the four codes above: agreements by hand.
    kernel = [[5, 3, 1, 3], [3, 5, 1, 3], [1, 1, 5, 1], [3, 3, 1, 5]]
    (found,) = score(NASWOT(), lambda arch, generator: Net(), IMAGES)
    assert found == pytest.approx(np.log(np.linalg.det(kernel)), abs=1e-4)


def test_every_relu_counts(score):
    (found,) = score(NASWOT(), lambda arch, generator: Net(times=3), IMAGES)
    assert found == pytest.approx(sum(log_det(np.tile(CODES, 3))), abs=1e-9)


def test_naswot_does_not_depend_on_the_scale(score):
    one, other = score(
        NASWOT(), lambda arch, generator: Net(factor=(1.0, 1e3)[arch[0]]), IMAGES, count=2
    )
    assert one == other


def test_images_of_the_same_code_have_a_score(score):
    images = np.concatenate([IMAGES, 2 * IMAGES])
    (found,) = score(NASWOT(), lambda arch, generator: Net(), images)
    assert found == pytest.approx(sum(log_det(np.tile(CODES, (2, 1)))), rel=1e-6)
    assert WORST < found < sum(log_det(CODES))


def test_a_network_without_relus_has_the_worst_score(score):
    assert score(NASWOT(), lambda arch, generator: Net(lambda x: x), IMAGES) == [WORST]


def nets(arch, generator):
    """Networks of different numbers of activations, of different worth."""
    return [
        Net(),
        Net(times=4),
        Net(lambda x: functional.relu(x[:, :1]).expand(-1, 5)),
        Net(lambda x: torch.zeros_like(x)),
    ][arch[0]]


PARTS = np.array([log_det(CODES), log_det(np.tile(CODES, 4)), log_det(CODES[:, :1])])


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.0])
def test_das_weighs_the_number_of_activations(weight, score):
    found = score(DAS(combination="sum", weight=weight), nets, IMAGES, count=4)
    assert found[:3] == pytest.approx(PARTS[:, 0] + weight * PARTS[:, 1], rel=1e-6)
    assert found[3] == WORST


def test_das_of_weight_one_is_naswot(score):
    das = score(DAS(combination="sum"), nets, IMAGES, count=4)
    assert das.tolist() == score(NASWOT(), nets, IMAGES, count=4).tolist()


def test_das_of_ranks(score):
    # Distinction: the first two alike, for the same codes four times are not easier to tell apart.
    found = score(DAS(combination="ranks"), nets, IMAGES, count=4)
    assert PARTS[0, 0] == pytest.approx(PARTS[1, 0])
    assert PARTS[2, 0] < PARTS[0, 0]
    assert sorted(found[:2].tolist()) in ([4.0, 6.0], [4.5, 5.5], [5.0, 5.0])
    assert found[1] > found[0] > found[2] == 2.0
    assert found[3] == WORST


def test_das_of_products(score):
    found = score(DAS(combination="product"), nets, IMAGES, count=4)
    sizes = np.log([5, 20, 1]) / np.log(20)
    low, high = PARTS[:, 0].min(), PARTS[:, 0].max()
    assert found[:3] == pytest.approx(sizes * (PARTS[:, 0] - low) / (high - low), abs=1e-6)
    assert found[3] == WORST


def test_das_of_equal_sizes_is_their_distinction(score):
    def build(arch, generator):
        return Net(lambda x: functional.relu(x + (0.0, 2.5)[arch[0]]))

    plain = score(DAS(combination="sum", weight=0), build, IMAGES, count=2)
    assert np.argsort(plain).tolist() == [1, 0]
    assert score(DAS(combination="product"), build, IMAGES, count=2).tolist() == [1.0, 0.0]


class Trained(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.first, self.second = nn.Linear(5, 6), nn.Linear(6, 3)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(generator=generator)

    def forward(self, images):
        return self.second(functional.relu(self.first(images.flatten(1))))


def test_das_scores_after_training(score, tiny_task):
    from methods.zerocost.activation_codes import distinction
    from methods.zerocost.training import train

    def build(arch, generator):
        return Trained(generator)

    proxy = DAS(combination="sum", steps=5, learning_rate=0.5)
    (found,) = score(proxy, build, IMAGES, [0, 1, 2, 1])
    ((chosen, weights, noise),) = proxy._drawn
    network = Trained(torch.Generator().manual_seed(weights))
    before = sum(distinction(network, torch.from_numpy(IMAGES[chosen]).float()))
    task = tiny_task(build, IMAGES, [0, 1, 2, 1])
    train(network, task, 5, 64, 0.5, torch.Generator().manual_seed(noise))
    after = sum(distinction(network, torch.from_numpy(IMAGES[chosen]).float()))
    assert found == after != before
