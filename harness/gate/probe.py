"""What a table answers and the ledger counts where nothing is drawn: it must stay as it is."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from itertools import islice

import numpy as np

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget, Unit
from harness.core.method import Method
from harness.core.problem import Problem
from harness.study.run import RunRecord, Trace, run_seeds
from harness.tables.benchmark import TableBenchmark

QUERIES = 200
STEP = 97
SEEDS = (0, 1)

_FAILED = "failed: "
_COLUMNS = {
    "archs": "<i2",
    "fidelities": "<i4",
    "scores": "<f8",
    "charged": "<i4",
    "epochs": "<f8",
    "seconds": "<f8",
    "incumbents": "<i4",
    "reported": "<f8",
}


class Probe(Method):
    """Ask for architectures in the order of the space, twice at every fidelity."""

    def search(self, problem: Problem) -> None:
        """Ask until the budget is spent or the space has come to its end."""
        space = problem.space
        step = min(STEP, max(1, space.cardinality // QUERIES))
        for arch in islice(space.enumerate(), 0, None, step):
            for name, value in problem.properties(arch).items():
                problem.log(name, value)
            for epochs in problem.fidelities:
                problem.evaluate_many([arch, arch], epochs)


def facts(benchmark: Benchmark) -> str:
    """Digest of a fixed walk over a table, with a budget in each unit that it can count.

    A change of a method's random stream does not touch it; a wrong column, cost, trial, charge,
    limit or incumbent does.

    Args:
        benchmark: any; one without a table costs trainings, and is not walked over.

    Returns:
        The digest; empty for a benchmark without a table.
    """
    if not isinstance(benchmark, TableBenchmark):
        return ""
    records = run_seeds(Probe(), benchmark, Budget(QUERIES, "queries"), SEEDS)
    for budget in _narrow_budgets(records[0].trace, benchmark.units):
        records += run_seeds(Probe(), benchmark, budget, SEEDS[:1])
    for record in records:
        if record.error:
            return _FAILED + record.error.strip().splitlines()[-1]
    return _short([_content(record) for record in records])


def _narrow_budgets(trace: Trace, units: Sequence[Unit]) -> list[Budget]:
    """Budgets that one query fits into exactly, and that it misses by the least that counts."""
    budgets = []
    at = 2 * len(trace.charged) // 3
    if "epochs" in units and len(trace.charged):
        spent = float(trace.epochs[at])
        budgets += [Budget(spent, "epochs"), Budget(spent - 1.0, "epochs")]
    if "seconds" in units and len(trace.charged):
        spent = float(trace.seconds[at])
        budgets += [Budget(spent, "seconds"), Budget(math.nextafter(spent, 0.0), "seconds")]
    return budgets


def failure(facts: str) -> str:
    """Why the walk came to no end; empty where it did."""
    return facts.removeprefix(_FAILED) if facts.startswith(_FAILED) else ""


def trace_digest(trace: Trace, valid: float, reported: float) -> str:
    """Digest of a run: all that it asked, saw and spent, and what it recommends.

    Args:
        trace: every query.
        valid: the score that the method saw for its recommendation.
        reported: its reported score.
    """
    columns = [getattr(trace, name).astype(kind) for name, kind in _COLUMNS.items()]
    ends = np.array([valid, reported], "<f8")
    # Not-a-number has many patterns of bits, and which one comes out depends on the processor.
    arrays = [np.where(a != a, np.nan, a) if a.dtype.kind == "f" else a for a in (*columns, ends)]
    return _short([array.astype(array.dtype).tobytes().hex() for array in arrays])


def _content(record: RunRecord) -> list[object]:
    return [
        trace_digest(record.trace, record.valid, record.reported),
        record.queries,
        record.unique,
        record.epochs,
        record.seconds,
        record.logs,
    ]


def _short(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
