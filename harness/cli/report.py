"""``harness report``: what a folder of results says."""

from __future__ import annotations

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
        str, typer.Option(help="Compare with this method instead of the study's own control.")
    ] = "",
    failure: Annotated[
        str, typer.Option(metavar="METHOD:SEED", help="Show the traceback of a failed run.")
    ] = "",
) -> int:
    """Show the tables of a study again, in any format, without its benchmarks' data."""
    from harness.analysis.analyse import analyse
    from harness.report.formats import check_format, render
    from harness.study.store import Store

    check_format(format)
    store = Store(folder)
    results = store.read()
    if failure:
        method, _, seed = failure.rpartition(":")
        if method not in results.methods:
            raise UnknownName("method of this study", method, results.methods)
        errors = {
            runs.benchmark: runs.errors
            for (_, name), runs in results.pairs.items()
            if name == method and runs.errors
        }
        found = {b: e[int(seed)] for b, e in errors.items() if seed.isdigit() and int(seed) in e}
        if not found:
            failed = ", ".join(f"{b}: {sorted(e)}" for b, e in errors.items()) or "none"
            raise HarnessError(f"seed {seed} of {method} did not fail. Failed seeds: {failed}")
        for benchmark, text in found.items():
            print(f"{method} on {benchmark}, seed {seed}:\n{text}")
        return 0
    if control:
        if control not in results.methods:
            raise UnknownName("method of this study", control, results.methods)
        results = replace(results, control=control)
    print(render(results, analyse(results), format, folder))
    return 0
