"""How often the gate is right, on real runs of the fast baseline.

``python -m tests.gate.rates [REPEATS]`` prints, and exits with 1 where a rate is too low:

- *unchanged*: the study of the baseline measured again so many times (50 by default), on one worker
  and on two in turn. All cells must pass every time.
- *other streams*: what a refactoring of every random stream gives. As many seeds again as the
  baseline has are run once; each try deals all runs of a cell into two halves, the one as the
  baseline, the other as what is measured. All cells must pass in 95 of 100 tries.
- *loss*: the same with `FEW` seeds in a half, and `LOSS` points less in one cell, where only that
  cell has changed its stream and where all have. It must not pass in 95 of 100 tries.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.gate.baseline import Baseline, Cell, read_baseline
from harness.gate.judge import judge
from harness.gate.measure import Measurement, measure
from harness.study.plan import make_plan

FAST = Path(__file__).parents[2] / "results" / "baselines" / "fast.toml"
TRIES = 100
LOSS = 0.3
FEW = 30


def measured(baseline: Baseline, seeds: tuple[int, ...], jobs: int) -> Measurement:
    """The study of a baseline under some seeds."""
    study = replace(baseline.study("rates"), seeds=seeds, jobs=jobs)
    return measure(make_plan(study), baseline.margin, "", lambda benchmark, runs: None)


def chosen(baseline: Baseline, runs: np.ndarray) -> Baseline:
    """Some of a baseline's runs, under seeds from 0 on."""
    cells = tuple(
        replace(
            cell,
            reported=tuple(cell.reported[i] for i in runs),
            traces=tuple(cell.traces[i] for i in runs),
        )
        for cell in baseline.cells
    )
    return replace(baseline, seeds=tuple(range(len(runs))), cells=cells)


def both(one: Baseline, other: Baseline) -> Baseline:
    """The runs of two, one after the other."""
    cells = tuple(
        Cell(a.benchmark, a.method, a.reported + b.reported, a.traces + b.traces)
        for a, b in zip(one.cells, other.cells, strict=True)
    )
    return replace(one, seeds=tuple(range(len(one.seeds) + len(other.seeds))), cells=cells)


def with_loss(old: Baseline, new: Baseline, which: int, alone: bool) -> Baseline:
    """What is measured where one cell has lost `LOSS` points."""
    cells = list(old.cells if alone else new.cells)
    benchmark = old.benchmark(cells[which].benchmark)
    loss = LOSS * benchmark.sign * benchmark.point
    lower = tuple(score - loss for score in new.cells[which].reported)
    cells[which] = replace(new.cells[which], reported=lower)
    return replace(new, cells=tuple(cells))


def verdicts(old: Baseline, new: Baseline) -> list[str]:
    """The verdicts on all cells."""
    return [j.verdict for j in judge(old, Measurement(new, {}, {})) if j.method]


def main(repeats: int) -> int:
    """Print the rates."""
    baseline = read_baseline(FAST)
    n, cells = len(baseline.seeds), len(baseline.cells)
    fresh = measured(baseline, tuple(range(1000, 1000 + n)), 2).found
    pool, rng = both(baseline, fresh), np.random.default_rng(0)
    found: Counter[str] = Counter()
    for turn in range(TRIES):
        dealt = rng.permutation(2 * n)
        judged = verdicts(chosen(pool, dealt[:n]), chosen(pool, dealt[n:]))
        found["passes"] += set(judged) == {"pass"}
        old, new = chosen(pool, dealt[:FEW]), chosen(pool, dealt[-FEW:])
        for alone in (True, False):
            which = turn % cells
            verdict = verdicts(old, with_loss(old, new, which, alone))[which]
            found[f"caught {alone}"] += verdict != "pass"
            found[f"shown {alone}"] += verdict == "regression"
    print(f"other streams: {found['passes']} of {TRIES} pass, {cells} cells, {n} seeds")
    for alone in (True, False):
        print(
            f"loss of {LOSS} points in one cell, {FEW} seeds, "
            f"{'one stream' if alone else 'all streams'} changed: {found[f'caught {alone}']} of "
            f"{TRIES} caught, {found[f'shown {alone}']} of them as a regression",
            flush=True,
        )
    unchanged = 0
    for turn in range(repeats):
        again = measured(baseline, baseline.seeds, 1 + turn % 2)
        unchanged += {j.changed for j in judge(baseline, again)} == {0}
        print(f"unchanged: {unchanged} of {turn + 1} pass", flush=True)
    rates = [found["passes"], found["caught True"], found["caught False"]]
    return 0 if unchanged == repeats and min(rates) >= 0.95 * TRIES else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
