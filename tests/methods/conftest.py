"""Small benchmarks in memory, and a way to run a method on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from harness import Architecture, Benchmark, Budget, BudgetExhausted, Decision, Method, SearchSpace
from harness.core.problem import Ledger, Problem

Score = Callable[[Architecture, int | None], float]


class ToySpace(SearchSpace):
    """Decisions of given sizes, with a validity rule."""

    def __init__(self, sizes, valid=lambda arch: True):
        super().__init__(
            "toy", [Decision(f"d{i}", tuple(map(str, range(n)))) for i, n in enumerate(sizes)]
        )
        self.valid = valid

    def is_valid(self, arch):
        return self.valid(arch)


class ToyOracle:
    def __init__(self, score: Score, sign: float, space: SearchSpace):
        self.score, self.sign, self.space = score, sign, space

    def measure(self, arch, epochs):
        self.space.check(arch)
        return self.sign * self.score(arch, epochs), 2.0 * (epochs or 1)

    def properties(self, arch):
        return {}


class ToyBenchmark(Benchmark):
    """Scores from a function; two seconds an epoch."""

    id = "toy/toy"
    default_budget = Budget(10, "queries")
    units = ("queries", "epochs", "seconds")
    checksum = ""

    def __init__(
        self, space, score, fidelities=(None,), direction="maximize", repeats="charged"
    ) -> None:
        self.space, self.score, self.fidelities = space, score, fidelities
        self.direction, self.repeats = direction, repeats

    def oracle(self, noise_key):
        return ToyOracle(self.score, self.sign, self.space)

    def report(self, archs):
        return [self.score(arch, self.fidelities[-1]) for arch in archs]

    def card(self):
        raise NotImplementedError


@dataclass
class Played:
    """What came of a search."""

    archs: list[Architecture]
    fidelities: list[int | None]
    scores: list[float]
    best: Architecture | None
    ledger: Ledger


def _play(method: Method, benchmark: Benchmark, budget: str | int, seed: int = 0) -> Played:
    ledger = Ledger()
    rng = np.random.default_rng(seed)
    problem = Problem(benchmark, Budget.parse(budget), rng, 0, ledger)
    try:
        chosen = method.search(problem)
    except BudgetExhausted:
        chosen = None
    return Played(
        ledger.archs, ledger.fidelities, ledger.scores, chosen or ledger.incumbent, ledger
    )


@pytest.fixture
def play() -> Callable[..., Played]:
    return _play


@pytest.fixture
def toy_space() -> Any:
    return ToySpace


@pytest.fixture
def toy() -> Any:
    return ToyBenchmark


@pytest.fixture
def table() -> Callable[..., Score]:
    """A function with one random value per genotype."""

    def make(sizes, seed=0) -> Score:
        values = np.random.default_rng(seed).random(sizes)
        return lambda arch, epochs: float(values[arch])

    return make


@pytest.fixture
def smooth() -> Callable[..., Score]:
    """A function in which most of the score is a sum over decisions, and some over pairs."""

    def make(sizes, seed=0) -> Score:
        rng = np.random.default_rng(seed)
        single = [rng.normal(size=n) for n in sizes]
        pairs = [0.5 * rng.normal(size=(a, b)) for a, b in pairwise(sizes)]

        def score(arch, epochs):
            value = sum(w[i] for w, i in zip(single, arch, strict=True))
            value += sum(w[a, b] for w, (a, b) in zip(pairs, pairwise(arch), strict=True))
            return float(value)

        return score

    return make
