"""A step of the supernet against the stand-alone network and one operation at a time, in one run.

A step is a forward and a backward pass of a batch of 64 on one core.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from harness.live.batches import channels_last  # noqa: E402
from harness.live.layers import initialise  # noqa: E402
from harness.live.torch_tools import one_thread  # noqa: E402
from spaces.nasbench201 import NasBench201Space  # noqa: E402
from spaces.nasbench201.digits import digits_setup  # noqa: E402
from spaces.nasbench201.mixed_cell import CONVOLUTIONS, MixedCell  # noqa: E402
from spaces.nasbench201.network import Network, pool  # noqa: E402
from spaces.nasbench201.skeleton import Skeleton  # noqa: E402
from spaces.nasbench201.space import EDGES, OPERATIONS  # noqa: E402
from spaces.nasbench201.supernet import CellSupernet  # noqa: E402

NONE, SKIP, _, _, POOL = range(len(OPERATIONS))
BATCH = 64
# The official network has five cells a stage, which cost five times as much in either way.
SKELETONS = {"digits": (digits_setup().skeleton, 40), "official": (Skeleton(cells=1), 5)}


class OneAtATime(MixedCell):
    """The mixed cell as one would write it."""

    weights: Tensor

    def forward(self, x: Tensor, plan: object) -> Tensor:
        nodes = [x, 0, 0, 0]
        for edge, (source, target) in enumerate(EDGES):
            for op, weight in enumerate(self.weights[edge]):
                nodes[target] = nodes[target] + weight * self.operation(edge, op, nodes[source])
        return nodes[3]

    def operation(self, edge: int, op: int, x: Tensor) -> Tensor:
        if op == NONE:
            return torch.zeros_like(x)
        if op == SKIP:
            return x
        if op == POOL:
            return pool(x)
        kernel = self.convs[CONVOLUTIONS.index((edge, op))].weight
        y = functional.conv2d(functional.relu(x), kernel, padding=kernel.shape[-1] // 2)
        return functional.batch_norm(y, None, None, training=True)


def seconds(module: nn.Module, forward: Callable[[], Tensor]) -> float:
    """Processor time of a step."""
    module.zero_grad()
    labels = torch.arange(BATCH) % 10
    start = time.process_time()
    functional.cross_entropy(forward(), labels).backward()
    return time.process_time() - start


def batch(skeleton: Skeleton, generator: torch.Generator) -> Tensor:
    shape = (BATCH, skeleton.inputs, skeleton.size, skeleton.size)
    images = torch.randn(shape, generator=generator)
    return channels_last(images) if skeleton.size > 8 else images


@pytest.mark.parametrize("name", SKELETONS)
def test_a_path_costs_what_its_network_costs(name: str) -> None:
    skeleton, rounds = SKELETONS[name]
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    space = NasBench201Space()
    net, x = CellSupernet(skeleton, generator), batch(skeleton, generator)
    shared, alone = [], []
    with one_thread():
        for arch in [space.sample(rng) for _ in range(10 if name == "digits" else 5)]:
            network = Network(arch, skeleton)
            initialise(network, [generator])
            path = net.path(arch)
            times = [
                (
                    seconds(net, lambda path=path: net(x, path)),
                    seconds(network, lambda network=network: network(x)[0]),
                )
                for _ in range(rounds + 1)
            ][1:]
            for total, each in zip((shared, alone), zip(*times, strict=True), strict=True):
                total.append(median(each))
    ratio = sum(shared) / sum(alone)
    print(f"{name}: {1000 * np.mean(shared):.1f} ms a path, {ratio:.2f} of the network")
    assert ratio <= 1.1


@pytest.mark.parametrize("name", SKELETONS)
def test_a_mixture_is_faster_than_its_operations(name: str) -> None:
    skeleton, rounds = SKELETONS[name]
    generator = torch.Generator().manual_seed(0)
    net, x = CellSupernet(skeleton, generator), batch(skeleton, generator)
    single = copy.deepcopy(net)
    for cell in single.body:
        if isinstance(cell, MixedCell):
            cell.__class__ = OneAtATime
    alphas = (1e-3 * torch.randn(6, 5, generator=generator)).requires_grad_()

    def joined() -> Tensor:
        return net(x, [dict(enumerate(row)) for row in alphas.softmax(1)])

    def separate() -> Tensor:
        weights = alphas.softmax(1)
        for cell in single.body:
            if isinstance(cell, MixedCell):
                cell.weights = weights
        return single(x, [{SKIP: None}] * 6)

    torch.testing.assert_close(joined(), separate(), rtol=1e-4, atol=1e-4)
    with one_thread():
        times = [(seconds(net, joined), seconds(single, separate)) for _ in range(rounds + 1)][1:]
    fast, slow = (median(each) for each in zip(*times, strict=True))
    print(f"{name}: {1000 * fast:.1f} ms a mixture, {fast / slow:.2f} of one at a time")
    assert fast <= slow
