"""``harness data``: the tables that are not part of a package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.progress import bars, say
from harness.core.errors import HarnessError, UnknownName

if TYPE_CHECKING:
    from harness.core.benchmark import DataFile

MISMATCH, COULD_NOT = 1, 3

app = typer.Typer(help="Tables: where they are, how to get them, import and verification.")

Name = Annotated[str, typer.Argument(help="Name of a space: harness data status")]


def _data_files() -> dict[str, DataFile]:
    from harness.core.registry import families

    found = {name: family.data_file() for name, family in families().items()}
    return {name: file for name, file in found.items() if file is not None}


def _data_file(name: str) -> DataFile:
    files = _data_files()
    if name not in files:
        raise UnknownName("table to import", name, files)
    return files[name]


@app.command()
def status() -> int:
    """Which tables are on this machine."""
    from harness.core.data_home import data_home
    from harness.core.registry import families

    print(f"data folder: {data_home()} (HARNESS_DATA)")
    files = _data_files()
    for name in families():
        if name not in files:
            print(f"  {name:<16} part of an installed package")
        elif files[name].path.is_file():
            size = files[name].path.stat().st_size / 1e6
            print(f"  {name:<16} {size:.1f} MB  {files[name].path}")
        else:
            print(f"  {name:<16} missing: harness data fetch {name}")
    return 0


@app.command()
def fetch(name: Name) -> int:
    """Say where a table's authors keep it; nothing is downloaded behind your back."""
    file = _data_file(name)
    if file.path.is_file():
        print(f"{name} is there: {file.path}")
        return 0
    print(f"{name}: {file.how_to_get}")
    return COULD_NOT


@app.command("import")
def import_(
    name: Name,
    path: Annotated[Path, typer.Argument(help="The file or folder that the authors distribute.")],
    trust: Annotated[
        bool,
        typer.Option(help="Allow pickles to make any object. They can run code: know the source."),
    ] = False,
    force: Annotated[bool, typer.Option(help="Replace a table that is there.")] = False,
) -> int:
    """Turn the authors' files into a table of this project."""
    file = _data_file(name)
    if not path.exists():
        raise HarnessError(f"no file or folder '{path}' (looked in {Path.cwd()})")
    if file.path.exists() and not force:
        raise HarnessError(f"{file.path} is there already; --force replaces it")
    shown = 0
    with bars({name: 0}, {}) as advance:

        def progress(done: int, total: int) -> None:
            nonlocal shown
            advance(name, done - shown, total)
            shown = done

        summary = file.importer(path, file.path, trust=trust, progress=progress)
    print(summary)
    return 0


@app.command()
def verify(
    name: Annotated[
        str, typer.Argument(help="Name of a space, all if empty; with --sample, of a benchmark.")
    ] = "",
    sample: Annotated[
        int, typer.Option(min=0, help="Train so many architectures again and compare.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Draws the sample.")] = 0,
) -> int:
    """Check tables against their checksums, and that they have a score for every architecture.

    With --sample, train random architectures of a benchmark that the harness made, and test whether
    the new scores come from the same distributions as the stored ones.
    """
    from harness.core.registry import families, load_benchmark

    if sample:
        return _retrain(name, sample, seed)
    files = _data_files()
    if name and name not in families():
        raise UnknownName("space", name, families())
    code = 0
    for space in [name] if name else list(families()):
        file = files.get(space)
        if file is not None and not file.path.is_file():
            say(f"{space}: missing: harness data fetch {space}")
            code = COULD_NOT if name else code
            continue
        if file is not None and _changed(file.path):
            print(f"{space}: {file.path} has changed since it was written (SHA-256 differs)")
            code = MISMATCH
            continue
        for entry in families()[space].entries():
            card = load_benchmark(entry.id).card()
            print(
                f"{card.id}: {card.architectures} architectures, {card.unique} unique, "
                f"best {card.reported} {card.optimum:.6g} ({card.metric}), "
                f"SHA-256 {card.checksum[:12]}"
            )
    return code


def _changed(table: Path) -> bool:
    """Whether a table differs from the checksum that was written with it."""
    from harness.tables.source import checksum_file, sha256_of

    beside = checksum_file(table)
    return beside.is_file() and beside.read_text().split()[0] != sha256_of(table)


def _retrain(benchmark: str, sample: int, seed: int) -> int:
    """Compare a random sample of a table with new training runs."""
    import numpy as np

    from harness.live.tabulate import find_tabulation
    from harness.live.verification import ALPHA, retrain, same_distribution_p

    tabulation, rng = find_tabulation(benchmark), np.random.default_rng(seed)
    with bars({benchmark: sample}, {}) as advance:
        rows = retrain(
            tabulation, tabulation.table, sample, rng, lambda count: advance(benchmark, count)
        )
    for row in rows:
        print(
            f"  {row.arch}  stored {row.stored.mean():.2f} ± {row.stored.std(ddof=1):.2f}  "
            f"trained now {row.fresh.mean():.2f} ± {row.fresh.std(ddof=1):.2f}"
        )
    p = same_distribution_p(rows, rng)
    agree = p >= ALPHA
    verdict = "agree" if agree else "DISAGREE"
    print(f"{benchmark}: {len(rows)} architectures, stored and new scores {verdict} (p {p:.3f})")
    return 0 if agree else MISMATCH
