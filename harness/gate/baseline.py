"""The file that a change is held against: what every run reported, and what it depended on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.study.options import absolute, beside
from harness.study.plan import Study

SCHEMA = 1

_HEAD = """\
# A baseline of `harness check`: what each method reported under each seed, and digests of its
# queries. Not to be edited; `harness check FILE --update` shows what has changed and rewrites it.
"""

Key = tuple[str, str]
"""Identities of a benchmark and a method."""


class InvalidBaseline(HarnessError):
    """A file that is no baseline, or not one that this installation reads."""


@dataclass(frozen=True)
class GatedBenchmark:
    """A benchmark of a baseline.

    Attributes:
        given: the reference by which it is opened.
        id: its identity.
        version: raised when its scores change.
        data: SHA-256 of the data behind the scores.
        budget: of each run, as text.
        metric: what the scores are.
        direction: whether a larger or a smaller score is better.
        facts: digest of what the table answers and the ledger counts where nothing is drawn at
            random, see `harness.gate.probe`; empty for a benchmark without a table.
    """

    given: str
    id: str
    version: int
    data: str
    budget: str
    metric: str
    direction: str
    facts: str

    @property
    def point(self) -> float:
        """A point on the benchmark's own scale: a hundredth of accuracies from 0 to 1, else 1."""
        return 0.01 if "(0-1)" in self.metric else 1.0

    @property
    def sign(self) -> float:
        """1.0 where a larger score is better, -1.0 where a smaller one is."""
        return 1.0 if self.direction == "maximize" else -1.0


@dataclass(frozen=True)
class GatedMethod:
    """A method of a baseline.

    Attributes:
        given: the reference by which it is loaded.
        id: its identity as tables show it.
        effective: name, version and all parameters, those of the defaults included.
    """

    given: str
    id: str
    effective: str


@dataclass(frozen=True)
class Cell:
    """The runs of one method on one benchmark, in the order of the baseline's seeds.

    Attributes:
        benchmark: identity.
        method: identity.
        reported: final reported scores on the benchmark's own scale.
        traces: digests of everything that each run asked, saw and spent.
    """

    benchmark: str
    method: str
    reported: tuple[float, ...]
    traces: tuple[str, ...]

    @property
    def key(self) -> Key:
        """See `Key`."""
        return self.benchmark, self.method


@dataclass(frozen=True)
class Baseline:
    """What a change is held against.

    Attributes:
        command: what made it.
        made: versions and machine, in words.
        margin: losses up to this many points are accepted.
        seeds: ascending.
        benchmarks: in the order of the study.
        methods: in the order of the study.
        cells: benchmarks outermost.
    """

    command: str
    made: str
    margin: float
    seeds: tuple[int, ...]
    benchmarks: tuple[GatedBenchmark, ...]
    methods: tuple[GatedMethod, ...]
    cells: tuple[Cell, ...]

    def study(self, name: str) -> Study:
        """The study whose results these are."""
        return Study(
            name=name,
            benchmarks=tuple(benchmark.given for benchmark in self.benchmarks),
            methods=tuple(method.given for method in self.methods),
            seeds=self.seeds,
            budget={benchmark.given: benchmark.budget for benchmark in self.benchmarks},
        )

    def benchmark(self, id: str) -> GatedBenchmark:
        """A benchmark by its identity."""
        return next(benchmark for benchmark in self.benchmarks if benchmark.id == id)


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline; references that are paths become relative to it, as in a study file.

    Raises:
        HarnessError: the file cannot be written.
    """
    content = {"schema": SCHEMA, **asdict(baseline)}
    for kind in ("benchmarks", "methods"):
        for entry in content[kind]:
            entry["given"] = _relative(entry["given"], path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(_HEAD + _toml({"digest": _digest(content), **content}))
        os.replace(temporary, path)
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error}") from error


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        InvalidBaseline: it is missing, damaged, of another version, or was edited by hand.
    """
    remedy = f"Make it again: harness check {path} --update, with -b and -m if it cannot be read"
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise InvalidBaseline(
            f"no baseline '{path}' (looked in {Path.cwd()}). "
            f"Make it: harness check {path} --update -b BENCHMARK -m METHOD"
        ) from None
    except OSError as error:
        raise InvalidBaseline(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise InvalidBaseline(f"{path} is damaged, or no baseline: {error}. {remedy}") from error
    if content.get("schema") != SCHEMA:
        raise InvalidBaseline(
            f"{path} has schema {content.get('schema')}; this installation reads schema {SCHEMA}. "
            f"{remedy}"
        )
    if content.pop("digest", "") != _digest(content):
        raise InvalidBaseline(
            f"{path} is not what was written: its digest does not fit its content, so that it was "
            f"edited by hand or damaged. {remedy}"
        )
    try:
        found = _baseline(content, path)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidBaseline(f"{path} lacks something: {error}. {remedy}") from error
    if not found.cells or not found.seeds:
        raise InvalidBaseline(f"{path} holds no runs, so that nothing could be checked. {remedy}")
    expected = [(b.id, m.id) for b in found.benchmarks for m in found.methods]
    sizes = {len(cell.reported) for cell in found.cells} | {len(c.traces) for c in found.cells}
    if [cell.key for cell in found.cells] != expected or sizes != {len(found.seeds)}:
        raise InvalidBaseline(f"{path} lacks runs of its own study. {remedy}")
    return found


def _baseline(content: dict[str, Any], path: Path) -> Baseline:
    for kind in ("benchmarks", "methods"):
        for entry in content[kind]:
            entry["given"] = beside(path, entry["given"])
    return Baseline(
        command=content["command"],
        made=content["made"],
        margin=float(content["margin"]),
        seeds=tuple(content["seeds"]),
        benchmarks=tuple(GatedBenchmark(**entry) for entry in content["benchmarks"]),
        methods=tuple(GatedMethod(**entry) for entry in content["methods"]),
        cells=tuple(
            Cell(c["benchmark"], c["method"], tuple(c["reported"]), tuple(c["traces"]))
            for c in content["cells"]
        ),
    )


def _digest(content: Mapping[str, Any]) -> str:
    written = json.dumps(content, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _relative(reference: str, folder: Path) -> str:
    match = re.match(r"/[^:=]*\.(?:py|toml)(?=:|$)", absolute(reference))
    if match is None:
        return reference
    path = Path(os.path.relpath(match.group(), folder.resolve())).as_posix()
    return path + absolute(reference)[match.end() :]


def _toml(content: Mapping[str, Any]) -> str:
    """Texts, numbers, lists of these, and lists of tables, which stand last."""
    tables = {k: v for k, v in content.items() if isinstance(v, (list, tuple)) and _of_tables(v)}
    lines: list[str] = []
    for name, value in content.items():
        if isinstance(value, (list, tuple)) and name not in tables:
            lines += [f"{name} = [", *_wrapped(value), "]"]
        elif name not in tables:
            lines.append(f"{name} = {json.dumps(value)}")
    for name, entries in tables.items():
        for entry in entries:
            lines += ["", f"[[{name}]]", *_toml(entry).splitlines()]
    return "\n".join(lines) + "\n"


def _of_tables(values: Sequence[Any]) -> bool:
    return bool(values) and isinstance(values[0], dict)


def _wrapped(values: Iterable[Any]) -> list[str]:
    text = ", ".join(json.dumps(value) for value in values)
    return textwrap.wrap(text, 98, initial_indent="  ", subsequent_indent="  ")
