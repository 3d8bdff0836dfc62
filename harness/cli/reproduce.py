"""``harness reproduce``: a published table, ours beside theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import BACKEND, JOBS, OUT, SCHEDULER, SEEDS, TIME_LIMIT
from harness.cli.progress import say
from harness.cli.running import INTERRUPTED, SOME_FAILED, cards_of, complete, crossed
from harness.core.errors import UnknownName

if TYPE_CHECKING:
    from harness.gate.availability import Prepared
    from harness.gate.reproduce import Done

COULD_NOT_MEASURE = 3


def reproduce(
    protocol: Annotated[
        str, typer.Argument(help="Its name; without one, all protocols are listed.")
    ] = "",
    seeds: Annotated[str | None, SEEDS] = None,
    jobs: Annotated[int | None, JOBS] = None,
    backend: Annotated[str | None, BACKEND] = None,
    scheduler: Annotated[str | None, SCHEDULER] = None,
    out: Annotated[str | None, OUT] = None,
    format: Annotated[str, typer.Option(help="table, markdown, csv or json.")] = "table",
    time_limit: Annotated[float | None, TIME_LIMIT] = None,
) -> int:
    """Run a published experiment and print its table with ours beside it.

    Methods, settings, budgets and numbers of seeds are the published ones; --seeds shortens it. The
    same command again runs only what is missing. Results that differ are no error of the command.

    Exit codes: 0 done, 2 wrong usage, 3 data, a device or a method is not there, 4 some runs
    failed, 130 interrupted.

    Examples:
      harness reproduce
      harness reproduce nasbench201-iclr2020 --seeds 50
      harness reproduce naap440 --format csv
    """
    from harness.cli.listing import listing
    from harness.gate.availability import CannotReproduce, prepare
    from harness.gate.protocol import load_protocol
    from harness.gate.reproduce import compare
    from harness.gate.reproduce_words import FORMATS

    if not protocol:
        return listing("protocols", as_json=format == "json")
    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    wanted = load_protocol(protocol).changed(
        seeds=seeds,
        jobs=jobs,
        backend=backend,
        scheduler=scheduler,
        out=out,
        time_limit=time_limit,
    )
    try:
        prepared = prepare(wanted)
    except CannotReproduce as error:
        say(f"harness: {error}")
        return COULD_NOT_MEASURE
    done = []
    for each in prepared:
        if (run := _run(each)) is None:
            return INTERRUPTED
        done.append(run)
    found = compare(wanted, done)
    print(FORMATS[format](found, done))
    return SOME_FAILED if found.failed else 0


def _run(prepared: Prepared) -> Done | None:
    """Run what is missing of a study; None where it was interrupted."""
    from harness.gate.reproduce import Done
    from harness.study.plan import Plan
    from harness.study.rank_store import RankStore
    from harness.study.store import Store

    plan: Any = prepared.plan
    folder, seeds = plan.study.folder, plan.study.seeds
    store: Store | RankStore
    if isinstance(plan, Plan):
        store = Store(folder)
        size = crossed(benchmark=plan.benchmarks, method=plan.methods, seed=seeds)
    else:
        store = RankStore(folder)
        size = crossed(benchmark=plan.benchmarks, scorer=plan.scorers, seed=seeds)
    while complete(plan, store, lambda: store.write_study(plan, cards_of(plan, store)), [size]):
        results = store.read()
        # Damage inside a file shows only now; its runs are run again.
        if not store.damaged:
            return Done(prepared, store, results)
    return None
