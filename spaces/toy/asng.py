"""The toy problem of ASNG (Akimoto et al., ICML 2019, section 3.1): ``toy/asng``."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from harness import (
    Architecture,
    Benchmark,
    BenchmarkCard,
    Budget,
    Decision,
    SearchSpace,
)

VARIABLES, CHOICES = 30, 5


class AsngBenchmark(Benchmark):
    """Find the first choice of every variable, while a number for each choice is learned beside.

    The loss of a genotype c with weights x and noise z is the sum over variables i of
    ``(x[i, c_i] - z_i)**2 + c_i / K``, for K choices. What a query answers is this loss with the
    noise left out and x at its optimum, which is 0: the sum of ``c_i / K``. It is known in closed
    form, so it costs nothing but is charged as one epoch, in which x could have been learned. The
    best is 0.

    For methods that share weights there is a supernet whose weights are x; see
    `spaces.toy.search_task`.
    """

    direction = "minimize"
    fidelities = (1,)
    repeats = "charged"
    default_budget = Budget(200, "epochs")
    units = ("queries", "epochs")

    def __init__(self, variables: int = VARIABLES, choices: int = CHOICES) -> None:
        """Make the problem.

        Args:
            variables: their number, at least 1; 30 in the paper.
            choices: of each variable, at least 2; 5 in the paper.
        """
        changed = [f"variables={variables}"] * (variables != VARIABLES)
        changed += [f"choices={choices}"] * (choices != CHOICES)
        self.id = ":".join(["toy/asng", *filter(None, [",".join(changed)])])
        names = tuple(map(str, range(choices)))
        decisions = [Decision(f"c{i + 1}", names) for i in range(variables)]
        self.space = SearchSpace("toy-asng", decisions)
        self._variables, self._choices = variables, choices

    @property
    def task(self) -> object:
        """See `spaces.toy.search_task.AsngTask`."""
        from spaces.toy.search_task import AsngTask

        return AsngTask(self._variables, self._choices)

    @property
    def checksum(self) -> str:
        """SHA-256 of what the problem is made of."""
        text = f"toy/asng {self._variables} {self._choices}"
        return hashlib.sha256(text.encode()).hexdigest()

    def oracle(self, noise_key: int) -> AsngOracle:
        """See `Benchmark.oracle`; there is no noise."""
        return AsngOracle(self)

    def loss(self, arch: Architecture) -> float:
        """The loss of a genotype at the optimum of its weights."""
        return sum(self.space.check(arch)) / self._choices

    def report(self, archs: Sequence[Architecture]) -> list[float]:
        """See `Benchmark.report`."""
        return [self.loss(arch) for arch in archs]

    def card(self) -> BenchmarkCard:
        """See `Benchmark.card`."""
        worst = self._variables * (self._choices - 1) / self._choices
        known = "in closed form, weights at their optimum"
        return BenchmarkCard(
            id=self.id,
            version=self.version,
            space=self.space.id,
            dataset="asng",
            metric="loss",
            direction=self.direction,
            searched="loss",
            searched_trials=known,
            reported="loss",
            reported_trials=known,
            searches_reported=True,
            noise="mean",
            repeats=self.repeats,
            cost="",
            architectures=self.space.cardinality,
            unique=self.space.cardinality,
            optimum=0.0,
            worst=worst,
            mean_random=worst / 2,
            default_budget=str(self.default_budget),
            units=self.units,
            citation=(
                "Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, Adaptive Stochastic "
                "Natural Gradient Method for One-Shot Neural Architecture Search, ICML 2019"
            ),
            licence="Apache-2.0",
            checksum=self.checksum,
        )


class AsngOracle:
    """Minus the loss; see `harness.core.benchmark.Oracle`."""

    def __init__(self, benchmark: AsngBenchmark) -> None:
        """Answer for this problem."""
        self._benchmark = benchmark

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """Minus the loss, and no seconds."""
        return -self._benchmark.loss(arch), math.nan

    def properties(self, arch: Architecture) -> dict[str, float]:
        """None are known."""
        return {}
