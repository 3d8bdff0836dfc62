"""What holds for every zero-cost proxy, on the networks of a real benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError, load_predictor
from harness.core.registry import load_benchmark
from methods.zerocost.proxy import WORST

torch = pytest.importorskip("torch")

nn = torch.nn

PROXIES = (
    "das:combination=sum",
    "das:combination=sum,steps=2",
    "fisher",
    "grad-norm",
    "grasp",
    "jacov",
    "naswot",
    "snip",
    "synflow",
    "training-loss:epochs=1",
    "zen",
)
every = pytest.mark.parametrize("name", PROXIES)
NONE, SKIP = (0,) * 6, (1,) * 6
# Its last edge is dead, since nothing reaches node 2.
DEAD = (2, 0, 0, 3, 4, 3)
ARCHS = [SKIP, (3, 1, 2, 0, 4, 3), NONE, DEAD, (4,) * 6]


def made(name, seed=0, **attributes):
    benchmark = load_benchmark("nasbench201/digits")
    proxy = load_predictor(name)
    for attribute, value in attributes.items():
        setattr(proxy, attribute, value)
    task = benchmark.task if proxy.trains() else None
    properties = benchmark.oracle(0).properties
    proxy.attach(benchmark.space, np.random.default_rng(seed), properties, task)
    proxy.fit([NONE], [0.5])
    return proxy


@every
def test_only_the_cell_that_passes_nothing_on_has_no_score(name):
    found = made(name).predict(ARCHS)
    assert np.isfinite(found).all()
    assert (found == WORST).tolist() == [arch == NONE for arch in ARCHS]


@every
def test_scores_do_not_depend_on_what_else_is_scored(name):
    proxy = made(name)
    together = proxy.predict(ARCHS).tolist()
    assert [proxy.predict([arch])[0] for arch in ARCHS[::-1]] == together[::-1]


@every
def test_seed_decides_and_labels_do_not(name):
    first, again, other = made(name), made(name), made(name, seed=1)
    again.attach(again.space, np.random.default_rng(0), again.properties, again.task)
    again.fit(ARCHS, [3.0, 1.0, 2.0, 5.0, 4.0])
    scores = first.predict(ARCHS[:2]).tolist()
    assert scores == again.predict(ARCHS[:2]).tolist()
    assert scores != other.predict(ARCHS[:2]).tolist()
    assert not first.learns()


@every
def test_repeats_are_averaged(name, monkeypatch):
    values = iter([1.0, 2.0, 5.0, 10.0])
    measured = []

    def measure(self, network, inputs):
        measured.append((network.head.weight.detach().clone(), inputs.images, inputs.labels))
        return next(values)

    proxy = made(name, repeats=2, batch=8)
    monkeypatch.setattr(type(proxy), "measure", measure)
    assert proxy.measurements(np.array([SKIP, (4,) * 6]))[:, 0].tolist() == [3.0, 6.0]
    # The same images and weights for both cells, others in each repeat.
    (head, images, labels), second, third, _ = measured
    assert torch.equal(head, second[0])
    assert torch.equal(images, second[1])
    assert torch.equal(labels, second[2])
    assert not torch.equal(head, third[0])
    assert not torch.equal(images, third[1])
    assert images.shape == (8, 1, 8, 8)


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("naswot:repeats=3", 3 * 64 / 3),
        ("das:steps=50,batch=100", 50 * 100 + 100 / 3),
        ("snip", 64),
        ("grasp:batch=10000", 2 * 600),
        ("zen", 2 * 64 / 3),
        ("synflow:repeats=2", 2),
        ("training-loss:epochs=5", 5 * 600),
    ],
)
def test_cost_is_counted_in_images_of_an_epoch(name, images):
    assert made(name).cost() == pytest.approx(images / 600)
    assert made("flops").cost() == 0


@every
def test_touches_no_global_generator(name):
    before = torch.get_rng_state()
    made(name).predict(ARCHS[:2])
    assert torch.equal(before, torch.get_rng_state())


@every
def test_a_constant_network_has_the_worst_score(name, score, batch):
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 3)

        def forward(self, images):
            return self.head(torch.relu(0 * images.flatten(1)) + 1)

    assert score(load_predictor(name), lambda arch, generator: Constant(), *batch) == [WORST]


@every
def test_refuses_a_table(name):
    with pytest.raises(HarnessError, match="images and networks"):
        load_predictor(name).attach(load_benchmark("nasbench201/digits").space, None)


@pytest.mark.parametrize(
    "text",
    ["naswot:batch=1", "snip:repeats=0", "das:weight=-1", "zen:mixing=0", "training-loss:epochs=0"],
)
def test_refuses_impossible_parameters(text):
    with pytest.raises(HarnessError, match=text.partition(":")[2].partition("=")[0]):
        load_predictor(text)


@pytest.mark.parametrize(("name", "property_"), [("parameters", "params"), ("flops", "flops_m")])
def test_sizes_are_those_of_the_table(name, property_):
    proxy = made(name)
    archs = [*ARCHS, (3,) * 6]
    expected = [proxy.properties(arch)[property_] for arch in archs]
    assert proxy.predict(archs).tolist() == expected
    assert len(set(expected)) > 2


def test_a_table_without_the_property_is_named():
    proxy = load_predictor("flops")
    benchmark = load_benchmark("nasbench201/digits")
    proxy.attach(benchmark.space, np.random.default_rng(0), lambda arch: {"params": 1.0})
    proxy.fit([NONE], [0.0])
    with pytest.raises(HarnessError, match=r"flops or flops_m.*it has params"):
        proxy.predict([NONE])


def test_agrees_with_the_stored_scores(harness_data):
    import pandas as pd
    from scipy.stats import spearmanr

    benchmark = load_benchmark("nasbench201/cifar10")
    rng = np.random.default_rng(11)
    archs = benchmark.space.tuples(rng.choice(benchmark.space.population, 20, replace=False))
    stored = pd.read_parquet(harness_data / "nasbench201" / "nasbench201_proxies.parquet")
    stored = stored.set_index("arch").loc[[benchmark.space.to_str(arch) for arch in archs]]
    for name, least in (("naswot:batch=16", 0.6), ("synflow", 0.9)):
        proxy = load_predictor(name)
        proxy.attach(benchmark.space, rng, task=benchmark.task)
        proxy.fit(archs, np.zeros(20))
        column = stored[f"zc_{name.partition(':')[0]}_cifar10"]
        assert spearmanr(proxy.predict(archs), column)[0] > least
