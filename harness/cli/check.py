"""``harness check``: has a change made a method worse?"""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import BENCHMARKS, JOBS, METHODS, SEEDS
from harness.cli.progress import bars, say
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.gate.baseline import Baseline
    from harness.gate.check_words import Finding
    from harness.gate.measure import Measurement
    from harness.study.plan import Plan, Study

PASS, REGRESSION, COULD_NOT_MEASURE = 0, 1, 3
MARGIN = 0.1


def check(
    baseline: Annotated[Path, typer.Argument(help="The file, e.g. results/baselines/fast.toml.")],
    update: Annotated[
        bool, typer.Option("--update", help="Show the difference, then write the file anew.")
    ] = False,
    study: Annotated[
        Path | None, typer.Option(help="With --update: a study file to make the baseline of.")
    ] = None,
    benchmarks: Annotated[list[str] | None, BENCHMARKS] = None,
    methods: Annotated[list[str] | None, METHODS] = None,
    budget: Annotated[
        str | None, typer.Option(help="Of each run: 200 (queries), 12000s or 500epochs.")
    ] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help=f"Losses up to so many points are accepted; {MARGIN} for a new baseline."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Only runs that are the same bit for bit pass.")
    ] = False,
    jobs: Annotated[int | None, JOBS] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JUnit XML there.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a Markdown summary there.")
    ] = None,
) -> int:
    """Run the study of a baseline again and hold it against what the file says.

    Runs that are the same bit for bit pass. Where the random stream has changed, the loss over
    paired seeds decides. A first baseline is made with --update and what `compare` takes: -b, -m,
    --seeds, --budget, or --study FILE. Later, --update alone measures the same study anew.

    Exit codes: 0 pass, 1 regression, 2 wrong usage or no readable baseline, 3 could not measure
    (data, a method, a benchmark or a seed is not there or another one, or too few seeds to tell).

    Examples:
      harness check base.toml --update -b nasbench-graph/arxiv -m my_method.py:MyMethod --seeds 100
      harness check base.toml --junit check.xml --summary check.md
      harness check base.toml --update
    """
    from harness.gate.check_files import unmeasured_junit, unmeasured_markdown
    from harness.gate.measure import CannotMeasure

    given = {
        "study": study,
        "benchmarks": benchmarks or None,
        "methods": methods or None,
        "budget": budget,
        "seeds": seeds,
        "margin": margin,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if given and not update:
        raise HarnessError(
            f"{' and '.join(_option(name) for name in given)} change what is measured, which the "
            "baseline says. To make it anew: --update"
        )
    try:
        if update:
            return _update(baseline, given, jobs)
        found = _check(baseline, strict, jobs)
    except CannotMeasure as error:
        say(f"harness: could not measure: {error}")
        _write(junit, unmeasured_junit(str(baseline), str(error)))
        _write(summary, unmeasured_markdown(str(baseline), str(error)))
        return COULD_NOT_MEASURE
    from harness.gate.check_files import as_junit, as_markdown, as_text

    _write(junit, as_junit(found))
    _write(summary, as_markdown(found))
    print(as_text(found))
    if found.count("regression"):
        return REGRESSION
    return COULD_NOT_MEASURE if found.count("cannot-tell") else PASS


def _check(path: Path, strict: bool, jobs: int | None) -> Finding:
    from harness.gate.baseline import read_baseline
    from harness.gate.check_words import finding
    from harness.gate.judge import judge
    from harness.gate.measure import plan_again

    then = read_baseline(path)
    plan = plan_again(then, then.study(path.stem).changed(jobs=jobs))
    measured = _measure(plan, then.margin, then.command)
    judgements = judge(then, measured, strict=strict)
    return finding(str(path), then, measured.found, judgements)


def _update(path: Path, given: dict[str, Any], jobs: int | None) -> int:
    """Measure anew, show the difference to the old file, write the new one."""
    from harness.gate.baseline import InvalidBaseline, read_baseline, write_baseline
    from harness.gate.check_words import planned_power
    from harness.study.plan import make_plan

    then: Baseline | None = None
    whole = "study" in given or {"benchmarks", "methods"} <= given.keys()
    try:
        then = read_baseline(path)
    except InvalidBaseline as error:
        if not whole:
            raise
        if path.exists():
            say(f"The old file is replaced, unread: {error}")
    wanted = _study(path, then, given).changed(jobs=jobs)
    margin = given.get("margin", then.margin if then else MARGIN)
    if not 0.0 < margin < math.inf:
        raise HarnessError(f"the margin cannot be {margin}: it is a number of points above 0")
    measured = _measure(make_plan(wanted), margin, _command(path, given, then))
    measured.refuse_failures()
    if then is not None:
        _show_difference(path, then, measured)
    write_baseline(measured.found, path)
    print(f"{path}: {len(measured.found.cells)} cells, {len(measured.found.seeds)} seeds.")
    if len(measured.found.seeds) > 1:
        print(planned_power(measured.found))
    return PASS


def _study(path: Path, then: Baseline | None, given: dict[str, Any]) -> Study:
    from harness.study.plan import Study, load_study

    if "study" in given:
        base = load_study(given["study"])
    else:
        base = then.study(path.stem) if then else Study(name=path.stem)
    words = ("benchmarks", "methods", "budget", "seeds")
    wanted = base.changed(**{name: given[name] for name in words if name in given})
    if isinstance(wanted.budget, dict):
        # Budgets of benchmarks that are no longer there.
        kept = {name: wanted.budget[name] for name in wanted.benchmarks if name in wanted.budget}
        wanted = wanted.changed(budget=kept)
    return wanted


def _show_difference(path: Path, then: Baseline, measured: Measurement) -> None:
    """Cells that both have are compared, where they are of the same seeds and data."""
    from harness.gate.check_files import as_text
    from harness.gate.check_words import finding
    from harness.gate.judge import judge
    from harness.gate.measure import CannotMeasure

    try:
        judgements = judge(then, measured)
    except CannotMeasure as error:
        print(f"The old file cannot be compared: {error}.")
    else:
        found = finding(str(path), then, measured.found, judgements)
        # The last note says how to accept, which is being done.
        print(as_text(replace(found, notes=found.notes[:-1])))


def _measure(plan: Plan, margin: float, command: str) -> Measurement:
    from harness.gate.measure import measure

    runs = len(plan.methods) * len(plan.study.seeds)
    say(f"{len(plan.pairs) * len(plan.study.seeds)} runs on {len(plan.benchmarks)} benchmarks")
    totals = {benchmark.id: runs for benchmark in plan.benchmarks}
    with bars(totals, {}) as progress:
        return measure(plan, margin, command, progress)


def _command(path: Path, given: dict[str, Any], then: Baseline | None) -> str:
    """What was written to make the study of a baseline; kept where it is only measured anew."""
    if not given and then is not None:
        return then.command
    words = ["harness", "check", path.as_posix(), "--update"]
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            words += [_option(name), str(each)]
    return shlex.join(words)


def _option(name: str) -> str:
    return {"benchmarks": "-b", "methods": "-m"}.get(name, f"--{name}")


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.write_text(text)
    except OSError as error:
        raise HarnessError(f"cannot write {path}: {error}") from error
