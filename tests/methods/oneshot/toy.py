"""A space of three edges, a supernet and data for it that are trained in moments.

::

    from tests.methods.oneshot.toy import ToyBenchmark, Uniform, opened, run
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

from harness import Benchmark, Budget, Decision, Method, Problem, SearchSpace
from harness.core.problem import Ledger
from harness.study.run import RunRecord, run_seeds
from methods.oneshot.one_shot import OneShot

# Settings with which what a strategy judges does not cost more than its training on few images.
SMALL = {
    "enas": {"updates": "2", "samples": "3", "candidates": "4"},
    "fairnas": {"population": "5", "generations": "3"},
    "ponas": {"completions": "2"},
    "rsps": {"samples": "5"},
    "setn": {"samples": "5"},
    "spos": {"population": "5", "generations": "3"},
}

CHOICES = ("none", "skip_connect", "linear", "relu")
# What a choice is worth; the true score of an architecture is the mean over its edges.
WORTH = (0.0, 0.2, 0.5, 1.0)


class ToySpace(SearchSpace):
    """Three edges that are summed; see `harness.testing.synthetic_task` for the operations."""

    def __init__(self, sizes=(4, 4, 3), valid=lambda arch: True):
        super().__init__(
            "toy", [Decision(f"edge{i}", CHOICES[:size]) for i, size in enumerate(sizes)]
        )
        self.valid = valid

    def is_valid(self, arch):
        return self.valid(arch)


class ToyOracle:
    def __init__(self, benchmark):
        self.benchmark = benchmark

    def measure(self, arch, epochs):
        self.benchmark.asked += 1
        return self.benchmark.truth(self.benchmark.space.check(arch)), 1.0

    def properties(self, arch):
        return {"params": float(sum(arch)), "flops": float(sum(arch))}


class ToyBenchmark(Benchmark):
    """`asked` counts the queries, of which a one-shot method makes none."""

    id = "toy/toy"
    direction = "maximize"
    fidelities = (1,)
    repeats = "charged"
    default_budget = Budget(10, "epochs")
    units = ("queries", "epochs", "seconds")
    checksum = ""

    def __init__(self, space=None, train=200, valid=100):
        from harness.testing.synthetic_task import SyntheticTask

        self.space = space or ToySpace()
        self.asked = 0
        self._task = SyntheticTask(self.space, train, valid)

    @property
    def task(self):
        return self._task

    def truth(self, arch):
        return float(np.mean([WORTH[choice] for choice in arch]))

    def oracle(self, noise_key):
        return ToyOracle(self)

    def report(self, archs):
        return [self.truth(arch) for arch in archs]

    def card(self):
        raise NotImplementedError


class Uniform(OneShot):
    """The simplest strategy there can be; what it recommends is a hyper-parameter."""

    last: int = 0

    def paths(self, search):
        return [search.supernet.path(search.space.sample(search.rng))]

    def derive(self, search):
        return (self.last,) * len(search.space.sizes)

    def cost(self, search, epoch, epochs):
        return 1.0


def strategies() -> dict[str, type[OneShot]]:
    """All registered one-shot methods by name."""
    points = entry_points(group="nas_harness.methods")
    found = {p.name: p.load() for p in points if p.value.startswith("methods.oneshot.")}
    return {name: found[name] for name in sorted(found) if issubclass(found[name], OneShot)}


def small(name: str, **settings: str) -> OneShot:
    """A registered strategy that is tested in moments."""
    return strategies()[name].from_text({**SMALL.get(name, {}), **settings})


def run(
    method: Method,
    budget: str = "3epochs",
    seed: int = 0,
    benchmark=None,
    scratch: Path | None = None,
) -> RunRecord:
    """Run a method through the runner of studies; its record has the traceback of a failure."""
    benchmark = benchmark or ToyBenchmark()
    (record,) = run_seeds(method, benchmark, Budget.parse(budget), [seed], scratch=scratch)
    return record


def problem(budget: str = "3epochs", seed: int = 0, benchmark=None, scratch: Path | None = None):
    """A problem that no runner watches over; its ledger is `problem._ledger`."""
    rng = np.random.default_rng(seed)
    benchmark = benchmark or ToyBenchmark()
    return Problem(benchmark, Budget.parse(budget), rng, 0, Ledger(), scratch)


def opened(method, budget: str = "3epochs", seed: int = 0, benchmark=None):
    """A search of a strategy that has begun, before its first step: an engine's `Search`."""
    from methods.oneshot.engine import Search

    search = Search(method, problem(budget, seed, benchmark))
    method.begin(search)
    return search
