"""``harness rank``: do predictors order architectures as the truth does?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    BACKEND,
    BENCHMARKS,
    FORMAT,
    JOBS,
    OUT,
    SCHEDULER,
    SCORERS,
    SEEDS,
    STUDY,
    TIME_LIMIT,
)
from harness.cli.running import INTERRUPTED, SOME_FAILED, cards_of, complete, crossed

if TYPE_CHECKING:
    from harness.study.rank_plan import RankStudy
    from harness.study.rank_results import RankResults
    from harness.study.rank_store import RankStore


def rank(
    study: Annotated[Path | None, STUDY] = None,
    benchmarks: Annotated[list[str] | None, BENCHMARKS] = None,
    scorers: Annotated[list[str] | None, SCORERS] = None,
    labels: Annotated[
        str | None, typer.Option(help="Numbers of labelled architectures: 50,100,200.")
    ] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    control: Annotated[
        str | None, typer.Option(help="The scorer that the others are compared with.")
    ] = None,
    candidates: Annotated[
        int | None, typer.Option(help="Order so many of the other architectures at most.")
    ] = None,
    measure: Annotated[
        str | None, typer.Option(help="What is tested: kendall, spearman or regret.")
    ] = None,
    jobs: Annotated[int | None, JOBS] = None,
    backend: Annotated[str | None, BACKEND] = None,
    scheduler: Annotated[str | None, SCHEDULER] = None,
    out: Annotated[str | None, OUT] = None,
    format: Annotated[str | None, FORMAT] = None,
    time_limit: Annotated[float | None, TIME_LIMIT] = None,
) -> int:
    """Rank architectures with predictors; with no arguments, a small study on embedded data.

    A scorer learns from a few labelled architectures and orders those that it has not seen. The
    same command again runs only what is missing.

    Examples:
      harness rank
      harness rank -b nasbench201/cifar10 -m lightgbm -m gin --labels 50,100,200,400
      harness rank -b naap440/cifar10 -m linear -m my_scorer.py:MyScorer --labels 100
    """
    from harness.report.formats import check_format
    from harness.study.rank_plan import RankStudy, load_rank_study, make_rank_plan
    from harness.study.rank_store import RankStore

    plain = study is None and not benchmarks and not scorers
    base = load_rank_study(study) if study else RankStudy() if plain else RankStudy(name="rank")
    wanted = base.changed(
        benchmarks=benchmarks or None,
        scorers=scorers or None,
        labels=labels,
        seeds=seeds,
        control=control,
        candidates=candidates,
        measure=measure,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        out=out,
        format=format,
        time_limit=time_limit,
    )
    check_format(wanted.format)
    plan = make_rank_plan(wanted)
    store = RankStore(wanted.folder)
    amounts = "/".join(map(str, wanted.labels))
    size = [
        crossed(benchmark=plan.benchmarks, scorer=plan.scorers, seed=wanted.seeds),
        f"{amounts} labels",
    ]
    while complete(plan, store, lambda: store.write_study(plan, cards_of(plan, store)), size):
        results = store.read()
        # Damage inside a file shows only now; its runs are run again.
        if not store.damaged:
            return _show(results, store, wanted)
    return INTERRUPTED


def _show(results: RankResults, store: RankStore, study: RankStudy) -> int:
    from harness.analysis.rank_analyse import analyse_ranking
    from harness.report.formats import render_ranking

    analysis = analyse_ranking(results)
    summary = render_ranking(results, analysis, "csv", store.folder)
    (store.folder / "summary.csv").write_text(summary + "\n")
    print(render_ranking(results, analysis, study.format, store.folder))
    failed = any(runs.failed.any() for runs in results.runs.values())
    return SOME_FAILED if failed else 0
