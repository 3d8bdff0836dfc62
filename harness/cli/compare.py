"""``harness compare``: run a study and show what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    BACKEND,
    BENCHMARKS,
    FORMAT,
    JOBS,
    METHODS,
    OUT,
    SCHEDULER,
    SEEDS,
    STUDY,
    TIME_LIMIT,
)
from harness.cli.running import INTERRUPTED, SOME_FAILED, cards_of, complete, crossed

if TYPE_CHECKING:
    from harness.study.plan import Study
    from harness.study.results import StudyResults
    from harness.study.store import Store


def compare(
    study: Annotated[Path | None, STUDY] = None,
    benchmarks: Annotated[list[str] | None, BENCHMARKS] = None,
    methods: Annotated[list[str] | None, METHODS] = None,
    budget: Annotated[
        str | None, typer.Option(help="Of each run: 200 (queries), 12000s or 500epochs.")
    ] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    control: Annotated[
        str | None, typer.Option(help="The method that the others are compared with.")
    ] = None,
    jobs: Annotated[int | None, JOBS] = None,
    backend: Annotated[str | None, BACKEND] = None,
    scheduler: Annotated[str | None, SCHEDULER] = None,
    out: Annotated[str | None, OUT] = None,
    format: Annotated[str | None, FORMAT] = None,
    time_limit: Annotated[float | None, TIME_LIMIT] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take; nothing is trained.")
    ] = False,
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
    if dry_run:
        from harness.cli.dry_run import show_dry_run

        return show_dry_run(wanted)
    plan = make_plan(wanted)
    store = Store(wanted.folder)
    budgets = sorted({str(budget) for budget in plan.budgets.values()})
    size = [
        crossed(benchmark=plan.benchmarks, method=plan.methods, seed=wanted.seeds),
        f"{' / '.join(budgets)} each",
    ]
    while complete(plan, store, lambda: store.write_study(plan, cards_of(plan, store)), size):
        results = store.read()
        # Damage inside a file shows only now; its runs are run again.
        if not store.damaged:
            return _show(results, store, wanted)
    return INTERRUPTED


def _show(results: StudyResults, store: Store, study: Study) -> int:
    from harness.analysis.analyse import analyse
    from harness.report.formats import render

    analysis = analyse(results)
    (store.folder / "summary.csv").write_text(render(results, analysis, "csv", store.folder) + "\n")
    print(render(results, analysis, study.format, store.folder))
    failed = any(runs.failed.any() for runs in results.pairs.values())
    return SOME_FAILED if failed else 0
