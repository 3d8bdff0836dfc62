"""What a study is to run: benchmarks x methods x seeds, fully crossed, one budget a benchmark."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.core.configured import Configured
from harness.core.errors import HarnessError, InvalidBudget, InvalidStudy, UnknownName
from harness.core.registry import LoadedMethod, load_method, load_scorer, methods_that
from harness.study.backends import check_backend
from harness.study.options import (
    StudyOptions,
    absolute,
    choose_control,
    read_study,
    refuse_twice,
)
from harness.study.run import RunRecord, check_budget, dead_run, run_seeds
from harness.study.unsuited import refuse_unsuited
from harness.study.workers import benchmark_of, method_of
from harness.tables.open import open_benchmark

CONTROL = "random-search"

# The study that `compare` runs when it is told nothing: every cheap kind of method.
DEFAULT_METHODS = (
    "random-search",
    "regularized-evolution",
    "local-search",
    "genetic-algorithm",
    "tpe",
    "bohb",
)


@dataclass(frozen=True)
class Study(StudyOptions):
    """Methods on benchmarks; the control is the method that the others are compared with.

    Attributes:
        methods: names with parameters, or ``file.py:Class``.
        budget: one for all benchmarks, or one by benchmark id; the benchmark's own where absent.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    budget: str | dict[str, str] = ""

    lists: ClassVar[tuple[str, ...]] = ("benchmarks", "methods")

    @classmethod
    def read(cls, name: str, value: Any) -> Any:
        """See `StudyOptions.read`."""
        if name != "budget":
            return super().read(name, value)
        if isinstance(value, dict):
            return {str(key): str(amount) for key, amount in value.items()}
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return str(value)
        raise InvalidStudy(f"budget cannot be {value!r}. Write 200, '12000s' or '500epochs'")


def load_study(path: Path) -> Study:
    """Read a study file; see `read_study`."""
    return read_study(path, Study)


@dataclass(frozen=True)
class Pair:
    """One benchmark and one method: the runs of a study that differ in their seed only.

    Attributes:
        benchmark: the reference by which a worker opens the benchmark.
        method: the reference by which a worker loads the method.
        budget: of each run.
        identity: everything that the runs depend on besides their seed.
        key: short hash of the identity.
    """

    benchmark: str
    method: str
    budget: Budget
    identity: dict[str, Any]
    key: str

    @property
    def given(self) -> dict[str, str]:
        """See `Task.given`."""
        return {"benchmark": self.benchmark, "method": self.method}

    def run(self, seeds: Sequence[int], time_limit: float | None, scratch: Path) -> list[RunRecord]:
        """See `Task.run`."""
        benchmark = benchmark_of(self.benchmark, self.identity["data"])
        method = method_of(self.method, self.identity["method_file"])
        return run_seeds(method, benchmark, self.budget, seeds, time_limit, scratch)

    def died(self, seed: int, how: str, wall: float) -> RunRecord:
        """See `Task.died`."""
        return dead_run(seed, how, wall)


@dataclass(frozen=True)
class Plan:
    """A study whose names were all found.

    Attributes:
        study: as it was written.
        benchmarks: opened, in the order of the study.
        methods: loaded, in the order of the study.
        control: identity of the control.
        budgets: by benchmark identity.
        pairs: by (benchmark identity, method identity), benchmarks outermost.
    """

    study: Study
    benchmarks: tuple[Benchmark, ...]
    methods: tuple[LoadedMethod, ...]
    control: str
    budgets: dict[str, Budget]
    pairs: dict[tuple[str, str], Pair]


def make_plan(study: Study) -> Plan:
    """Find everything that a study names, before anything is run.

    Raises:
        HarnessError: a name is unknown, data or an extra is missing, a budget cannot be counted,
            or a benchmark or method stands twice.
    """
    check_backend(study.backend, study.scheduler)
    methods = tuple(load_method(text) for text in study.methods)
    benchmarks = tuple(open_benchmark(text) for text in study.benchmarks)
    refuse_twice("benchmark", [benchmark.id for benchmark in benchmarks])
    identities = [method.identity for method in methods]
    refuse_twice("method", identities)
    control = choose_control("method", study.control, CONTROL, identities)
    for benchmark in benchmarks:
        for method in methods:
            refuse_unsuited(method.identity, method.method, benchmark, methods_that)
    budgets = {
        benchmark.id: _budget(study, text, benchmark)
        for text, benchmark in zip(study.benchmarks, benchmarks, strict=True)
    }
    for name, budget in budgets.items():
        for method in methods:
            if budget.unit not in method.method.units:
                raise InvalidBudget(
                    f"{method.identity} spends what {budget.unit} do not count, such as the "
                    f"training of a supernet. Give {name} a budget of "
                    f"{' or '.join(method.method.units)}, e.g. --budget 500epochs"
                )
    if isinstance(study.budget, dict):
        named = {*study.benchmarks, *budgets}
        for key in study.budget:
            if key not in named:
                raise UnknownName("benchmark of this study in [budget]", key, named)
    pairs = {}
    for text, benchmark in zip(study.benchmarks, benchmarks, strict=True):
        for method_text, method in zip(study.methods, methods, strict=True):
            pairs[benchmark.id, method.identity] = _pair(
                text, benchmark, method_text, method, budgets[benchmark.id]
            )
    return Plan(study, benchmarks, methods, control, budgets, pairs)


def _budget(study: Study, text: str, benchmark: Benchmark) -> Budget:
    if isinstance(study.budget, dict):
        written = study.budget.get(text, study.budget.get(benchmark.id, ""))
    else:
        written = study.budget
    budget = Budget.parse(written) if written else benchmark.default_budget
    check_budget(benchmark, budget)
    return budget


def _pair(
    text: str, benchmark: Benchmark, method_text: str, method: LoadedMethod, budget: Budget
) -> Pair:
    identity = {
        "benchmark": benchmark.id,
        "benchmark_version": benchmark.version,
        "data": benchmark.checksum,
        **identity_of("method", method.identity, method.method, method.digest),
        "budget": str(budget),
    }
    return Pair(absolute(text), absolute(method_text), budget, identity, short_key(identity))


def identity_of(kind: str, name: str, made: Configured, digest: str) -> dict[str, Any]:
    """What the runs of a method, or of a scorer, depend on.

    Args:
        kind: ``method`` or ``scorer``.
        name: its identity.
        made: the object.
        digest: SHA-256 of the file it came from; empty for an installed one.

    Raises:
        HarnessError: a parameter cannot be written down.
    """
    return {
        kind: name if digest else name.partition(":")[0],
        f"{kind}_version": made.version,
        f"{kind}_file": digest,
        "parameters": _plain(made.parameters()),
        # A new version of a predictor, or an edited file, makes new results of what uses it.
        **({"uses": used} if (used := _used(made)) else {}),
    }


def _used(made: Configured) -> list[dict[str, Any]]:
    scorers = [load_scorer(text) for text in made.uses()]
    methods = [load_method(text) for text in made.uses_methods()]
    return [
        *(identity_of("scorer", own.identity, own.scorer, own.digest) for own in scorers),
        *(identity_of("method", own.identity, own.method, own.digest) for own in methods),
    ]


def short_key(identity: Mapping[str, Any]) -> str:
    """Short hash of an identity."""
    written = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise HarnessError(
                f"parameter {name} is {value!r}: a hyper-parameter is a number, a text, true, "
                "false or none, so that it can be written down with the results"
            )
    return dict(parameters)
