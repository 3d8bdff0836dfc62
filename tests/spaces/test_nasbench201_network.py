"""The trained network of a NAS-Bench-201 cell, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import HarnessError
from harness.live.recipe import InvalidRecipe
from spaces.nasbench201 import NasBench201Space
from spaces.nasbench201.digits import Setup, digits_setup
from spaces.nasbench201.skeleton import Skeleton, costs, live_edges
from spaces.nasbench201.space import EDGES

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from harness.live.layers import StackedConv, StackedNorm, initialise  # noqa: E402
from spaces.nasbench201.network import Network, pool  # noqa: E402

NONE, SKIP, CONV1, CONV3, POOL = range(5)
SPACE = NasBench201Space()
OFFICIAL = Skeleton()
TINY = [
    Skeleton(4, 1, 1, "none", 2, 1, 8, 10),
    Skeleton(4, 3, 2, "pool", 1, 3, 8, 5),
    Skeleton(4, 2, 2, "residual", 1, 3, 7, 10),
]
EVERY_OP = (CONV3, CONV1, SKIP, POOL, CONV3, CONV1)
SAMPLE = [
    EVERY_OP,
    (CONV1, NONE, POOL, CONV3, SKIP, CONV3),
    (NONE, CONV3, CONV1, NONE, SKIP, CONV1),  # edges 1<-0 and 2<-1 carry nothing
    (SKIP, SKIP, SKIP, SKIP, SKIP, SKIP),
    (NONE, NONE, NONE, NONE, NONE, NONE),
]


@pytest.fixture
def official_table(harness_data: Path) -> pd.DataFrame:
    columns = ["arch", "params_cifar10", "flops_m_cifar10", "flops_m_imagenet16_120"]
    return pd.read_parquet(harness_data / "nasbench201" / "nasbench201.parquet", columns=columns)


def test_formulas_are_the_tables_for_all_cells(official_table: pd.DataFrame) -> None:
    found = [costs(SPACE.from_str(text), OFFICIAL) for text in official_table["arch"]]
    assert len(found) == 15_625
    assert [c.parameters for c in found] == official_table["params_cifar10"].tolist()
    np.testing.assert_allclose(
        [c.flops / 1e6 for c in found], official_table["flops_m_cifar10"], rtol=1e-6
    )
    # 120 classes on images of 16x16 pixels.
    small = Skeleton(size=16, classes=120)
    flops = [costs(SPACE.from_str(text), small).flops / 1e6 for text in official_table["arch"]]
    np.testing.assert_allclose(flops, official_table["flops_m_imagenet16_120"], rtol=1e-4)


def test_networks_have_the_tables_parameters(official_table: pd.DataFrame) -> None:
    for row in official_table.sample(12, random_state=0).itertuples():
        network = Network(SPACE.from_str(row.arch), OFFICIAL)
        assert sum(p.numel() for p in network.parameters()) == row.params_cifar10


@pytest.mark.parametrize("skeleton", TINY, ids=lambda s: s.reduction)
@pytest.mark.parametrize("stack", [1, 3])
def test_parameters_by_formula_and_by_construction(skeleton: Skeleton, stack: int) -> None:
    for arch in SAMPLE:
        network = Network(arch, skeleton, stack)
        counted = sum(p.numel() for p in network.parameters())
        assert counted == stack * costs(arch, skeleton).parameters


@pytest.mark.parametrize("skeleton", [*TINY, OFFICIAL], ids=lambda s: s.reduction)
def test_flops_by_formula_and_by_counting(skeleton: Skeleton) -> None:
    """The counter takes a multiply-accumulate as two operations and leaves out the head's bias."""
    x = torch.zeros(2, skeleton.inputs, skeleton.size, skeleton.size)
    for arch in (EVERY_OP, (CONV1, CONV3, POOL, SKIP, CONV3, CONV3)):
        assert all(live_edges(arch))
        network = Network(arch, skeleton).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x)
        macs = costs(arch, skeleton).flops - skeleton.classes
        assert counter.get_total_flops() == 2 * len(x) * macs


def test_sizes_are_those_of_the_maps() -> None:
    for skeleton in (*TINY, Skeleton(stem_stride=3, size=10, stages=2), OFFICIAL):
        network = Network((NONE,) * 3 + (SKIP,) + (NONE,) * 2, skeleton)
        x = network.stem(torch.zeros(1, skeleton.inputs, skeleton.size, skeleton.size))
        shapes = [tuple(x.shape[1:])]
        for layer in network.body:
            x = layer(x)
            if tuple(x.shape[1:]) != shapes[-1]:
                shapes.append(tuple(x.shape[1:]))
        expected = [(w, s, s) for w, s in zip(skeleton.widths, skeleton.sizes, strict=True)]
        assert shapes == list(dict.fromkeys(expected))


def _paths_reach(arch: tuple[int, ...], edge: int) -> bool:
    """Whether a path from node 0 to node 3 that uses the edge has no `none`."""
    paths = [(3,), (0, 4), (1, 5), (0, 2, 5)]
    return any(edge in path and all(arch[i] != NONE for i in path) for path in paths)


def test_live_edges_are_those_on_a_path() -> None:
    assert [(EDGES[i][0], EDGES[i][1]) for i in (0, 2, 5)] == [(0, 1), (1, 2), (2, 3)]
    for arch in SPACE.enumerate():
        assert live_edges(arch) == tuple(_paths_reach(arch, edge) for edge in range(6))


