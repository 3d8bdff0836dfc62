"""Mobile networks and their supernet."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from harness import Budget  # noqa: E402
from harness.live.flops import count_flops, count_parameters  # noqa: E402
from harness.live.tasks import Part  # noqa: E402
from harness.study.run import run_seeds  # noqa: E402
from spaces.mobile import MobileSpace  # noqa: E402
from spaces.mobile.network import MobileNetwork  # noqa: E402
from spaces.mobile.search_task import MobileLearning, MobileTask  # noqa: E402
from spaces.mobile.shape import SKIP  # noqa: E402
from spaces.mobile.supernet import MobileSupernet  # noqa: E402
from tests.methods.oneshot.toy import ToyBenchmark, small, strategies  # noqa: E402
from tests.spaces.mobile_shapes import FINAL, SEARCHED, SEMINASNET, TINY  # noqa: E402

SPACE = MobileSpace()
ARCH = SPACE.from_str(SEMINASNET)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(number=4, side=24, seed=1):
    return torch.randn(number, 3, side, side, generator=generator(seed))


def archs(number):
    rng = np.random.default_rng(0)
    return [ARCH, tuple([5] * 21), *(SPACE.sample(rng) for _ in range(number - 2))]


def double(network):
    return network.double().eval()


@pytest.mark.parametrize("shape", [SEARCHED, FINAL])
def test_published_costs_are_those_of_the_network(shape):
    network = MobileNetwork(ARCH, shape, generator())
    cost = shape.cost(ARCH)
    assert count_parameters(network) == cost.parameters
    assert count_flops(network, torch.zeros(1, 3, 224, 224)) == 2 * cost.multiply_adds


@pytest.mark.parametrize("arch", archs(6))
@pytest.mark.parametrize("side", [24, 33])
def test_costs_in_closed_form_are_those_of_the_network(arch, side):
    shape = replace(TINY, resolution=side)
    network = MobileNetwork(arch, shape, generator())
    assert count_parameters(network) == shape.cost(arch).parameters
    assert count_flops(network, images(1, side)) == shape.properties(arch)["flops"]


def test_weights_are_drawn_from_the_given_generator_alone():
    before = torch.get_rng_state()
    first, again, other = (MobileNetwork(ARCH, TINY, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(*(n.parameters() for n in (first, again, other)), strict=True):
        assert torch.equal(a, b)
        assert a.dim() == 1 or not torch.equal(a, c)


def test_weights_have_the_variance_of_he_by_fan_out():
    network = MobileNetwork(ARCH, SEARCHED, generator())
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    scaled = [
        conv.weight * math.sqrt(conv.out_channels * conv.kernel_size[0] ** 2 / 2) for conv in convs
    ]
    everything = torch.cat([weight.flatten() for weight in scaled])
    assert float(everything.detach().std()) == pytest.approx(1, abs=2e-3)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.1)}
    assert len(norms) == len(convs)


def test_where_skips_stand_makes_no_difference():
    other = (*ARCH[:2], SKIP, 0, *ARCH[4:])
    assert SPACE.canonical(other) == SPACE.canonical(ARCH)
    outputs = [
        double(MobileNetwork(arch, TINY, generator()))(images().double()) for arch in (ARCH, other)
    ]
    assert torch.equal(*outputs)


def test_the_classifier_of_a_final_network_drops_features():
    learning = MobileLearning(None, None, replace(TINY, dropout=0.3), 0.1)
    network = learning.network(ARCH, generator())
    with pytest.raises(RuntimeError, match="give_generator"):
        network(images())
    network.eval()
    assert network(images()).shape == (4, 3)


def test_labels_are_smoothed():
    logits = torch.randn(5, 3, generator=generator(), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 1, 0])
    logs = logits.log_softmax(1)
    right = logs[torch.arange(5), labels]
    expected = -(0.9 * right + 0.1 * logs.mean(1)).mean()
    found = MobileLearning(None, None, TINY, 0.1).loss(logits, labels)
    assert float(found) == pytest.approx(float(expected))


def supernet(normalisation="running", shape=TINY):
    return MobileSupernet(shape, generator(), normalisation)


def extracted(whole, arch):
    """The network of an architecture with the weights of the supernet."""
    network = MobileNetwork(arch, TINY, generator(9))
    kept = [f"{place}.{op}" for place, op in enumerate(arch) if op != SKIP]
    state = {}
    for name, value in whole.state_dict().items():
        part, *rest = name.split(".")
        if part == "places":
            key = ".".join(rest[:2])
            if key not in kept:
                continue
            name = ".".join(["blocks", str(kept.index(key)), *rest[2:]])
        state[name] = value
    network.load_state_dict(state)
    return network


@pytest.mark.parametrize("arch", archs(4))
def test_a_path_is_the_network_of_its_architecture(arch):
    whole = double(supernet())
    x = images().double()
    expected = double(extracted(whole, arch))(x)
    np.testing.assert_allclose(whole(x, whole.path(arch)).detach(), expected.detach(), atol=1e-12)


def test_choices_are_those_of_the_space():
    assert supernet().choices == tuple(decision.choices for decision in SPACE.decisions)


def test_a_mixture_weighs_what_operations_give():
    whole, x = double(supernet()), images().double()
    plan = list(whole.path(ARCH))
    weights = {k: torch.tensor(float(k + 1), dtype=torch.float64) for k in (0, 3, SKIP)}
    plan[20] = {k: weights[k] for k in (0, 3)}
    inner = whole.head
    whole.head = nn.Identity()
    try:
        parts = [whole(x, [*plan[:20], {k: None}]) for k in (0, 3)]
        found = whole(x, plan)
        np.testing.assert_allclose(found.detach(), (parts[0] + 4 * parts[1]).detach(), atol=1e-9)
        # With weights that sum to 1 equal choices change nothing, a skip among them.
        mixed = [*plan[:1], {0: weights[0] / 4, SKIP: weights[0] * 3 / 4}, *plan[2:]]
        skipped, kept = ([*plan[:1], {k: None}, *plan[2:]] for k in (SKIP, 0))
        before = whole.places[1][0].layers
        whole.places[1][0].layers = nn.Sequential(before, Zero())
        outputs = [whole(x, own).detach() for own in (mixed, skipped, kept)]
        np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-12)
        np.testing.assert_allclose(outputs[0], outputs[2], atol=1e-12)
    finally:
        whole.head = inner


class Zero(nn.Module):
    def forward(self, x):
        return x * 0


def test_every_weight_of_a_plan_gets_a_gradient():
    whole = supernet("batch")
    weights = torch.full((21, 7), 1 / 7, requires_grad=True)
    plan = [
        dict(enumerate(row[: len(names)]))
        for row, names in zip(weights, whole.choices, strict=True)
    ]
    whole(images(8), plan).square().sum().backward()
    sizes = [len(names) for names in whole.choices]
    for row, size in zip(weights.grad, sizes, strict=True):
        assert (row[:size] != 0).all()
        assert (row[size:] == 0).all()


def test_the_strongest_choices_are_derived():
    rng = np.random.default_rng(0)
    strengths = [rng.random(size) for size in SPACE.sizes]
    assert supernet().derive(strengths) == tuple(int(s.argmax()) for s in strengths)


def test_statistics_that_are_recalibrated_are_those_of_the_batches_that_follow():
    whole = supernet("recalibrated")
    with torch.no_grad():
        whole(images(6, seed=2) * 3 + 1, whole.path(tuple([1] * 21)))
        whole.reset_statistics()
        batches = [images(6, seed=seed) for seed in (3, 4)]
        for batch in batches:
            whole(batch, whole.path(ARCH))
        norm = whole.stem[0][1]
        seen = [whole.stem[0][0](batch) for batch in batches]
    expected = torch.stack([own.mean((0, 2, 3)) for own in seen]).mean(0)
    np.testing.assert_allclose(norm.running_mean, expected, atol=1e-6)
    expected = torch.stack([own.var((0, 2, 3)) for own in seen]).mean(0)
    np.testing.assert_allclose(norm.running_var, expected, rtol=1e-5)
    unused = whole.places[0][1].layers[0][1]
    assert (unused.running_mean == 0).all()


def test_statistics_of_the_batch_are_not_stored():
    whole = supernet("batch")
    assert not [name for name, _ in whole.named_buffers()]


def task():
    """Images of three colours, which a tiny network learns."""
    rng = np.random.default_rng(0)
    parts = []
    for number in (24, 12):
        labels = np.arange(number) % 3
        pixels = rng.normal(size=(number, 3, 24, 24)) + 2 * np.eye(3)[labels][:, :, None, None]
        parts.append(Part(pixels.astype(np.float32), labels.astype(np.int64)))
    return MobileTask(*parts, TINY, 0.1)


class MobileToy(ToyBenchmark):
    """Trains on `task`; a query is not needed."""

    def __init__(self):
        super().__init__(SPACE)
        self._task = task()

    def truth(self, arch):
        return float(sum(arch))


@pytest.mark.parametrize("name", [n for n in strategies() if n != "pc-darts"])
def test_every_strategy_trains_the_supernet(name, monkeypatch):
    if name == "e2nas":
        from methods.oneshot import pretraining

        sparing = replace(pretraining.RECIPES["small"], epochs=1, steps=1)
        monkeypatch.setitem(pretraining.RECIPES, "small", sparing)
        monkeypatch.setattr(pretraining, "MOST", 1000)
    method = small(name, epochs="1", batch="12")
    (record,) = run_seeds(method, MobileToy(), Budget(1000, "epochs"), [0])
    assert record.error == ""
    assert SPACE.check(record.recommended) == record.recommended
    assert len(record.logs["training loss"]) == 1
    assert np.isfinite(record.logs["training loss"]).all()


def test_partial_channels_say_why_not():
    (record,) = run_seeds(
        small("pc-darts", epochs="1", batch="12"), MobileToy(), Budget(1000, "epochs"), [0]
    )
    assert "needs a supernet with partial channels" in record.error
