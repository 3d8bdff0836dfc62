"""``harness compare --dry-run``: what a study would take, without training anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.progress import say
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.benchmark import Benchmark
    from harness.core.budget import Budget
    from harness.live.dry_run import DryRun, StageEstimate
    from harness.study.plan import Plan

COULD_NOT_MEASURE = 3


def show_dry_run(plan: Plan) -> int:
    """Build the networks of a study, check its data and estimate its time; print all of it.

    Returns:
        The exit code: 3 where data is lacking.
    """
    code, total = 0, 0.0
    for benchmark in plan.benchmarks:
        try:
            total += _show(benchmark, plan)
        except HarnessError as error:
            print(f"{benchmark.id}: {error}")
            code = COULD_NOT_MEASURE
    jobs = plan.study.jobs or 1
    print(f"In all about {duration(total)} on one worker, {duration(total / jobs)} on {jobs}.")
    return code


def _show(benchmark: Benchmark, plan: Plan) -> float:
    """Print what one benchmark takes; the seconds of all its runs."""
    from harness.live.live_benchmark import LiveBenchmark

    if not isinstance(benchmark, LiveBenchmark):
        print(f"{benchmark.id}: a table, nothing to train (SHA-256 {benchmark.checksum[:12]})")
        return 0.0
    import numpy as np

    from harness.live.dry_run import dry_run

    say(f"{benchmark.id}: reading data and measuring steps ...")
    found = dry_run(benchmark, np.random.default_rng(0))
    budget, seeds = plan.budgets[benchmark.id], len(plan.study.seeds)
    print(f"{benchmark.id}, on {found.device}, one thread; data SHA-256 {found.checksum[:12]}")
    _print_stage("query", found.evaluation)
    if found.supernet:
        _print_stage("supernet, one path", found.supernet)
    _print_stage("retraining", found.retraining)
    total = 0.0
    for loaded in plan.methods:
        # A method that shares weights cannot count queries; see its units.
        shares = "queries" not in loaded.method.units
        search = _search_seconds(budget, found, shares)
        run = search + benchmark.trials * found.retraining.seconds
        print(
            f"  {loaded.identity:<28} search at most {duration(search)}, with retraining "
            f"{duration(run)} a run, {duration(seeds * run)} for {seeds} seeds"
        )
        total += seeds * run
    return total


def _search_seconds(budget: Budget, found: DryRun, shares: bool) -> float:
    if budget.unit == "seconds":
        return budget.amount
    stage = found.supernet if shares and found.supernet else found.evaluation
    epochs = budget.amount * (stage.epochs if budget.unit == "queries" else 1)
    return epochs * stage.epoch_seconds


def _print_stage(name: str, stage: StageEstimate) -> None:
    print(
        f"  {name:<20} {stage.parameters:>11,} parameters · {stage.flops / 2e6:,.1f}M multiply-adds"
        f" · {stage.examples:,} examples, {stage.judged:,} judged · {stage.epochs} epochs of "
        f"{stage.steps:,} steps of {stage.batch} · {stage.step_seconds:.3g} s a step"
        f"{'' if stage.probed == stage.batch else f' (from {stage.probed} examples)'}"
        f" · {duration(stage.seconds)}"
    )


def duration(seconds: float) -> str:
    """A time in the unit that suits it, e.g. ``3.2 h``."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.2g} s"
