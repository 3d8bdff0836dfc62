"""``harness report``: what a folder of results says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import FORMAT
from harness.core.errors import HarnessError, UnknownName


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of a study.")],
    format: Annotated[str, FORMAT] = "table",
    control: Annotated[
        str, typer.Option(help="Compare with this one instead of the study's own control.")
    ] = "",
    failure: Annotated[
        str, typer.Option(metavar="NAME:SEED", help="Show the traceback of a failed run.")
    ] = "",
) -> int:
    """Show the tables of a study again, in any format, without its benchmarks' data."""
    from harness.report.formats import check_format
    from harness.study.shards import kind_of

    check_format(format)
    show = _show_ranking if kind_of(folder) == "rank" else _show_study
    return show(folder, format, control, failure)


def _show_study(folder: Path, format: str, control: str, failure: str) -> int:
    from harness.analysis.analyse import analyse
    from harness.report.formats import render
    from harness.study.store import Store

    results = Store(folder).read()
    if failure:
        errors = {key: runs.errors for key, runs in results.pairs.items()}
        return _show_failure(failure, "method", results.methods, errors)
    if control:
        _refuse_unknown(control, "method", results.methods)
        results = replace(results, control=control)
    print(render(results, analyse(results), format, folder))
    return 0


def _show_ranking(folder: Path, format: str, control: str, failure: str) -> int:
    from harness.analysis.rank_analyse import analyse_ranking
    from harness.report.formats import render_ranking
    from harness.study.rank_store import RankStore

    results = RankStore(folder).read()
    if failure:
        errors = {(own.cell.id, own.scorer): own.errors for own in results.runs.values()}
        return _show_failure(failure, "scorer", results.scorers, errors)
    if control:
        _refuse_unknown(control, "scorer", results.scorers)
        results = replace(results, control=control)
    print(render_ranking(results, analyse_ranking(results), format, folder))
    return 0


def _refuse_unknown(name: str, noun: str, names: Sequence[str]) -> None:
    if name not in names:
        raise UnknownName(f"{noun} of this study", name, names)


def _show_failure(
    failure: str,
    noun: str,
    names: Sequence[str],
    errors: Mapping[tuple[str, str], Mapping[int, str]],
) -> int:
    """Print the tracebacks of a run, by what failed and its seed.

    Args:
        failure: name and seed, joined by a colon.
        noun: what the names are.
        names: those of the study.
        errors: tracebacks by seed, by (benchmark, name).
    """
    name, _, seed = failure.rpartition(":")
    _refuse_unknown(name, noun, names)
    own = {where: texts for (where, other), texts in errors.items() if other == name and texts}
    found = {
        w: texts[int(seed)] for w, texts in own.items() if seed.isdigit() and int(seed) in texts
    }
    if not found:
        failed = "; ".join(f"{where}: {sorted(texts)}" for where, texts in own.items()) or "none"
        raise HarnessError(f"seed {seed} of {name} did not fail. Failed seeds: {failed}")
    for where, text in found.items():
        print(f"{name} on {where}, seed {seed}:\n{text}")
    return 0
