"""Is a change worse? Bit-equality first, paired non-inferiority where the random stream differs.

A cell is a method on a benchmark. Where every run is what it was, bit for bit, the cell passes.
Else the mean loss over paired seeds is held against two bounds. Losses up to the *margin* are
accepted: a cell is a regression where its loss is shown to lie beyond it, by a sign-flip test with
Holm's correction over all cells that were tested. Losses of the *limit*, `LIMIT` times the margin,
must not pass: a cell passes only where the interval of its loss ends below the limit. What is
neither cannot be told with so many seeds, which is no pass. So whatever the seeds and the spread, a
change that costs no more than the margin anywhere is called a regression in at most `ALPHA` of all
checks, and a loss of the limit passes in at most half of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.analysis.comparison import PairedDifference, paired_difference
from harness.analysis.power import detectable_effect
from harness.analysis.significance import holm, pairs_needed, sign_flip_p, smallest_p
from harness.analysis.streams import Streams, named_streams
from harness.gate.baseline import Baseline, Cell, GatedBenchmark
from harness.gate.measure import CannotMeasure, Measurement
from harness.gate.probe import failure

ALPHA = 0.05
LIMIT = 3.0
CERTAINTY = 0.95
"""Probability with which a loss that is announced as one that shows is called a regression."""

Verdict = Literal["pass", "regression", "cannot-tell"]


@dataclass(frozen=True)
class Judgement:
    """What is said of one cell, or of one table.

    Attributes:
        benchmark: identity.
        method: identity; empty where the benchmark's table and the ledger are meant.
        n: number of seeds.
        changed: number of runs that are not what they were, bit for bit.
        verdict: what follows.
        reason: why, where neither equality nor the test says it.
        difference: in points, above zero where it is better now; None where nothing was tested.
        p: of a loss beyond the margin, after Holm.
        tests: size of the family.
        needed: about how many seeds would tell, where they are too few.
        seconds: on the wall, of all runs.
    """

    benchmark: str
    method: str
    n: int
    changed: int
    verdict: Verdict
    reason: str = ""
    difference: PairedDifference | None = None
    p: float | None = None
    tests: int = 0
    needed: int | None = None
    seconds: float = 0.0


def judge(
    baseline: Baseline, measured: Measurement, *, strict: bool = False
) -> tuple[Judgement, ...]:
    """Hold what was measured against a baseline.

    Args:
        baseline: what was.
        measured: what is.
        strict: whether everything must be what it was, bit for bit.

    Returns:
        Tables first, then the cells in the order of the baseline.

    Raises:
        CannotMeasure: a benchmark, a method or a seed has vanished, or there is nothing to compare.
    """
    now = {cell.key: cell for cell in measured.found.cells}
    _refuse_vanished(baseline, measured.found)
    streams = named_streams(np.random.default_rng(0))
    tables = [_table(then, measured.found.benchmark(then.id)) for then in baseline.benchmarks]
    cells = [_cell(then, now[then.key], baseline, measured, streams) for then in baseline.cells]
    cells = _decided(cells, baseline.margin)
    return (
        *(table for table in tables if table is not None),
        *(_strictly(cell) if strict and cell.changed else cell for cell in cells),
    )


def showing_loss(n: int, sd: float, tests: int, margin: float) -> float:
    """The smallest loss that is called a regression with probability `CERTAINTY`.

    Args:
        n: number of seeds, 2 or more.
        sd: standard deviation of the paired differences, in points.
        tests: cells whose random stream has changed.
        margin: in points.

    Returns:
        In points.
    """
    return margin + detectable_effect(n, ALPHA / tests, CERTAINTY) * sd


def _refuse_vanished(then: Baseline, now: Baseline) -> None:
    keys = {cell.key for cell in now.cells}
    gone = [f"{c.method} on {c.benchmark}" for c in then.cells if c.key not in keys]
    if gone:
        raise CannotMeasure(f"nothing was measured for {', '.join(gone)}")
    if lost := sorted(set(then.seeds) - set(now.seeds)):
        were = "seed of the baseline was" if len(lost) == 1 else "seeds of the baseline were"
        first = ", ".join(map(str, lost[:3])) + (" ..." if len(lost) > 3 else "")
        raise CannotMeasure(f"{len(lost)} {were} not run: {first}")
    if then.seeds != now.seeds:
        raise CannotMeasure("more seeds were run than the baseline has")
    for cell in now.cells:
        if len(cell.reported) != len(now.seeds):
            raise CannotMeasure(
                f"{cell.method} on {cell.benchmark} has {len(cell.reported)} runs for "
                f"{len(now.seeds)} seeds"
            )


def _table(then: GatedBenchmark, now: GatedBenchmark) -> Judgement | None:
    if not then.facts:
        return None
    if then.facts == now.facts:
        return Judgement(then.id, "", 1, 0, "pass")
    why = failure(now.facts) or "what the table answers or the ledger counts has changed"
    return Judgement(then.id, "", 1, 1, "regression", why)


def _cell(
    then: Cell, now: Cell, baseline: Baseline, measured: Measurement, streams: Streams
) -> Judgement:
    benchmark, n = baseline.benchmark(then.benchmark), len(then.reported)
    changed = sum(a != b for a, b in zip(then.traces, now.traces, strict=True))
    whole = Judgement(then.benchmark, then.method, n, changed, "pass")
    if errors := measured.failures.get(then.key):
        seed, error = next(iter(errors.items()))
        why = f"{len(errors)} of {n} runs failed (seed {seed}: {error})"
        return replace(whole, verdict="regression", reason=why)
    if not changed:
        return whole
    # In points, larger is better.
    old, new = (benchmark.sign / benchmark.point * np.array(cell.reported) for cell in (then, now))
    rng = streams(*then.key)
    beyond_margin = new - old + baseline.margin
    worse = float(beyond_margin.mean()) < 0.0
    return replace(
        whole,
        difference=paired_difference((then.method, "baseline"), new, old, rng, alpha=ALPHA),
        p=sign_flip_p(beyond_margin, rng) if worse else 1.0,
    )


def _decided(cells: Sequence[Judgement], margin: float) -> list[Judgement]:
    """Verdicts on the cells that were tested."""
    family = [cell.p for cell in cells if cell.p is not None]
    adjusted = iter(holm(np.array(family)))
    return [
        cell if cell.p is None else _verdict(cell, float(next(adjusted)), len(family), margin)
        for cell in cells
    ]


def _verdict(cell: Judgement, p: float, tests: int, margin: float) -> Judgement:
    found, limit = cell.difference, LIMIT * margin
    assert found is not None
    assert found.difference is not None
    cell = replace(cell, p=p, tests=tests)
    if smallest_p(cell.n) * tests > ALPHA or found.ci is None or found.sd is None:
        return replace(cell, verdict="cannot-tell", needed=pairs_needed(tests, ALPHA))
    if p <= ALPHA:
        return replace(cell, verdict="regression")
    if found.ci[0] > -limit:
        return cell
    # So many that the interval around the present estimate would end below the limit.
    left = limit + min(found.difference, 0.0)
    needed = math.ceil((1.96 * found.sd / left) ** 2) if left > 0.0 else None
    return replace(cell, verdict="cannot-tell", needed=needed)


def _strictly(cell: Judgement) -> Judgement:
    why = cell.reason or f"{cell.changed} of {cell.n} runs are not what they were"
    return replace(cell, verdict="regression", reason=why)
