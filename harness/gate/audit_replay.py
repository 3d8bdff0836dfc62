"""How a stored run is run again: from its recorded identity, or why it cannot be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError, RunTimeout
from harness.core.names import format_reference, parse_reference
from harness.core.registry import load_method, load_scorer
from harness.gate.audit_folder import StoredTask
from harness.study.plan import Pair, Study, make_plan
from harness.study.rank_plan import RankPair, RankStudy, make_rank_plan

_TITLES = {
    "data": "the checksum of the benchmark's data",
    "benchmark_version": "the version of the benchmark",
    "method_version": "the version of the method",
    "scorer_version": "the version of the scorer",
    "method_file": "the checksum of the method's file",
    "scorer_file": "the checksum of the scorer's file",
    "uses": "what it uses",
}


@dataclass(frozen=True)
class Replay:
    """Runs that can be run again.

    Attributes:
        task: runs them.
        benchmark: opened.
        parameters: of the method or scorer as its name in the study says them.
        clock: columns that hold measured seconds.
        notes: what could make a difference besides versions.
    """

    task: Pair | RankPair
    benchmark: Benchmark
    parameters: dict[str, Any]
    clock: tuple[str, ...]
    notes: tuple[str, ...]


def replay_of(stored: StoredTask) -> Replay:
    """Find everything that runs were made of.

    Raises:
        HarnessError: they cannot be run again: something is missing, was changed since, or was
            measured and is not a function of the identity.
    """
    try:
        return _scorers(stored) if "scorer" in stored.identity else _methods(stored)
    except (LookupError, TypeError, ValueError) as error:
        raise HarnessError(f"its identity cannot be understood: {error}") from error


def bars_replay(error: str) -> str:
    """Why a run that failed in this way cannot be run again; empty where it can.

    Args:
        error: traceback of the run; empty for one that did not fail.
    """
    kind = exception_of(error).partition(":")[0]
    if kind == f"{RunTimeout.__module__}.{RunTimeout.__qualname__}":
        return "it was ended by a time limit on the wall"
    if kind == "WorkerDied":
        return "its process died, which need not have been its own doing"
    return ""


def exception_of(traceback: str) -> str:
    """What was raised, without where: type and message, which has no addresses of objects in it."""
    lines = traceback.rstrip("\n").split("\n")
    frames = [i for i, line in enumerate(lines) if line.startswith("  File ")]
    start = frames[-1] + 1 if frames else 0
    while start < len(lines) - 1 and lines[start].startswith(" "):
        start += 1
    return re.sub(r"\b0x[0-9a-f]+", "0x...", "\n".join(lines[start:]))


def _methods(stored: StoredTask) -> Replay:
    identity = stored.identity
    benchmark, method = _references(stored, "method")
    plan = make_plan(
        Study(benchmarks=(benchmark,), methods=(method,), budget=str(identity["budget"]))
    )
    (task,) = plan.pairs.values()
    notes = _refuse_others(identity, task.identity)
    used = plan.methods[0].method
    clock: tuple[str, ...] = ("wall",)
    # A reported score that costs a training belongs to a benchmark that trains.
    if used.trains() or not plan.benchmarks[0].reports_every_incumbent:
        clock = ("wall", "seconds", "trace_seconds")
        if task.budget.unit == "seconds":
            raise HarnessError(
                "its budget is in measured seconds of training, which last as long as they last"
            )
        notes += _training(used.parameters())
    own = _own_name(stored, "method")
    return Replay(task, plan.benchmarks[0], load_method(own).method.parameters(), clock, notes)


def _scorers(stored: StoredTask) -> Replay:
    identity = stored.identity
    benchmark, scorer = _references(stored, "scorer")
    plan = make_rank_plan(
        RankStudy(
            benchmarks=(benchmark,),
            scorers=(scorer,),
            labels=(identity["labels"],),
            candidates=identity["tested"],
        )
    )
    (task,) = plan.pairs.values()
    notes = _refuse_others(identity, task.identity)
    used = plan.scorers[0].scorer
    if used.trains():
        notes += _training(used.parameters())
    clock = ("wall", "fit_seconds", "predict_seconds")
    own = _own_name(stored, "scorer")
    return Replay(task, plan.benchmarks[0], load_scorer(own).scorer.parameters(), clock, notes)


def _references(stored: StoredTask, subject: str) -> tuple[str, str]:
    """How the benchmark, and the method or scorer, are named so that their runs come out again."""
    written = _at_hand(stored.given[subject])
    if not stored.identity[f"{subject}_file"]:
        # Its defaults may be others by now; a file is the same as it was, or is refused.
        written = format_reference(parse_reference(written).name, stored.identity["parameters"])
    return _at_hand(stored.given["benchmark"]), written


def _own_name(stored: StoredTask, subject: str) -> str:
    """The name that the study shows, as a reference that can be loaded."""
    if stored.identity[f"{subject}_file"]:
        return _at_hand(stored.given[subject])
    return stored.name


def _at_hand(reference: str) -> str:
    """The reference; where its file is gone, with the file of that name in the current folder."""
    match = re.match(r"[^:=]*\.(?:py|toml)(?=:|$)", reference)
    if match and not Path(match.group()).is_file():
        beside = Path(match.group()).name
        if Path(beside).is_file():
            return beside + reference[match.end() :]
    return reference


def _refuse_others(recorded: dict[str, Any], here: dict[str, Any]) -> tuple[str, ...]:
    """Refuse what is not what was recorded.

    Returns:
        A note on what the version that made the runs did not record.
    """
    lacking: list[str] = []
    for key, value in recorded.items():
        if not _holds(here.get(key), value, key, lacking):
            raise HarnessError(
                f"{_TITLES.get(key, key)} is another one: {_short(value)} recorded, "
                f"{_short(here.get(key))} here"
            )
    lacking += [key for key in here if key not in recorded]
    return (f"recorded without: {', '.join(lacking)}",) if lacking else ()


def _holds(here: Any, recorded: Any, where: str, lacking: list[str]) -> bool:
    """Whether all that was recorded is the same here; what is here besides goes to ``lacking``.

    A hyper-parameter that was added since is one that the recorded runs did not need.
    """
    if isinstance(recorded, dict) and isinstance(here, dict):
        lacking += [f"{where}.{key}" for key in here if key not in recorded]
        return all(
            _holds(here.get(key), value, f"{where}.{key}", lacking)
            for key, value in recorded.items()
        )
    if isinstance(recorded, list) and isinstance(here, list):
        pairs = zip(here, recorded, strict=False)
        return len(here) == len(recorded) and all(
            _holds(*pair, f"{where}[{place}]", lacking) for place, pair in enumerate(pairs)
        )
    return bool(here == recorded)


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if re.fullmatch(r"[0-9a-f]{64}", text) else text


def _training(parameters: dict[str, Any]) -> tuple[str, ...]:
    """Refuse training on CUDA.

    Raises:
        HarnessError: CUDA is there, and the method may use it.
    """
    from torch import cuda

    if cuda.is_available() and parameters.get("device") != "cpu":
        raise HarnessError(
            "it trains on CUDA here, which rounds from run to run. Where the study was run on the "
            "processor, set CUDA_VISIBLE_DEVICES= (to nothing) before harness audit"
        )
    return ("it trains networks, which another processor or device rounds otherwise",)
