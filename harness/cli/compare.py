"""``harness compare``: run a study and show what it says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import BENCHMARKS, FORMAT, METHODS
from harness.cli.progress import bars, say

if TYPE_CHECKING:
    from harness.core.benchmark import BenchmarkCard
    from harness.study.plan import Plan, Study
    from harness.study.results import StudyResults
    from harness.study.store import Store

SOME_FAILED, INTERRUPTED = 4, 130


def compare(
    study: Annotated[
        Path | None, typer.Argument(help="A study file in TOML; options override its keys.")
    ] = None,
    benchmarks: Annotated[list[str] | None, BENCHMARKS] = None,
    methods: Annotated[list[str] | None, METHODS] = None,
    budget: Annotated[
        str | None, typer.Option(help="Of each run: 200 (queries), 12000s or 500epochs.")
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="30 (seeds 0 to 29), 0-29 or 3,5,7.")] = None,
    control: Annotated[
        str | None, typer.Option(help="The method that the others are compared with.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; one a core.")] = None,
    backend: Annotated[str | None, typer.Option(help="loky, dask or ray.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler or Ray head.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Folder of the results; results/NAME below this one.")
    ] = None,
    format: Annotated[str | None, FORMAT] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds on the wall after which a run fails.")
    ] = None,
) -> int:
    """Compare methods on benchmarks; with no arguments, a small study on embedded data.

    The same command again runs only what is missing.

    Examples:
      harness compare
      harness compare -b nasbench201/cifar10 -m random-search -m regularized-evolution --seeds 100
      harness compare -b my.toml -m my_method.py:MyMethod --budget 200
    """
    from harness.study.plan import Study, load_study, make_plan
    from harness.study.store import Store

    plain = study is None and not benchmarks and not methods
    base = load_study(study) if study else Study(name="default" if plain else "compare")
    wanted = base.changed(
        benchmarks=benchmarks or None,
        methods=methods or None,
        budget=budget,
        seeds=seeds,
        control=control,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        out=out,
        format=format,
        time_limit=time_limit,
    )
    from harness.report.formats import check_format

    check_format(wanted.format)
    plan = make_plan(wanted)
    store = Store(wanted.folder)
    while _run(plan, store):
        results = store.read()
        # Damage inside a file shows only now; its runs are run again.
        if not store.damaged:
            return _show(results, store, wanted)
    return INTERRUPTED


def _run(plan: Plan, store: Store) -> bool:
    """Run what is missing; whether it came to its end."""
    from harness.study.execute import execute, missing_seeds

    store.write_study(plan, _cards(plan, store))
    missing = missing_seeds(plan, store)
    for path in store.damaged:
        say(f"A damaged file was set aside as {path}; its runs are run again.")
    store.damaged.clear()
    runs = len(plan.pairs) * len(plan.study.seeds)
    left = sum(map(len, missing.values()))
    if not left:
        work = sum(store.work_seconds(pair) for pair in plan.pairs.values())
        say(
            f"Study {plan.study.name}: all {runs} runs are there ({work:.0f} s of work). "
            "Nothing to do."
        )
        return True
    _announce(plan, left, runs)
    per_benchmark = len(plan.methods) * len(plan.study.seeds)
    totals = {benchmark.id: per_benchmark for benchmark in plan.benchmarks}
    done = dict(totals)
    for (benchmark, _), seeds in missing.items():
        done[benchmark] -= len(seeds)
    try:
        with bars(totals, done) as progress:
            execute(plan, store, missing, progress)
    except KeyboardInterrupt:
        kept = runs - sum(map(len, missing_seeds(plan, store).values()))
        say(f"Stopped. {kept} of {runs} runs are kept; the same command continues.")
        return False
    return True


def _announce(plan: Plan, left: int, runs: int) -> None:
    budgets = {str(budget) for budget in plan.budgets.values()}
    jobs = plan.study.jobs or os.cpu_count()
    parts = [
        f"Study {plan.study.name}",
        f"{_count(plan.benchmarks, 'benchmark')} x {_count(plan.methods, 'method')} x "
        f"{_count(plan.study.seeds, 'seed')}",
        f"{' / '.join(sorted(budgets))} each",
        f"{jobs} workers" if jobs != 1 else "1 worker",
        str(plan.study.folder),
    ]
    if left < runs:
        parts.append(f"{runs - left} of {runs} runs are there already")
    say(" · ".join(parts))


def _count(things: tuple[object, ...], name: str) -> str:
    return f"{len(things)} {name}" + ("" if len(things) == 1 else "s")


def _cards(plan: Plan, store: Store) -> list[BenchmarkCard]:
    """What the benchmarks say of themselves; computed once a folder, since it takes a second."""
    stored = {(card.id, card.version, card.checksum): card for card in store.stored_cards()}
    cards = []
    for benchmark in plan.benchmarks:
        known = stored.get((benchmark.id, benchmark.version, benchmark.checksum))
        cards.append(known or benchmark.card())
    return cards


def _show(results: StudyResults, store: Store, study: Study) -> int:
    from harness.analysis.analyse import analyse
    from harness.report.formats import render

    analysis = analyse(results)
    (store.folder / "summary.csv").write_text(render(results, analysis, "csv", store.folder) + "\n")
    print(render(results, analysis, study.format, store.folder))
    failed = any(runs.failed.any() for runs in results.pairs.values())
    return SOME_FAILED if failed else 0
