"""``harness data``: tables, images and sounds that are not part of a package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.progress import bars, say
from harness.core.errors import HarnessError, MissingData, MissingExtra, UnknownName

if TYPE_CHECKING:
    from harness.core.benchmark import BenchmarkFamily, DataFile
    from harness.data.fetch import LiveData

MISMATCH, COULD_NOT = 1, 3

# A setting that those benchmarks have which are trained live.
_RECIPE = "recipe"

app = typer.Typer(help="Tables, images and sounds: where they are, how to get them, verify them.")

Name = Annotated[str, typer.Argument(help="Name in harness data status.")]


def _data_files() -> dict[str, DataFile]:
    from harness.core.registry import families

    found = {name: family.data_file() for name, family in families().items()}
    return {name: file for name, file in found.items() if file is not None}


def _live_data() -> dict[str, LiveData]:
    from harness.data.fetch import LIVE_DATA

    return LIVE_DATA


def _is_trained(family: BenchmarkFamily) -> bool:
    """Whether no benchmark of a family has a table."""
    return all(_RECIPE in entry.settings for entry in family.entries())


def _missing(name: str) -> str:
    return f"missing: harness data fetch {name}"


@contextmanager
def _counting(*names: str, unit: int = 1) -> Iterator[Callable[[str, int, int], None]]:
    """Bars that are told how much is done, and not how much more.

    Args:
        names: of the bars.
        unit: what they count by.
    """
    shown = dict.fromkeys(names, 0)
    with bars(dict(shown), {}) as advance:

        def progress(name: str, done: int, total: int) -> None:
            advance(name, done // unit - shown[name], total // unit)
            shown[name] = done // unit

        yield progress


@app.command()
def status() -> int:
    """Which tables, images and sounds are on this machine."""
    from harness.core.data_home import data_home
    from harness.core.registry import families

    print(f"data folder: {data_home()} (HARNESS_DATA)")
    files = _data_files()
    for name, family in families().items():
        if _is_trained(family):
            continue
        if name not in files:
            print(f"  {name:<16} part of an installed package")
        elif files[name].path.is_file():
            size = files[name].path.stat().st_size / 1e6
            print(f"  {name:<16} {size:.1f} MB  {files[name].path}")
        else:
            print(f"  {name:<16} {_missing(name)}")
    print("images and sounds to train on:")
    for name, data in _live_data().items():
        print(f"  {name:<16} {data.home if data.is_there else _missing(name)}")
    return 0


@app.command()
def fetch(name: Name) -> int:
    """Download what anybody may have; of other data, say where its authors keep it.

    A download that broke off or was interrupted goes on where it was.
    """
    live, files = _live_data(), _data_files()
    if name in live:
        return _fetch_live(live[name])
    if name not in files:
        raise UnknownName("data to fetch", name, {**files, **live})
    file = files[name]
    if file.path.is_file():
        print(f"{name} is there: {file.path}")
        return 0
    print(f"{name}: {file.how_to_get}")
    return COULD_NOT


def _fetch_live(data: LiveData) -> int:
    from harness.core.registry import missing_extra
    from harness.data.archives import CannotFetch, RemoteArchive, fetch_archive

    if not data.is_there:
        if not isinstance(data.source, RemoteArchive):
            print(f"{data.name}: {data.source()}")
            return COULD_NOT
        if missing := missing_extra("live"):
            raise MissingExtra(f"to fetch {data.name} {missing}")
        say(f"{data.name}: {data.source.url}")
        try:
            with _counting("download (MB)", "unpack (MB)", unit=10**6) as progress:
                fetch_archive(
                    data.source,
                    data.home / data.folder,
                    lambda stage, done, total: progress(f"{stage} (MB)", done, total),
                )
        except CannotFetch as error:
            say(f"harness: {error}")
            return COULD_NOT
        except KeyboardInterrupt:
            say("interrupted: what has arrived is kept, the same command goes on from there")
            raise
    print(f"{data.name} is there: {data.home}")
    return 0


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
    files = _data_files()
    if name not in files:
        raise UnknownName("table to import", name, files)
    file = files[name]
    if not path.exists():
        raise HarnessError(f"no file or folder '{path}' (looked in {Path.cwd()})")
    if file.path.exists() and not force:
        raise HarnessError(f"{file.path} is there already; --force replaces it")
    with _counting(name) as progress:
        summary = file.importer(path, file.path, trust=trust, progress=partial(progress, name))
    print(summary)
    return 0


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="Name in harness data status; all if empty.")] = "",
    sample: Annotated[
        int,
        typer.Option(min=0, help="Train so many architectures of the benchmark NAME again."),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Draws the sample.")] = 0,
) -> int:
    """Check data: tables by their checksums, images and sounds by whether all of them are there.

    With --sample, train random architectures of a benchmark that the harness made, and test whether
    the new scores come from the same distributions as the stored ones.
    """
    if sample:
        return _retrain(name, sample, seed)
    from harness.core.registry import families

    live = _live_data()
    known = {**families(), **live}
    if name and name not in known:
        raise UnknownName("data to verify", name, known)
    codes = {
        each: _verify_live(live[each]) if each in live else _verify_table(each)
        for each in ([name] if name else known)
    }
    if not name:  # What was never fetched is no fault.
        return MISMATCH if MISMATCH in codes.values() else 0
    return codes[name]


def _verify_table(space: str) -> int:
    from harness.core.registry import families, load_benchmark

    family = families()[space]
    file = family.data_file()
    if file is not None and not file.path.is_file():
        say(f"{space}: {_missing(space)}")
        return COULD_NOT
    if file is not None and _changed(file.path):
        print(f"{space}: {file.path} has changed since it was written (SHA-256 differs)")
        return MISMATCH
    if _is_trained(family):
        print(f"{space}: no table, its scores come from training")
    for entry in family.entries():
        if _RECIPE in entry.settings:
            continue
        card = load_benchmark(entry.id).card()
        print(
            f"{card.id}: {card.architectures} architectures, {card.unique} unique, "
            f"best {card.reported} {card.optimum:.6g} ({card.metric}), "
            f"SHA-256 {card.checksum[:12]}"
        )
    return 0


def _verify_live(data: LiveData) -> int:
    if not data.is_there:
        say(f"{data.name}: {_missing(data.name)}")
        return COULD_NOT
    try:
        print(f"{data.name}: {data.check(data.home)}  ({data.home})")
    except MissingData as error:
        say(f"{data.name}: {error}")
        return COULD_NOT
    except HarnessError as error:
        print(f"{data.name}: {error}")
        return MISMATCH
    return 0


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
