"""One run: a method searches a benchmark under one seed."""

from __future__ import annotations

import copy
import math
import shutil
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.core.errors import BudgetExhausted, HarnessError, InvalidBudget
from harness.core.logs import Logs, write_down
from harness.core.method import Method
from harness.core.problem import Ledger, Problem
from harness.core.space import Architecture
from harness.study.guard import guarded, recorded


@dataclass(frozen=True)
class Trace:
    """Every query of a run, as arrays that run in parallel; scores on the benchmark's own scale.

    Attributes:
        archs: shape (queries, decisions).
        fidelities: epochs of training behind the score, 0 where unknown; shape (queries,).
        scores: what the method saw; shape (queries,).
        charged: queries charged so far; shape (queries,).
        epochs: epochs spent so far; shape (queries,).
        seconds: seconds spent so far, NaN where unknown; shape (queries,).
        incumbents: index of the best query so far; shape (queries,).
        reported: reported score of the incumbent, NaN where it is not known; shape (queries,).
    """

    archs: NDArray[np.int16]
    fidelities: NDArray[np.int32]
    scores: NDArray[np.float64]
    charged: NDArray[np.int32]
    epochs: NDArray[np.float64]
    seconds: NDArray[np.float64]
    incumbents: NDArray[np.int32]
    reported: NDArray[np.float64]


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        seed: its seed.
        error: traceback of a failed run; empty otherwise.
        recommended: the architecture that is reported; None for a failed run.
        valid: the score that the method saw for it, NaN if it never asked.
        reported: its reported score; NaN for a failed run.
        queries: queries charged.
        unique: distinct architectures among those asked for.
        epochs: epochs spent.
        seconds: seconds spent, simulated or measured; NaN where unknown.
        wall: seconds on the wall.
        counts: what the method counted, by its name.
        logs: what the method wrote down as it went on, by its name.
        trace: every query.
    """

    seed: int
    error: str
    recommended: Architecture | None
    valid: float
    reported: float
    queries: int
    unique: int
    epochs: float
    seconds: float
    wall: float
    counts: dict[str, int]
    logs: Logs
    trace: Trace


@dataclass(frozen=True)
class _Search:
    """What a search leaves behind, before any reported score was read."""

    seed: int
    ledger: Ledger
    archs: NDArray[np.int16]
    recommended: Architecture | None
    error: str
    wall: float


def streams(seed: int) -> tuple[np.random.Generator, int]:
    """The random streams of a run, the same for every method and benchmark.

    Args:
        seed: the run's seed.

    Returns:
        The generator that the method draws from, and the key of the noise of sampled scores.
    """
    search, noise = np.random.SeedSequence(seed).spawn(2)
    return np.random.default_rng(search), int(noise.generate_state(1, np.uint64)[0])


def check_budget(benchmark: Benchmark, budget: Budget) -> None:
    """Refuse a budget that the benchmark cannot count.

    Raises:
        InvalidBudget: the benchmark has no such unit.
    """
    if budget.unit not in benchmark.units:
        raise InvalidBudget(
            f"{benchmark.id} cannot count {budget.unit}: its budget is in "
            f"{' or '.join(benchmark.units)}, e.g. --budget '{benchmark.default_budget}'"
        )


def run_seeds(
    method: Method,
    benchmark: Benchmark,
    budget: Budget,
    seeds: Sequence[int],
    time_limit: float | None = None,
    scratch: Path | None = None,
) -> list[RunRecord]:
    """Run one method on one benchmark under several seeds.

    All searches end before the first reported score is read.

    Args:
        method: every run gets a copy of its own.
        benchmark: what is searched.
        budget: of each run.
        seeds: one run each.
        time_limit: seconds on the wall after which a run fails; None for no limit.
        scratch: where each run may have a folder while it lasts, see `Problem`.

    Returns:
        One record a seed, in the order of ``seeds``; a run that raised has its traceback in it.
    """
    folders = [scratch and scratch / str(seed) for seed in seeds]
    searches = [
        _search(method, benchmark, budget, seed, time_limit, folder)
        for seed, folder in zip(seeds, folders, strict=True)
    ]
    records = _join(searches, benchmark)
    for folder in folders:
        if folder:
            # Not reached by Ctrl-C or a kill, after which the folder is what the run goes on from:
            # a reported score can cost as much as the search before it.
            shutil.rmtree(folder, ignore_errors=True)
    return records


def dead_run(seed: int, how: str, wall: float) -> RunRecord:
    """The record of a run whose process died.

    Args:
        seed: of the run.
        how: how it died.
        wall: seconds on the wall until then.
    """
    ledger = Ledger()
    error = f"WorkerDied: the process that ran the method {how}\n"
    search = _Search(seed, ledger, np.empty((0, 0), np.int16), None, error, wall)
    return _record(search, 1.0, lambda arch: arch, {})


def _search(
    method: Method,
    benchmark: Benchmark,
    budget: Budget,
    seed: int,
    time_limit: float | None,
    scratch: Path | None,
) -> _Search:
    rng, noise_key = streams(seed)
    ledger = Ledger()
    problem = Problem(benchmark, budget, rng, noise_key, ledger, scratch)
    recommended: Architecture | None = None
    with recorded() as outcome:
        recommended = _settled(
            guarded(lambda: _ask(method, problem), time_limit), ledger, benchmark, budget
        )
    error = outcome.error
    archs = np.array(ledger.archs).reshape(-1, len(benchmark.space.sizes))
    if archs.size and archs.dtype.kind not in "iu":
        # (1.0, 0.0) equals (1, 0), so a look-up cannot tell them apart once the latter was asked
        # for; what a run may do must not depend on what others have asked.
        recommended = None
        error = error or "InvalidArchitecture: the entries of an architecture are ints\n"
    return _Search(seed, ledger, archs.astype(np.int16), recommended, error, outcome.wall)


def _ask(method: Method, problem: Problem) -> Architecture | None:
    try:
        return copy.deepcopy(method).search(problem)
    except BudgetExhausted:
        return None


def _settled(
    recommended: Architecture | None, ledger: Ledger, benchmark: Benchmark, budget: Budget
) -> Architecture:
    """What a search recommends: what it returned, or else its incumbent."""
    if recommended is not None:
        return benchmark.space.check(recommended)
    if ledger.incumbent is None:
        raise HarnessError(f"the run ended without an evaluation; its budget was {budget}")
    return ledger.incumbent


def _join(searches: Sequence[_Search], benchmark: Benchmark) -> list[RunRecord]:
    """Read the reported scores of everything that was recommended, or ever the incumbent."""
    wanted: dict[Architecture, float] = {}
    for search in searches:
        if search.recommended is not None:
            wanted[search.recommended] = math.nan
        if benchmark.reports_every_incumbent:
            for index in set(search.ledger.incumbents):
                wanted[search.ledger.archs[index]] = math.nan
    wanted.update(zip(wanted, benchmark.report(list(wanted)), strict=True))
    for search in searches:
        if search.recommended is not None:
            for name, value in benchmark.measures(search.recommended).items():
                write_down(search.ledger.logs, f"reported {name}", value)
    canonical = benchmark.space.canonical
    return [_record(search, benchmark.sign, canonical, wanted) for search in searches]


def _record(
    search: _Search,
    sign: float,
    canonical: Callable[[Architecture], Hashable],
    reported: dict[Architecture, float],
) -> RunRecord:
    ledger = search.ledger
    seen = math.nan
    if search.recommended is not None:
        asked = [i for i, arch in enumerate(ledger.archs) if arch == search.recommended]
        if asked:
            best = max(asked, key=lambda i: (ledger.fidelities[i] or 0, ledger.scores[i]))
            seen = sign * ledger.scores[best]
    return RunRecord(
        seed=search.seed,
        error=search.error,
        recommended=search.recommended,
        valid=seen,
        reported=reported.get(search.recommended, math.nan) if search.recommended else math.nan,
        queries=ledger.total_charged,
        unique=len({canonical(arch) for arch in set(ledger.archs)}),
        epochs=ledger.total_epochs,
        seconds=ledger.total_seconds,
        wall=search.wall,
        counts=ledger.counts,
        logs=ledger.logs,
        trace=Trace(
            archs=search.archs,
            fidelities=np.array([level or 0 for level in ledger.fidelities], np.int32),
            scores=sign * np.array(ledger.scores, np.float64),
            charged=np.array(ledger.charged, np.int32),
            epochs=np.array(ledger.epochs, np.float64),
            seconds=np.array(ledger.seconds, np.float64),
            incumbents=np.array(ledger.incumbents, np.int32),
            reported=np.array(
                [reported.get(ledger.archs[i], math.nan) for i in ledger.incumbents], np.float64
            ),
        ),
    )