def reference(network: Network, arch: tuple[int, ...], skeleton: Skeleton, x: Tensor) -> Tensor:
    """The network as the paper describes it, node by node, with plain torch layers."""

    def conv_norm(pair: Any, x: Tensor) -> Tensor:
        conv: StackedConv = pair[0]
        norm: StackedNorm = pair[1]
        plain = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.kernel_size[0] // 2,
            bias=False,
        )
        plain.weight = conv.weight
        batch_norm = nn.BatchNorm2d(conv.out_channels)
        batch_norm.weight, batch_norm.bias = norm.weight, norm.bias
        return nn.Sequential(plain, batch_norm)(x)  # in training mode: statistics of the batch

    def cell(module: Any, x: Tensor) -> Tensor:
        nodes = [x]
        for target in (1, 2, 3):
            total = torch.zeros_like(x)
            for edge, (source, end) in enumerate(EDGES):
                if end != target:
                    continue
                value, op = nodes[source], arch[edge]
                if op == SKIP:
                    total = total + value
                elif op == POOL:
                    total = total + nn.AvgPool2d(3, 1, 1, count_include_pad=False)(value)
                elif op in (CONV1, CONV3):
                    total = total + conv_norm(module.convs[str(edge)], torch.relu(value))
            nodes.append(total)
        return nodes[3]

    def reduction(module: Any, x: Tensor) -> Tensor:
        block = conv_norm(module.first, torch.relu(x))
        block = conv_norm(module.second, torch.relu(block))
        return block + functional.conv2d(
            nn.AvgPool2d(2, 2, ceil_mode=True)(x), module.shortcut.weight
        )

    x = conv_norm(network.stem, x)
    position = 0
    for stage in range(skeleton.stages):
        if stage and skeleton.reduction == "residual":
            x = reduction(network.body[position], x)
        elif stage and skeleton.reduction == "pool":
            x = nn.AvgPool2d(2)(x)
        position += bool(stage) and skeleton.reduction != "none"
        for _ in range(skeleton.cells):
            x = cell(network.body[position], x)
            position += 1
    batch_norm = nn.BatchNorm2d(x.shape[1])
    batch_norm.weight, batch_norm.bias = network.norm.weight, network.norm.bias
    features = torch.relu(batch_norm(x)).mean((2, 3))
    return features @ network.head.weight[0] + network.head.bias[0]


@pytest.mark.parametrize("skeleton", TINY, ids=lambda s: s.reduction)
# Without the cell that has a convolution of a zeroed node: see `Cell`.
@pytest.mark.parametrize("arch", [a for a in SAMPLE if a[2] != CONV1], ids=str)
def test_logits_are_those_of_a_plain_network(arch: tuple[int, ...], skeleton: Skeleton) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        network = Network(arch, skeleton).double()
        stream = torch.Generator().manual_seed(0)
        initialise(network, [stream])
        for weight in network.parameters():
            weight.detach().add_(torch.rand(weight.shape, generator=stream) / 10)
        x = torch.randn(6, skeleton.inputs, skeleton.size, skeleton.size, generator=stream)
        logits = network.train()(x)
        assert logits.shape == (1, 6, skeleton.classes)
        torch.testing.assert_close(logits[0], reference(network, arch, skeleton, x))
        if any(live_edges(arch)):
            assert logits[0].std(0).min() > 1e-6
    finally:
        torch.set_default_dtype(torch.float32)


def test_pooling_leaves_the_padding_out() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    pooled = pool(x)[0, 0]
    assert pooled[0, 0] == (0 + 1 + 4 + 5) / 4
    assert pooled[0, 1] == (0 + 1 + 2 + 4 + 5 + 6) / 6
    assert pooled[1, 1] == x[0, 0, :3, :3].mean()


def test_weights_start_as_torchs_defaults() -> None:
    network = Network((CONV3,) * 6, OFFICIAL)
    initialise(network, [torch.Generator().manual_seed(0)])
    for layer in network.modules():
        if isinstance(layer, StackedConv):
            plain = nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size, bias=False)
            count = plain.weight.numel()
            tolerance = 4 / count**0.5
            assert float((layer.weight.std() / plain.weight.std()).detach()) == pytest.approx(
                1, abs=tolerance
            )
            assert layer.weight.abs().max() <= plain.weight[0].numel() ** -0.5
    assert network.head.weight.abs().max() <= 64**-0.5


def test_digits_setup_is_strict() -> None:
    setup = digits_setup()
    given: dict[str, Any] = {
        "recipe": dict(vars(setup.recipe)),
        "skeleton": dict(vars(setup.skeleton)),
    }
    assert Setup.from_mapping(given) == setup
    assert Setup.from_mapping(given).hash == setup.hash
    other = Setup.from_mapping(given | {"skeleton": given["skeleton"] | {"channels": 8}})
    assert other.hash != setup.hash
    for wrong in (
        {"recipe": given["recipe"]},
        given | {"note": {}},
        given | {"skeleton": {"channels": 8}},
        given | {"skeleton": given["skeleton"] | {"depth": 8}},
    ):
        with pytest.raises(InvalidRecipe):
            Setup.from_mapping(wrong)


@pytest.mark.parametrize("change", [{"channels": 0}, {"reduction": "max"}, {"stem_stride": 0}])
def test_impossible_skeletons(change: dict[str, Any]) -> None:
    with pytest.raises(HarnessError, match="skeleton"):
        Skeleton(**change)
