"""Methods, scorers and benchmarks by name, found by entry points, loaded when asked for."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from harness.core.benchmark import Benchmark, BenchmarkEntry, BenchmarkFamily
from harness.core.configured import Configured
from harness.core.errors import HarnessError, MissingExtra, UnknownName
from harness.core.method import Method
from harness.core.names import check_version, format_reference, parse_reference
from harness.core.predictor import Predictor

METHODS = "nas_harness.methods"
SCORERS = "nas_harness.scorers"
BENCHMARKS = "nas_harness.benchmarks"

T = TypeVar("T", bound=Configured)

Suit = Callable[[Configured], bool]

# One module of each optional dependency group, whose presence stands for the group.
_PROBES = {
    "neural": "torch",
    "live": "pooch",
    "nasbench101": "google_crc32c",
    "nasbench201": "nats_bench",
}


@dataclass(frozen=True)
class LoadedMethod:
    """A method with its identity.

    Attributes:
        identity: name and every parameter that was given; what tables show.
        given: parameters as they were given.
        method: ready to search.
        origin: ``PACKAGE`` or the file it came from.
        digest: SHA-256 of that file; empty for an installed method, whose version speaks for it.
    """

    identity: str
    given: dict[str, str]
    method: Method
    origin: str
    digest: str


@dataclass(frozen=True)
class LoadedScorer:
    """A predictor with its identity.

    Attributes:
        identity: name and every parameter that was given; what tables show.
        given: parameters as they were given.
        scorer: ready to be attached to a space.
        digest: SHA-256 of the file it came from; empty for an installed one.
    """

    identity: str
    given: dict[str, str]
    scorer: Predictor
    digest: str


@dataclass(frozen=True)
class MethodEntry:
    """One line of ``harness list methods`` or ``harness list scorers``.

    Attributes:
        name: registered name.
        summary: first line of the docstring.
        parameters: hyper-parameters with their defaults.
        missing: why it cannot be used on this machine and what to do; empty where it can.
    """

    name: str
    summary: str
    parameters: dict[str, Any]
    missing: str


@cache
def _points(group: str) -> Mapping[str, EntryPoint]:
    found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for point in entry_points(group=group):
        if all(point.value != other.value for other in found[point.name]):
            found[point.name].append(point)
    for name, points in found.items():
        if len(points) > 1:
            owners = " and ".join(f"{p.dist.name if p.dist else '?'} ({p.value})" for p in points)
            raise HarnessError(f"'{name}' is registered twice, by {owners}. Uninstall one of them")
    return {name: points[0] for name, points in sorted(found.items())}


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise HarnessError(
            f"'{point.name}' is registered as {point.value}, which cannot be loaded: "
            f"{type(error).__name__}: {error}"
        ) from error


def missing_extra(extra: str) -> str:
    """Why an optional dependency group cannot be used, with the remedy; empty where it can."""
    if not extra or importlib.util.find_spec(_PROBES[extra]) is not None:
        return ""
    return f"needs the extra '{extra}': pip install 'nas-harness[{extra}]'"


def method_names() -> list[str]:
    """Registered names of methods, sorted."""
    return list(_points(METHODS))


def list_methods() -> list[MethodEntry]:
    """All registered methods, those included that cannot be used on this machine."""
    return [_method_entry(name, point) for name, point in _points(METHODS).items()]


def list_scorers() -> list[MethodEntry]:
    """All registered scorers, those included that cannot be used on this machine."""
    return [_method_entry(name, point, Predictor) for name, point in _points(SCORERS).items()]


def methods_that(suit: Suit) -> list[str]:
    """Registered methods that are suited with their defaults."""
    return _that(suit, METHODS, Method)


def scorers_that(suit: Suit) -> list[str]:
    """Registered scorers that are suited with their defaults."""
    return _that(suit, SCORERS, Predictor)


def _that(suit: Suit, group: str, base: type[Configured]) -> list[str]:
    found = []
    for name, point in _points(group).items():
        try:
            suited = suit(_class_of(_load(point), point.value, base).from_text({}))
        except HarnessError:
            continue
        if suited:
            found.append(name)
    return found


def _method_entry(name: str, point: EntryPoint, base: type[Configured] = Method) -> MethodEntry:
    try:
        method = _class_of(_load(point), point.value, base)
        parameters = method.from_text({}).parameters()
    except HarnessError as error:
        return MethodEntry(name, "", {}, str(error))
    return MethodEntry(name, method.summary(), parameters, missing_extra(method.extra))


def load_method(text: str) -> LoadedMethod:
    """Find a method by registered name or ``file.py:Class``, with parameters.

    Raises:
        UnknownName: there is no such method.
        MissingExtra: it needs an optional dependency.
        HarnessError: its file cannot be read, or a parameter is wrong.
    """
    cls, shown, origin, digest, given = _find(text, "method", METHODS, Method)
    return LoadedMethod(format_reference(shown, given), given, cls.from_text(given), origin, digest)


def load_scorer(text: str) -> LoadedScorer:
    """Find a predictor by registered name or ``file.py:Class``, with parameters.

    Raises:
        UnknownName: there is no such predictor.
        MissingExtra: it needs an optional dependency.
        HarnessError: its file cannot be read, or a parameter is wrong.
    """
    cls, shown, _, digest, given = _find(text, "scorer", SCORERS, Predictor)
    return LoadedScorer(format_reference(shown, given), given, cls.from_text(given), digest)


def load_predictor(text: str) -> Predictor:
    """Find a predictor, as `load_scorer` does, for a method that uses one."""
    return load_scorer(text).scorer


def _find(
    text: str, kind: str, group: str, base: type[T]
) -> tuple[type[T], str, str, str, dict[str, str]]:
    """The class that a reference names, what it is called, where it is from, and parameters."""
    # What a file prints while it is loaded is no result.
    with redirect_stdout(sys.stderr):
        return _find_class(text, kind, group, base)


def _find_class(
    text: str, kind: str, group: str, base: type[T]
) -> tuple[type[T], str, str, str, dict[str, str]]:
    reference = parse_reference(text)
    digest = ""
    if match := re.fullmatch(r"(.+\.py)(?::(.*))?", reference.name):
        file = Path(match.group(1))
        module = _module_of(file)
        cls = _class_in(module, file, match.group(2) or "", base)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        shown, origin = f"{file.stem}:{cls.__name__}", str(file)
    else:
        points = _points(group)
        if reference.name not in points:
            raise UnknownName(kind, reference.name, points, f"harness list {kind}s")
        point = points[reference.name]
        cls = _class_of(_load(point), point.value, base)
        shown, origin = reference.name, point.dist.name if point.dist else point.value
    check_version(kind, reference, cls.version)
    if missing := missing_extra(cls.extra):
        raise MissingExtra(f"{kind} {shown} {missing}")
    return cls, shown, origin, digest, reference.settings


def _class_of(found: Any, where: str, base: type[T]) -> type[T]:
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise HarnessError(
            f"{where} is no {base.__name__}: write class NAME(harness.{base.__name__})"
        )
    if inspect.isabstract(found):
        lacking = ", ".join(f"{name}()" for name in sorted(vars(found)["__abstractmethods__"]))
        raise HarnessError(f"{where} has no {lacking}")
    return found


def _module_of(file: Path) -> ModuleType:
    if not file.is_file():
        raise HarnessError(f"no method file '{file}' (looked in {Path.cwd()})")
    # The path is part of the name, so that two files of the same name do not meet.
    name = f"_user_method_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    module = ModuleType(name)
    module.__file__ = str(file.resolve())
    sys.modules[name] = module
    try:
        # Not through the import system: its cache takes a file for unchanged that was edited within
        # the same second.
        exec(compile(file.read_bytes(), module.__file__, "exec"), module.__dict__)
    except SyntaxError as error:
        raise HarnessError(f"{file}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise HarnessError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _class_in(module: ModuleType, file: Path, name: str, base: type[T]) -> type[T]:
    own = {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    }
    if not name and len(own) == 1:
        return next(iter(own.values()))
    if not name:
        raise HarnessError(
            f"{file} has {len(own)} classes; name one: {file}:CLASS with CLASS one of "
            f"{', '.join(own) or f'none (no class there is a whole harness.{base.__name__})'}"
        )
    if not hasattr(module, name):
        raise UnknownName(f"class in {file}", name, own)
    return _class_of(getattr(module, name), f"{file}:{name}", base)


def list_benchmarks() -> list[BenchmarkEntry]:
    """All registered benchmarks, those included that cannot be used on this machine."""
    entries = []
    for name in _points(BENCHMARKS):
        try:
            entries += _family(name).entries()
        except HarnessError as error:
            entries.append(BenchmarkEntry(f"{name}/*", "", str(error)))
    return entries


def families() -> dict[str, BenchmarkFamily]:
    """All registered families of benchmarks by the name of their space."""
    return {name: _family(name) for name in _points(BENCHMARKS)}


def _family(name: str) -> BenchmarkFamily:
    point = _points(BENCHMARKS)[name]
    family = _load(point)()
    if not isinstance(family, BenchmarkFamily):
        raise HarnessError(f"{point.value} is no BenchmarkFamily")
    return family


def load_benchmark(text: str) -> Benchmark:
    """Find a benchmark by id, with settings.

    Raises:
        UnknownName: there is no such benchmark.
        MissingData: its data is not on this machine.
        HarnessError: a setting is wrong.
    """
    reference = parse_reference(text)
    space, _, dataset = reference.name.partition("/")
    known = _points(BENCHMARKS)
    datasets = [e.id.partition("/")[2] for e in _family(space).entries()] if space in known else []
    if dataset not in datasets:
        ids = [entry.id for entry in list_benchmarks()]
        raise UnknownName("benchmark", reference.name, ids, "harness list benchmarks")
    benchmark = _family(space).make(dataset, reference.settings)
    check_version("benchmark", reference, benchmark.version)
    return benchmark
