"""``harness show``: curves, architecture, pictures and sound of a run."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.progress import say
from harness.core.errors import HarnessError


def show(
    folder: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a training, or results of a study."),
    ],
    run: Annotated[
        str, typer.Option(metavar="METHOD:SEED", help="One run of a study; all where omitted.")
    ] = "",
    benchmark: Annotated[
        str, typer.Option("-b", "--benchmark", metavar="ID", help="Of a study with several.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where files go; show/ in RUN.")
    ] = None,
) -> int:
    """Write files with what there is to see of a run.

    Of a training: learning curves, the architecture, and what the trained network shows. Of a run
    of a study: what the search saw and wrote down, what it recommends, and how that was retrained.

    Examples:
      harness show results/study
      harness show results/study --run regularized-evolution:3
    """
    from harness.live.training_store import RECORD
    from harness.report.show.files import Written
    from harness.report.show.study import Chosen, show_study
    from harness.report.show.training import show_training

    if not folder.is_dir():
        raise HarnessError(f"there is no folder '{folder}'.{_near(folder)}")
    if (folder / RECORD).is_file():
        if run or benchmark:
            raise HarnessError(f"{folder} is one training; --run and -b choose a run of a study")
        shown = show_training(folder, out or folder / "show")
    elif (folder / "study.json").is_file():
        shown = show_study(folder, Chosen(benchmark, run), out)
    else:
        raise HarnessError(
            f"{folder} is neither a training (no {RECORD}) nor the results of a study (no "
            "study.json). harness train and harness compare say where theirs are"
        )
    for one in shown:
        if isinstance(one, Written):
            print(f"{one.what}: {one.path}", flush=True)
        else:
            say(one.why)
    return 0


def _near(folder: Path) -> str:
    """Folders beside a missing one whose names are like its name."""
    try:
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(folder.name, beside, n=3, cutoff=0.6)
    return (
        f" Did you mean {' or '.join(str(folder.parent / name) for name in near)}?" if near else ""
    )
