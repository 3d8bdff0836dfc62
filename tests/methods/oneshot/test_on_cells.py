"""One-shot methods on spaces whose supernets do not decide what genotypes decide."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.live.cell_chain import CellChain  # noqa: E402
from harness.live.images.cifar_examples import Augmentation, CifarExamples  # noqa: E402
from harness.live.images.cifar_setup import CifarTask  # noqa: E402
from spaces.darts.setup import DartsNetworks  # noqa: E402
from spaces.darts.space import DartsSpace  # noqa: E402
from spaces.darts.supernet import DartsSupernet  # noqa: E402
from spaces.enas_micro.setup import MicroNetworks  # noqa: E402
from spaces.enas_micro.space import EnasMicroSpace  # noqa: E402
from tests.methods.oneshot.toy import ToyBenchmark, opened, run, small, strategies  # noqa: E402

SIDE = 8
WEIGHS = {"e2nas", "setn"}  # Decisions of a genotype.
SINGLE_PATHS = {"asng-nas", "enas", "fairnas", "ponas", "rsps", "spos"}
FEW = {
    "enas": {"updates": "1", "samples": "2", "candidates": "2"},
    "fairnas": {"population": "2", "generations": "2"},
    "ponas": {"completions": "1"},
    "rsps": {"samples": "2"},
    "spos": {"population": "2", "generations": "2"},
    "zarts": {"samples": "1", "every": "1"},
}


class CellBenchmark(ToyBenchmark):
    """Random images; what the truth is does not matter."""

    def __init__(self, space, networks):
        super().__init__()
        self.space, rng = space, np.random.default_rng(0)
        self._task = CifarTask(*(examples(rng, count) for count in (12, 8)), networks)

    def truth(self, arch):
        return 0.0


def examples(rng, count):
    images = rng.integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8)
    return CifarExamples(images, rng.integers(0, 10, count), Augmentation(1, 2))


def darts():
    return CellBenchmark(DartsSpace(), DartsNetworks(DartsSpace(), CellChain(3, 4, 4, SIDE, 10)))


def micro():
    return CellBenchmark(
        EnasMicroSpace(), MicroNetworks(EnasMicroSpace(), CellChain(3, 4, 1, SIDE, 10))
    )


def few(name, **settings):
    return small(name, **{**FEW.get(name, {}), "batch": "12", **settings})


@pytest.mark.parametrize("name", sorted({*strategies()} - WEIGHS))
def test_every_strategy_on_darts(name):
    """Charged as declared, logged by the names of what it is about, and a genotype in the end."""
    benchmark, method = darts(), few(name, epochs="1")
    record = run(method, "1000epochs", benchmark=benchmark)
    assert record.error == ""
    assert benchmark.space.check(record.recommended) == record.recommended
    told = [n.removeprefix("distribution of ") for n in record.logs if "distribution of" in n]
    if method.relaxes:
        assert told == list(DartsSupernet.edges)
    elif told:
        assert told == [decision.name for decision in benchmark.space.decisions]
    for edge in told:
        assert np.sum(record.logs[f"distribution of {edge}"][0]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", sorted(WEIGHS))
def test_methods_that_weigh_decisions_refuse_darts(name):
    record = run(few(name, epochs="1"), "1000epochs", benchmark=darts())
    assert "weighted decisions, which that of darts does not have" in record.error


@pytest.mark.parametrize("name", strategies())
def test_single_paths_run_on_enas_micro_and_others_refuse(name):
    benchmark = micro()
    record = run(few(name, epochs="1"), "1000epochs", benchmark=benchmark)
    if name in SINGLE_PATHS:
        assert record.error == ""
        assert benchmark.space.check(record.recommended) == record.recommended
    else:
        assert "that of enas-micro does not have (it has single paths only)" in record.error


def test_reinforced_gates_on_darts():
    record = run(
        few("proxylessnas", epochs="2", gates="reinforce", samples="2", warm_up="0", every="1"),
        "1000epochs",
        benchmark=darts(),
    )
    assert record.error == ""


def test_natural_gradients_recommend_the_mode_of_the_genotypes():
    method = few("asng-nas", epochs="1")
    search = opened(method, "1000epochs", benchmark=darts())
    (law,) = method._law.variables
    rng = np.random.default_rng(5)
    for row, size in zip(law.theta, search.space.sizes, strict=True):
        row[:size] = rng.dirichlet(np.ones(size))
    mode = tuple(int(np.argmax(row)) for row in method.distribution(search))
    assert method.derive(search) == mode != (0,) * 24
    assert search.space.check(mode)


@pytest.mark.parametrize("nesterov", ["true", "false"])
def test_momentum_of_the_weights(nesterov):
    search = opened(few("asng-nas", nesterov=nesterov), "1000epochs", benchmark=darts())
    assert search.optimizer.defaults["nesterov"] == (nesterov == "true")
