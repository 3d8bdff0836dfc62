"""What a study is to run: benchmarks x methods x seeds, fully crossed, one budget a benchmark."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.core.errors import HarnessError, InvalidStudy, UnknownName
from harness.core.predictor import refuse_lacking_encodings
from harness.core.registry import LoadedMethod, load_method, methods_without_need
from harness.study.backends import check_backend
from harness.study.run import check_budget
from harness.tables.open import open_benchmark

DEFAULT_SEEDS = 30
MAX_SEEDS = 1_000_000
CONTROL = "random-search"

# The study that `compare` runs when it is told nothing: embedded data, every cheap kind of method.
DEFAULT_BENCHMARKS = ("nasbench-graph/cora", "nasbench201/digits")
DEFAULT_METHODS = (
    "random-search",
    "regularized-evolution",
    "local-search",
    "genetic-algorithm",
    "tpe",
    "bohb",
)


@dataclass(frozen=True)
class Study:
    """A study as it is written down; options of the command line have the same names.

    Attributes:
        name: the results lie in ``results/NAME`` unless ``out`` says otherwise.
        benchmarks: ids with settings, or paths of TOML descriptions.
        methods: names with parameters, or ``file.py:Class``.
        seeds: the seeds; each is one run of every method on every benchmark.
        budget: one for all benchmarks, or one by benchmark id; the benchmark's own where absent.
        control: the method that the others are compared with; the first one where absent.
        time_limit: seconds on the wall after which a run fails; None for no limit.
        jobs: worker processes; None for one a core.
        backend: ``loky`` (processes on this machine), ``dask`` or ``ray``.
        scheduler: address of a Dask scheduler or Ray head.
        out: folder of the results.
        format: how the result is printed.
    """

    name: str = "default"
    benchmarks: tuple[str, ...] = DEFAULT_BENCHMARKS
    methods: tuple[str, ...] = DEFAULT_METHODS
    seeds: tuple[int, ...] = tuple(range(DEFAULT_SEEDS))
    budget: str | dict[str, str] = ""
    control: str = ""
    time_limit: float | None = None
    jobs: int | None = None
    backend: str = "loky"
    scheduler: str = ""
    out: str = ""
    format: str = "table"

    @property
    def folder(self) -> Path:
        """Where the results lie."""
        return Path(self.out) if self.out else Path("results") / self.name

    def changed(self, **options: Any) -> Study:
        """The study with those options replaced that are not None."""
        given = {name: value for name, value in options.items() if value is not None}
        return replace(self, **{name: _read(name, value) for name, value in given.items()})


def parse_seeds(text: str | int) -> tuple[int, ...]:
    """Read ``30`` (seeds 0 to 29), ``0-29`` or ``3,5,10-12``.

    Raises:
        InvalidStudy: the text is none of these, names a seed twice, or too many of them.
    """
    if re.fullmatch(r"0+", str(text)):
        raise InvalidStudy("0 seeds are no study. Write --seeds 30 or --seeds 0-29")
    if re.fullmatch(r"\d{1,9}", str(text)):
        return parse_seeds(f"0-{int(text) - 1}")
    seeds: list[int] = []
    for part in str(text).split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if match is None:
            raise InvalidStudy(f"cannot read the seeds '{text}'. Write 30, 0-29 or 3,5,10-12")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if last < first:
            raise InvalidStudy(f"the seeds {part.strip()} run backwards")
        if last - first >= MAX_SEEDS:
            raise InvalidStudy(f"'{text}' are more than {MAX_SEEDS:,} seeds")
        seeds.extend(range(first, last + 1))
    if len(set(seeds)) < len(seeds):
        raise InvalidStudy(f"the seeds '{text}' name one twice")
    return tuple(sorted(seeds))


def load_study(path: Path) -> Study:
    """Read a study file.

    Raises:
        InvalidStudy: the file is missing, is no TOML, or has an unknown key or a wrong type.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise InvalidStudy(f"no study file '{path}' (looked in {Path.cwd()})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidStudy(f"{path} is no TOML: {error}") from error
    names = [field.name for field in fields(Study)]
    for key in content:
        if key not in names:
            raise UnknownName(f"key of {path}", key, names)
    try:
        # Paths in a study file are relative to it, so that it means the same from every folder.
        for key in ("benchmarks", "methods"):
            if isinstance(content.get(key), list):
                content[key] = [_beside(path, entry) for entry in content[key]]
        return Study(name=path.stem).changed(**content)
    except InvalidStudy as error:
        raise InvalidStudy(f"{path}: {error}") from error


def _beside(study: Path, entry: Any) -> Any:
    if isinstance(entry, str) and re.match(r"[^:]*\.(py|toml)\b", entry):
        return str(study.parent / entry)
    return entry


_TEXTS = ("name", "control", "backend", "scheduler", "out", "format")


def _read(name: str, value: Any) -> Any:
    """Check and convert one key of a study."""
    if name == "seeds":
        if isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value):
            return parse_seeds(",".join(map(str, value)))
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            return parse_seeds(value)
        raise InvalidStudy(f"seeds cannot be {value!r}. Write 30, '0-29' or a list")
    if name in ("benchmarks", "methods"):
        if (
            not isinstance(value, (list, tuple))
            or not value
            or not all(isinstance(entry, str) for entry in value)
        ):
            raise InvalidStudy(f"{name} must be a list of texts with at least one entry")
        return tuple(value)
    if name == "budget":
        if isinstance(value, dict):
            return {str(key): str(amount) for key, amount in value.items()}
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return str(value)
        raise InvalidStudy(f"budget cannot be {value!r}. Write 200, '12000s' or '500epochs'")
    if name == "time_limit":
        if type(value) in (int, float) and 0 < value < math.inf:
            return float(value)
        raise InvalidStudy(f"time_limit cannot be {value!r}: it is a number of seconds above 0")
    if name == "jobs":
        if type(value) is int and value > 0:
            return value
        raise InvalidStudy(f"jobs cannot be {value!r}: it is a number of processes, at least 1")
    if name in _TEXTS and isinstance(value, str) and value:
        return value
    raise InvalidStudy(f"{name} cannot be {value!r}: it is a text")


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
    _refuse_twice("benchmark", [benchmark.id for benchmark in benchmarks])
    _refuse_twice("method", [method.identity for method in methods])
    control = _control(study.control, methods)
    for benchmark in benchmarks:
        for method in methods:
            _refuse_unsuited(method, benchmark)
    budgets = {
        benchmark.id: _budget(study, text, benchmark)
        for text, benchmark in zip(study.benchmarks, benchmarks, strict=True)
    }
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


