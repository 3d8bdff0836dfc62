"""What a method sees of a run, and the ledger that counts what it spends."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.core.errors import BudgetExhausted, HarnessError
from harness.core.logs import Logs, write_down
from harness.core.space import Architecture, SearchSpace

MAX_FREE_REPEATS = 1_000


class Ledger:
    """Everything that a run asked, what it was told and what it cost.

    The lists run in parallel, one entry a query. Costs are cumulative and include what was spent
    without a query.

    Attributes:
        archs: the architecture.
        fidelities: epochs of training behind the score; None where the benchmark knows none.
        scores: the score seen; higher is better.
        charged: queries charged so far.
        epochs: epochs spent so far.
        seconds: seconds spent so far.
        incumbents: index of the query with the best score so far.
        best: the last of these.
        counts: how often something happened that the method counts, by its name.
        logs: what the method wrote down as it went on, by its name.
        best_rank: fidelity and score of that query.
        total_charged: queries charged.
        total_epochs: epochs spent, with or without a query.
        total_seconds: seconds spent, with or without a query.
    """

    __slots__ = (
        "__weakref__",
        "archs",
        "best",
        "best_rank",
        "charged",
        "counts",
        "epochs",
        "fidelities",
        "incumbents",
        "logs",
        "scores",
        "seconds",
        "total_charged",
        "total_epochs",
        "total_seconds",
    )

    def __init__(self) -> None:
        """Start empty."""
        self.archs: list[Architecture] = []
        self.fidelities: list[int | None] = []
        self.scores: list[float] = []
        self.charged: list[int] = []
        self.epochs: list[float] = []
        self.seconds: list[float] = []
        self.incumbents: list[int] = []
        self.best = 0
        self.counts: dict[str, int] = {}
        self.logs: Logs = {}
        self.best_rank = (-1, 0.0)
        self.total_charged = 0
        self.total_epochs = 0.0
        self.total_seconds = 0.0

    @property
    def incumbent(self) -> Architecture | None:
        """The architecture with the best score at the highest fidelity asked so far."""
        return self.archs[self.incumbents[-1]] if self.incumbents else None


class Problem:
    """All that a method sees: a space, a generator, a budget and scores on validation data.

    Attributes:
        space: the search space.
        rng: the run's own generator; the only source of randomness that a method may use.
        fidelities: epochs that `evaluate` accepts, ascending; the last one is the full fidelity.
        scratch: a folder of this run alone, for what lets it go on after an interruption; it may
            not exist yet, and is deleted when the run has ended. None where nothing is kept.
    """

    __slots__ = (
        "__weakref__",
        "_asked",
        "_benchmark",
        "_budget",
        "_epochs_limit",
        "_free_streak",
        "_full",
        "_ledger",
        "_measure",
        "_oracle",
        "_queries_limit",
        "_seconds_limit",
        "fidelities",
        "rng",
        "scratch",
        "space",
    )

    def __init__(
        self,
        benchmark: Benchmark,
        budget: Budget,
        rng: np.random.Generator,
        noise_key: int,
        ledger: Ledger,
        scratch: Path | None = None,
    ) -> None:
        """Open a run.

        Args:
            benchmark: what is searched.
            budget: what may be spent.
            rng: the run's generator.
            noise_key: see `Benchmark.oracle`.
            ledger: is written to.
            scratch: see the attribute.
        """
        self.scratch = scratch
        self.space: SearchSpace = benchmark.space
        self.rng = rng
        self.fidelities = benchmark.fidelities
        self._full = benchmark.fidelities[-1]
        self._budget = budget
        self._queries_limit = budget.amount if budget.unit == "queries" else math.inf
        self._epochs_limit = budget.amount if budget.unit == "epochs" else math.inf
        self._seconds_limit = budget.amount if budget.unit == "seconds" else math.inf
        self._ledger = ledger
        self._oracle = benchmark.oracle(noise_key)
        self._measure = self._oracle.measure
        self._asked: dict[tuple[Hashable, int | None], float] | None = (
            {} if benchmark.repeats == "free" else None
        )
        self._free_streak = 0
        self._benchmark = benchmark
        _OPEN.add(self)

    @property
    def budget(self) -> Budget:
        """What is left."""
        ledger = self._ledger
        spent = {
            "queries": ledger.total_charged,
            "epochs": ledger.total_epochs,
            "seconds": ledger.total_seconds,
        }[self._budget.unit]
        return Budget(max(0.0, self._budget.amount - spent), self._budget.unit)

    @property
    def task(self) -> Any:
        """Training and validation data and networks, see `Benchmark.task`."""
        return self._benchmark.task

    def properties(self, arch: Architecture) -> dict[str, float]:
        """What is known of an architecture for free (parameters, FLOPs ...)."""
        return self._oracle.properties(arch)

    def evaluate(self, arch: Architecture, epochs: int | None = None) -> float:
        """Train an architecture and score it on validation data.

        Args:
            arch: a genotype of the space.
            epochs: one of `fidelities`; the full one where None.

        Returns:
            The score; higher is better, whatever the benchmark's metric.

        Raises:
            BudgetExhausted: the query does not fit into what is left; it is not made.
            InvalidArchitecture: the genotype is not in the space.
            HarnessError: no such fidelity.
        """
        if epochs is None:
            epochs = self._full
        elif epochs not in self.fidelities:
            known = ", ".join(str(level) for level in self.fidelities)
            raise HarnessError(f"cannot evaluate after {epochs} epochs here. All: {known}")
        asked = self._asked
        if asked is not None:
            key = (self.space.canonical(self.space.check(arch)), epochs)
            if key in asked:
                return self._repeat_for_free(arch, epochs, asked[key])
        ledger = self._ledger
        charged = ledger.total_charged + 1
        spent_epochs = ledger.total_epochs + (epochs or 0)
        if charged > self._queries_limit or spent_epochs > self._epochs_limit:
            raise BudgetExhausted
        score, cost = self._measure(arch, epochs)
        spent_seconds = ledger.total_seconds + cost
        if spent_seconds > self._seconds_limit:
            raise BudgetExhausted
        if score != score:
            raise HarnessError(f"the benchmark returned NaN for {arch}")
        ledger.total_charged = charged
        ledger.total_epochs = spent_epochs
        ledger.total_seconds = spent_seconds
        if asked is not None:
            asked[key] = score
            self._free_streak = 0
        self._record(arch, epochs, score)
        return score

    def evaluate_many(
        self, archs: Sequence[Architecture], epochs: int | None = None
    ) -> list[float]:
        """Evaluate architectures in their order.

        Raises:
            BudgetExhausted: one of them does not fit into what is left; those before it were made
                and are in the run's trace.
        """
        return [self.evaluate(arch, epochs) for arch in archs]

    def spend(self, *, epochs: float = 0.0, seconds: float = 0.0) -> None:
        """Charge work that is not a query, such as the training of a supernet.

        Args:
            epochs: epochs of training.
            seconds: seconds of it.

        Raises:
            BudgetExhausted: it does not fit into what is left; nothing is charged.
        """
        # Written so that NaN is refused: no sum with it would ever exceed a limit.
        if not (0 <= epochs < math.inf and 0 <= seconds < math.inf):
            raise HarnessError(
                f"cannot spend {epochs} epochs and {seconds} seconds: both are numbers, 0 or more"
            )
        ledger = self._ledger
        spent_epochs = ledger.total_epochs + epochs
        spent_seconds = ledger.total_seconds + seconds
        if spent_epochs > self._epochs_limit or spent_seconds > self._seconds_limit:
            raise BudgetExhausted
        ledger.total_epochs = spent_epochs
        ledger.total_seconds = spent_seconds

    def count(self, what: str, times: int = 1) -> None:
        """Count something that costs nothing but is worth knowing; stored with the run.

        Args:
            what: in words, e.g. ``invalid sequences decoded``.
            times: how often it happened.
        """
        self._ledger.counts[what] = self._ledger.counts.get(what, 0) + times

    def log(self, name: str, value: float | Sequence[float]) -> None:
        """Write a number, or a row of numbers, behind those of the same name; stored with the run.

        Args:
            name: in words, e.g. ``share of skip connections``.
            value: what it is now.
        """
        write_down(self._ledger.logs, name, value)

    def _record(self, arch: Architecture, epochs: int | None, score: float) -> None:
        ledger = self._ledger
        # Scores of different fidelities cannot be compared: the longer training wins.
        rank = (epochs or 0, score)
        if rank > ledger.best_rank:
            ledger.best_rank = rank
            ledger.best = len(ledger.scores)
        ledger.incumbents.append(ledger.best)
        ledger.archs.append(arch)
        ledger.fidelities.append(epochs)
        ledger.scores.append(score)
        ledger.charged.append(ledger.total_charged)
        ledger.epochs.append(ledger.total_epochs)
        ledger.seconds.append(ledger.total_seconds)

    def _repeat_for_free(self, arch: Architecture, epochs: int | None, score: float) -> float:
        # A method that only repeats itself never meets its budget, so something must end it.
        self._free_streak += 1
        if self._free_streak > MAX_FREE_REPEATS:
            raise BudgetExhausted
        self._record(arch, epochs, score)
        return score

    def _close(self) -> None:
        def refuse(arch: Architecture, epochs: int | None) -> tuple[float, float]:
            raise HarnessError(
                "evaluate was called in a forked process, where the budget cannot be counted. "
                "Call it in the process that runs search()"
            )

        self._measure = refuse
        self._asked = None


_OPEN: weakref.WeakSet[Problem] = weakref.WeakSet()


def _close_in_child() -> None:
    for problem in list(_OPEN):
        problem._close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
