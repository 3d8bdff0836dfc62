"""Whether a protocol can be run on this machine, and what is missing where it cannot."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError, MissingData, MissingExtra
from harness.core.names import parse_reference
from harness.core.registry import list_benchmarks, list_methods, list_scorers
from harness.gate.protocol import Protocol, ProtocolStudy
from harness.study.plan import Plan, Study, make_plan
from harness.study.rank_plan import RankPlan, make_rank_plan
from harness.tables.open import open_benchmark

NOT_YET = "not available yet"


class CannotReproduce(HarnessError):
    """What a protocol needs is not on this machine, or not in this installation."""


@dataclass(frozen=True)
class Prepared:
    """A study of a protocol, of which everything was found.

    Attributes:
        own: the study, with the benchmarks that it searches here.
        plan: what is run.
        benchmarks: opened, by the names that the protocol has for them.
        averaged: whether they are those for tables of averages.
    """

    own: ProtocolStudy
    plan: Plan | RankPlan
    benchmarks: dict[str, Benchmark]
    averaged: bool


def lacking(protocol: Protocol) -> str:
    """Why a protocol cannot be run, as far as names, tables and the device tell; empty if it can.

    Loads no data and no torch.
    """
    entries = {
        "method": {entry.name: entry.missing for entry in list_methods()},
        "scorer": {entry.name: entry.missing for entry in list_scorers()},
        "benchmark": {entry.id: entry.missing for entry in list_benchmarks()},
    }
    names = list(dict.fromkeys(_names(protocol)))
    unknown = [f"{kind} {name}" for kind, name in names if name not in entries[kind]]
    if unknown:
        return f"{NOT_YET}: {', '.join(unknown)}"
    if protocol.device == "cuda" and not has_cuda():
        return "needs a CUDA device, of which this machine has none: run it on one that has"
    for kind, name in names:
        if missing := entries[kind][name]:
            return f"{name} {missing}"
    return ""


def _names(protocol: Protocol) -> Iterator[tuple[str, str]]:
    for own in protocol.studies:
        kind = "method" if isinstance(own.study, Study) else "scorer"
        for reference in own.rows.values():
            yield kind, parse_reference(reference).name
        for reference in (*own.study.benchmarks, *(column.report for column in own.columns)):
            if reference:
                yield "benchmark", parse_reference(reference).name


def has_cuda() -> bool:
    """Whether there is a CUDA device; asks its driver, since torch takes seconds to load."""
    for library in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver = ctypes.CDLL(library)
        except OSError:
            continue
        count = ctypes.c_int(0)
        found = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
        return found and count.value > 0
    return False


def prepare(protocol: Protocol) -> list[Prepared]:
    """Find everything that a protocol names.

    Raises:
        CannotReproduce: something is not there; says what to do.
    """
    if why := lacking(protocol):
        raise CannotReproduce(f"{protocol.name}: {why}")
    try:
        return [_prepared(own) for own in protocol.studies]
    except (MissingData, MissingExtra) as error:
        raise CannotReproduce(f"{protocol.name}: {error}") from error


def _prepared(own: ProtocolStudy) -> Prepared:
    given = own.study.benchmarks
    averaged = bool(own.averages) and open_benchmark(given[0]).card().noise == "mean"
    if averaged:
        own = replace(own, study=replace(own.study, benchmarks=own.averages))
    plan = make_plan(own.study) if isinstance(own.study, Study) else make_rank_plan(own.study)
    for benchmark in plan.benchmarks if own.images else ():
        images = len(benchmark.task.train)
        if images < own.images:
            raise CannotReproduce(
                f"{benchmark.id} has {images:,} images to train on, where {own.images:,} were "
                "used: put the whole data set into its place"
            )
    return Prepared(own, plan, dict(zip(given, plan.benchmarks, strict=True)), averaged)
