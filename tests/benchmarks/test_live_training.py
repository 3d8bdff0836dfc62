"""The training loop against a bare one, and what the images of CIFAR-10 cost in it, in one run."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from harness.live.classification import Classification  # noqa: E402
from harness.live.devices import Place  # noqa: E402
from harness.live.images.cifar_examples import Augmentation, CifarExamples  # noqa: E402
from harness.live.layers import initialise  # noqa: E402
from harness.live.torch_tools import one_thread  # noqa: E402
from harness.live.trainer import Trainer  # noqa: E402
from harness.live.training_recipe import TrainingRecipe  # noqa: E402
from spaces.nasbench201.search_task import SingleNetwork  # noqa: E402
from spaces.nasbench201.skeleton import Skeleton  # noqa: E402

BATCH, STEPS, ROUNDS = 64, 6, 5
CPU = torch.device("cpu")
# Convolutions, identity and pooling: what the cells of NAS-Bench-201 do on average.
ARCH = (3, 1, 2, 4, 3, 2)
RECIPE = TrainingRecipe(
    optimizer="nesterov", epochs=ROUNDS, batch=BATCH, learning_rate=0.1, weight_decay=5e-4
)


class Images(Classification):
    """Noise in the form of CIFAR-10, with the augmentation of DARTS."""

    def __init__(self):
        rng = np.random.default_rng(0)
        pixels = rng.integers(256, size=(BATCH * STEPS, 3, 32, 32), dtype=np.uint8)
        labels = rng.integers(10, size=len(pixels))
        self.train = CifarExamples(pixels, labels, Augmentation(shift=4, cutout=16))

    @property
    def judged(self):
        return CifarExamples(self.train.images[:1], self.train.labels[:1])

    def network(self, arch, generator):
        network = SingleNetwork(arch, Skeleton(cells=1))
        initialise(network, [generator])
        return network


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def epoch_of_batches(images):
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(images.train), generator=generator)
    return [images.train.batch(index, CPU, generator) for index in torch.split(order, BATCH)]


@pytest.fixture(scope="module")
def measured():
    """Median seconds of an epoch of each kind; they take turns."""
    images = Images()
    network = images.network(ARCH, torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    trainer = Trainer(images, ARCH, RECIPE, 0, Place(CPU))
    found = {"bare": [], "ours": [], "images": []}
    with one_thread():
        batches = epoch_of_batches(images)

        def bare():
            network.train()
            for x, y in batches:
                optimizer.zero_grad(set_to_none=True)
                functional.cross_entropy(network(x), y).backward()
                optimizer.step()

        bare()
        for epoch in range(ROUNDS):
            found["bare"].append(seconds(bare))
            found["ours"].append(seconds(lambda epoch=epoch: trainer.run(epoch + 1)))
            found["images"].append(seconds(lambda: epoch_of_batches(images)))
    return {name: median(values) for name, values in found.items()}


def test_the_loop_costs_little_more_than_a_bare_one(measured) -> None:
    assert measured["ours"] < 1.1 * measured["bare"]


def test_images_cost_little_of_a_step(measured) -> None:
    assert measured["images"] < 0.05 * measured["ours"]
