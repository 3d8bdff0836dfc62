"""``harness tabulate``: train every architecture of a space."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.progress import bars, say

INTERRUPTED = 130


def tabulate(
    benchmark: Annotated[str, typer.Argument(help="A benchmark that can be made here.")],
    trials: Annotated[int, typer.Option(min=1, help="Training runs of each architecture.")] = 8,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes; one a core.")] = None,
    out: Annotated[Path | None, typer.Option(help="The table; SPACE-DATASET.parquet here.")] = None,
) -> int:
    """Make a tabular benchmark; the same command continues after an interruption."""
    from harness.live.tabulate import find_tabulation
    from harness.live.tabulate import tabulate as make

    tabulation = find_tabulation(benchmark)
    target = out or Path(benchmark.replace("/", "-") + ".parquet")
    workers = jobs or os.cpu_count() or 1
    say(
        f"{benchmark}: {len(tabulation.archs):,} architectures x {trials} trials · "
        f"{workers} workers · {target}"
    )
    with bars({benchmark: len(tabulation.archs)}, {}) as advance:
        try:
            make(tabulation, trials, target, workers, lambda count: advance(benchmark, count))
        except KeyboardInterrupt:
            say("Stopped. What was trained is kept; the same command continues.")
            return INTERRUPTED
    print(target)
    return 0
