"""Running a method under observation: what the checks share."""

from __future__ import annotations

import inspect
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.core.benchmark import Benchmark, Oracle
from harness.core.budget import Budget
from harness.core.errors import InvalidArchitecture
from harness.core.method import Method
from harness.core.registry import load_method
from harness.core.space import Architecture
from harness.study.run import RunRecord, run_seeds
from harness.testing.synthetic import SyntheticBenchmark

Given = str | Method | type[Method]


class Violation(AssertionError):
    """A method does not hold the contract; the text says what was seen and what to do."""


@dataclass
class Lab:
    """A method and the time that a check of it may take.

    Attributes:
        given: name, path, class or instance.
        queries: budget of an ordinary run; in epochs for a method that queries do not count.
        time_limit: seconds on the wall for one check; checks of a method that hangs end then.
        method: ready to search.
    """

    given: Given
    queries: int = 40
    time_limit: float = 60.0
    method: Method = field(init=False)
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        """Load the method and start the clock."""
        if isinstance(self.given, str):
            self.method = load_method(self.given).method
        elif inspect.isclass(self.given):
            self.method = self.given.from_text({})
        else:
            self.method = self.given
        self._deadline = time.monotonic() + self.time_limit

    @property
    def budget(self) -> str:
        """The budget of an ordinary run, in what counts what the method spends."""
        return str(Budget(self.queries, "queries" if self.asks else "epochs"))

    @property
    def asks(self) -> bool:
        """Whether queries count what the method spends; they do not where it trains a supernet."""
        return "queries" in self.method.units

    @property
    def seconds_left(self) -> float:
        """Seconds on the wall that are left to the check."""
        return max(0.05, self._deadline - time.monotonic())

    def try_seeds(
        self, seeds: Sequence[int], benchmark: Benchmark | None = None, budget: str = ""
    ) -> list[RunRecord]:
        """Run seeds; a run that failed has its traceback in its record.

        Args:
            seeds: one run each.
            benchmark: an ordinary one where None.
            budget: of each run; an ordinary one where empty.
        """
        interruptible = hasattr(signal, "SIGALRM") and (
            threading.current_thread() is threading.main_thread()
        )
        return run_seeds(
            self.method,
            benchmark or SyntheticBenchmark(),
            Budget.parse(budget or self.budget),
            seeds,
            self.seconds_left if interruptible else None,
        )

    def run(
        self, seeds: Sequence[int], benchmark: Benchmark | None = None, budget: str = ""
    ) -> list[RunRecord]:
        """Run seeds, see `try_seeds`.

        Raises:
            Violation: a run failed.
        """
        budget = budget or self.budget
        records = self.try_seeds(seeds, benchmark, budget)
        for record in records:
            refuse_failure(record, f"with a budget of {Budget.parse(budget)}")
        return records


def refuse_failure(record: RunRecord, where: str) -> None:
    """Refuse a failed run.

    Raises:
        Violation: it failed, with the last line of its traceback.
    """
    if not record.error:
        return
    last = record.error.strip().splitlines()[-1].removeprefix("harness.core.errors.")
    if last.startswith("RunTimeout"):
        raise Violation(
            f"seed {record.seed} {where} did not end: it was stopped after {record.wall:.1f} s and "
            f"{record.queries} queries. Let BudgetExhausted pass (no bare 'except:' around "
            "evaluate), and ask for something in every round of a loop"
        )
    places = [line for line in record.error.splitlines() if line.startswith("  File ")]
    raise Violation(f"seed {record.seed} {where} failed: {last} ({places[-1].strip()})")


def difference(first: RunRecord, second: RunRecord) -> str:
    """Where two runs part, in words; empty where they are the same to the last bit."""
    a, b = first.trace, second.trace
    for i in range(min(len(a.scores), len(b.scores))):
        if (a.archs[i] != b.archs[i]).any() or a.fidelities[i] != b.fidelities[i]:
            return (
                f"query {i + 1} of seed {first.seed} was {_shown(first, i)} in one and "
                f"{_shown(second, i)} in the other"
            )
    if len(a.scores) != len(b.scores):
        return f"seed {first.seed} made {len(a.scores)} queries in one, {len(b.scores)} in another"
    for name in ("scores", "epochs", "seconds"):
        if not np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True):
            return f"the {name} of seed {first.seed} differ"
    if first.recommended != second.recommended:
        return f"seed {first.seed} recommends {first.recommended} and {second.recommended}"
    if first.epochs != second.epochs:
        return f"seed {first.seed} spent {first.epochs} epochs in one, {second.epochs} in another"
    for name, series in first.logs.items():
        if repr(series) != repr(second.logs.get(name)):
            return f"what seed {first.seed} wrote down as '{name}' differs"
    return ""


def refuse_difference(
    first: Sequence[RunRecord], second: Sequence[RunRecord], when: str, remedy: str
) -> None:
    """Refuse runs of the same seeds that differ.

    Raises:
        Violation: two runs differ.
    """
    others = {record.seed: record for record in second}
    for record in first:
        if words := difference(record, others[record.seed]):
            raise Violation(f"{when}, {words}. {remedy}")


def _shown(record: RunRecord, i: int) -> str:
    return f"{tuple(record.trace.archs[i].tolist())} at {record.trace.fidelities[i]} epochs"


class WatchedBenchmark(SyntheticBenchmark):
    """A synthetic benchmark that keeps count of what it is asked.

    Attributes:
        asked: how often a score was asked for, refused queries included.
        invalid: architectures that are not in the space.
    """

    asked = 0
    invalid: tuple[Architecture, ...] = ()

    def oracle(self, noise_key: int) -> Oracle:
        """See `Benchmark.oracle`."""
        return _WatchedOracle(self, super().oracle(noise_key))

    def watch(self) -> None:
        """Is called while a method waits for a score."""


class _WatchedOracle:
    def __init__(self, benchmark: WatchedBenchmark, oracle: Oracle) -> None:
        self._benchmark, self._oracle = benchmark, oracle
        self.properties = oracle.properties

    def measure(self, arch: Architecture, epochs: int | None) -> tuple[float, float]:
        """See `Oracle.measure`."""
        self._benchmark.asked += 1
        self._benchmark.watch()
        try:
            return self._oracle.measure(arch, epochs)
        except InvalidArchitecture:
            self._benchmark.invalid += (arch,)
            raise
