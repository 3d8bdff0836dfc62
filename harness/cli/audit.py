"""``harness audit``: do the stored runs of a folder come out again?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import JOBS
from harness.cli.progress import bars, say
from harness.core.errors import UnknownName

FORMATS = ("table", "json")


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of a study.")],
    sample: Annotated[int, typer.Option(min=1, help="Run so many runs again.")] = 20,
    all_runs: Annotated[bool, typer.Option("--all", help="Run all runs again.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws the sample.")] = 0,
    jobs: Annotated[int | None, JOBS] = None,
    format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> int:
    """Run a random sample of stored runs again and compare them bit for bit.

    Also compares the digest of every stored run, study.json and summary.csv. Nothing in the folder
    is changed. Exit codes: 0 all agree, 1 something differs, 3 nothing could be run again.

    Examples:
      harness audit results/mine
      harness audit results/mine --sample 100 --seed 7
      harness audit results/mine --all --format json
    """
    from harness.gate.audit import audit as run_audit
    from harness.gate.audit import draw
    from harness.gate.audit_folder import read_folder, shard_files
    from harness.gate.audit_report import as_json, as_table

    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    with bars({"reading": len(shard_files(folder))}, {}) as progress:
        found = read_folder(folder, lambda: progress("reading", 1))
    drawn = draw(found, None if all_runs else sample, seed)
    runs = sum(drawn.sizes.values())
    say(f"Running {runs} stored runs again ({drawn.wall:.0f} s of work when they were stored)")
    with bars(drawn.sizes, {}) as progress:
        result = run_audit(found, drawn, jobs, progress)
    print(as_json(result) if format == "json" else as_table(result))
    return result.exit_code
