"""``harness compare --dry-run``: what a study would take, without training anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.cli.progress import say
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.benchmark import Benchmark
    from harness.core.budget import Budget
    from harness.live.dry_run import DryRun, StageEstimate
    from harness.study.plan import Plan, Study

COULD_NOT_MEASURE = 3


def show_dry_run(study: Study) -> int:
    """Build the networks of a study, check its data and estimate its time; print all of it.

    Returns:
        The exit code: 3 where the data does not suffice for an estimate.

    Raises:
        HarnessError: a name is unknown, or an extra is missing.
    """
    from harness.study.plan import make_plan
    from harness.tables.open import open_benchmark

    try:
        plan = make_plan(study)
    except HarnessError as error:
        # Whatever needs no data is told all the same.
        for benchmark in map(open_benchmark, study.benchmarks):
            _print_costs(benchmark)
        print(f"No estimate: {error}")
        return COULD_NOT_MEASURE
    total = sum(_show(benchmark, plan) for benchmark in plan.benchmarks)
    jobs = study.jobs or os.cpu_count() or 1
    print(f"In all about {duration(total)} on one worker, {duration(total / jobs)} on {jobs}.")
    return 0


def _print_costs(benchmark: Benchmark) -> None:
    """The size of a random final network, which follows from the recipe."""
    from harness.live.live_benchmark import LiveBenchmark

    if isinstance(benchmark, LiveBenchmark):
        import numpy as np

        costs = benchmark.setup.costs(benchmark.space.sample(np.random.default_rng(0)))
        print(
            f"{benchmark.id}\n  {'final network':<20} {costs['parameters']:>11,.0f} parameters · "
            f"{costs['flops'] / 2e6:,.1f}M multiply-adds"
        )


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
        all_seeds = f", {duration(seeds * run)} for {seeds} seeds" if seeds > 1 else ""
        print(
            f"  {loaded.identity:<28} search at most {duration(search)}, with retraining "
            f"{duration(run)} a run{all_seeds}"
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
