"""Autoencoders, their supernet and what they cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from harness import HarnessError  # noqa: E402
from harness.live.flops import count_flops, count_parameters  # noqa: E402
from spaces.cae import CaeSpace  # noqa: E402
from spaces.cae.costs import properties, scaled  # noqa: E402
from spaces.cae.network import Autoencoder  # noqa: E402
from spaces.cae.space import Layer  # noqa: E402
from spaces.cae.supernet import CaeSupernet  # noqa: E402

SPACES = (CaeSpace(side=16), CaeSpace(mixed=True, side=16))
both = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.id)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def samples(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


def images(count=2, side=16):
    return torch.rand(count, 3, side, side, generator=generator(1))


@pytest.mark.parametrize("width", [1 / 16, 0.2])
@both
def test_costs_are_those_of_the_network(space, width):
    for arch in samples(space, 12):
        layers = scaled(space.layers(arch), width)
        network = Autoencoder(layers, generator())
        found = properties(layers, space.side)
        assert found["parameters"] == count_parameters(network)
        assert found["flops"] == count_flops(network, images(1))


def test_costs_of_a_published_size():
    """One layer of 64 channels and one of 128, by hand, with images of 64x64."""
    layers = (Layer(3, 64, skip=False), Layer(5, 128, skip=True))
    weights = 9 * 3 * 64 + 25 * 64 * 128 + 25 * 128 * 128 + 9 * 128 * 64 + 9 * 64 * 3
    passes = 32**2 * (weights - 9 * 64 * 3) + 64**2 * 9 * 64 * 3
    assert properties(layers, 64) == {"parameters": weights, "flops": 2 * passes}


def test_an_autoencoder_by_hand():
    """What a network computes, from its weights."""
    layers = (Layer(5, 4, skip=True), Layer(1, 6, skip=False), Layer(3, 5, skip=True))
    network = Autoencoder(layers, generator())
    wide, narrow, deep = (layer.weight for layer in network.encoder)
    wide_back, narrow_back, deep_back = (layer.weight for layer in network.decoder)
    x = images()
    first = functional.relu(functional.conv2d(x, wide, padding=2))
    second = functional.relu(functional.conv2d(first, narrow, stride=2))
    assert second.shape == (2, 6, 8, 8)
    third = functional.relu(functional.conv2d(second, deep, padding=1))
    back = functional.relu(functional.conv_transpose2d(third, deep_back, padding=1) + third)
    back = functional.conv_transpose2d(back, narrow_back, stride=2, output_padding=1)
    back = functional.conv_transpose2d(functional.relu(back), wide_back, padding=2)
    back = functional.relu(back + first)
    expected = functional.conv_transpose2d(back, network.last.weight, padding=1)
    torch.testing.assert_close(network(x), expected)


def test_odd_maps_are_restored():
    """A single pixel stays one, and nothing without skip connection follows it."""
    nodes = [Layer(3, 4, skip=False)] * 4
    assert Autoencoder(nodes, generator())(images()).shape == (2, 3, 16, 16)


def test_weights_come_from_the_generator_alone():
    layers = scaled(SPACES[0].layers(samples(SPACES[0], 1)[0]), 0.1)
    before = torch.get_rng_state()
    one, two, other = (Autoencoder(layers, generator(seed)) for seed in (0, 0, 1))
    CaeSupernet(SPACES[0], 1 / 32, generator())
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(one.parameters(), two.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
        bound = a[0].numel() ** -0.5
        assert 0.9 * bound < a.abs().max() <= bound


def literal(supernet, space, arch, width, x):
    """A path as it is published: all channels of all kernels, zeros added and channels dropped."""

    def fitted(x):
        return functional.pad(x, (0, 0, 0, 0, 0, len(supernet.last) - x.shape[1]))

    nodes = space.nodes(arch)
    kept = []
    for node, layer in nodes:
        name = f"node{node}-{layer.kernel}-{'skip' if layer.skip else 'no_skip'}"
        stride, channels = 2 - layer.skip, round(width * layer.channels)
        x = functional.conv2d(
            fitted(x), supernet.encoder[name], stride=stride, padding=layer.kernel // 2
        )
        x = functional.relu(x[:, :channels])
        kept.append((name, layer, stride, channels, x))
    for name, layer, stride, channels, own in reversed(kept):
        x = functional.conv_transpose2d(
            fitted(x),
            supernet.decoder[name],
            stride=stride,
            padding=layer.kernel // 2,
            output_padding=stride - 1,
        )[:, :channels]
        x = functional.relu(x + own if layer.skip else x)
    return functional.conv_transpose2d(fitted(x), supernet.last, padding=1)


@both
def test_paths_are_padded_with_zeros_and_cut_off(space):
    width = 1 / 16
    supernet = CaeSupernet(space, width, generator()).double()
    x = images().double()
    for arch in samples(space, 8):
        expected = literal(supernet, space, arch, width, x)
        torch.testing.assert_close(supernet(x, supernet.path(arch)), expected)


@both
def test_a_network_with_the_shared_weights_computes_the_path(space):
    width = 1 / 16
    supernet = CaeSupernet(space, width, generator())
    for arch in samples(space, 8):
        nodes = space.nodes(arch)
        network = Autoencoder(scaled(space.layers(arch), width), generator(5))
        with torch.no_grad():
            for (node, layer), *own in zip(nodes, network.encoder, network.decoder, strict=True):
                name = f"node{node}-{layer.kernel}-{'skip' if layer.skip else 'no_skip'}"
                for part, shared in zip(own, (supernet.encoder, supernet.decoder), strict=True):
                    rows, columns = part.weight.shape[:2]
                    part.weight.copy_(shared[name][:rows, :columns])
            network.last.weight.copy_(supernet.last[: len(network.last.weight)])
        torch.testing.assert_close(network(images()), supernet(images(), supernet.path(arch)))


def test_only_the_path_gets_gradients():
    space = SPACES[0]
    supernet = CaeSupernet(space, 1 / 32, generator())
    (arch,) = samples(space, 1)
    supernet(images(), supernet.path(arch)).sum().backward()
    touched = {name for name, weight in supernet.named_parameters() if weight.grad is not None}
    assert len(touched) == 1 + 2 * len(space.nodes(arch))


def test_sizes_of_the_supernet():
    """Six kinds of twenty nodes, there and back, each from and to the most channels."""
    for space in SPACES:
        supernet = CaeSupernet(space, 1 / 32, generator())
        assert count_parameters(supernet) == 20 * 2 * 2 * (1 + 9 + 25) * 8**2 + 8 * 3 * 9
        assert [len(names) for names in supernet.choices] == list(space.sizes)


@pytest.mark.parametrize(
    "change",
    [lambda entry: {0: None, 1: None}, lambda entry: {}, lambda entry: {0: torch.ones(())}],
    ids=["two", "none", "weight"],
)
def test_mixtures_are_refused(change):
    space = SPACES[0]
    supernet = CaeSupernet(space, 1 / 32, generator())
    plan = supernet.path(samples(space, 1)[0])
    with pytest.raises(HarnessError, match="paths only"):
        supernet(images(), [change(plan[0]), *plan[1:]])


def test_channels_are_never_none():
    layer = Layer(3, 64, skip=True)
    assert scaled([layer], 0.001) == (replace(layer, channels=1),)
    assert scaled([layer], 0.125) == (replace(layer, channels=8),)