def _refuse_twice(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InvalidStudy(f"{kind} {name} stands twice in the study")


def _refuse_unsuited(method: LoadedMethod, benchmark: Benchmark) -> None:
    needed, space = method.method.needs(), benchmark.space
    if not needed <= space.encodings:
        refuse_lacking_encodings(
            method.identity, needed, space, methods_without_need(space.encodings)
        )


def _control(wanted: str, methods: Sequence[LoadedMethod]) -> str:
    identities = [method.identity for method in methods]
    if wanted:
        if wanted not in identities:
            raise UnknownName("control among the methods of this study", wanted, identities)
        return wanted
    return CONTROL if CONTROL in identities else identities[0]


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
        "method": method.identity.partition(":")[0] if not method.digest else method.identity,
        "method_version": method.method.version,
        "method_file": method.digest,
        "parameters": _plain(method.method.parameters()),
        "budget": str(budget),
    }
    written = json.dumps(identity, sort_keys=True)
    key = hashlib.sha256(written.encode()).hexdigest()[:12]
    return Pair(_absolute(text), _absolute(method_text), budget, identity, key)


def _absolute(reference: str) -> str:
    """The reference with its path, if it has one, in a form that every process understands."""
    match = re.match(r"([^:=]*\.(?:py|toml))(?=:|$)", reference)
    return str(Path(match.group(1)).resolve()) + reference[match.end() :] if match else reference


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise HarnessError(
                f"parameter {name} is {value!r}: a hyper-parameter is a number, a text, true, "
                "false or none, so that it can be written down with the results"
            )
    return dict(parameters)
