"""``harness data import nasbench201``: the authors' files as one table of columns."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import InvalidArchitecture, InvalidTable
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench201.official import Cell, OfficialFiles, WholePthFile, official_files
from spaces.nasbench201.pickle_stream import UnfamiliarPickle
from spaces.nasbench201.record import CellColumns, cell_columns
from spaces.nasbench201.space import NasBench201Space
from spaces.nasbench201.table_writer import TableWriter

Progress = Callable[[int, int], None]

# Memory of a file that is loaded at once, in sizes of the file: 21 GB for the official ones.
_WHOLE = 5


@dataclass(frozen=True)
class ImportSummary:
    """What was imported.

    Attributes:
        path: the table.
        source: the file or folder that it was made from.
        rows: number of cells.
        trials: number of cells by number of training runs, by ``dataset@schedule``.
        sha256: checksum of the table.
    """

    path: Path
    source: Path
    rows: int
    trials: Mapping[str, Mapping[int, int]]
    sha256: str

    def __str__(self) -> str:
        """A few lines for the terminal."""
        lines = [f"{self.rows} cells from {self.source}", f"  table    {self.path}"]
        for name, counts in self.trials.items():
            words = ", ".join(f"{cells} cells with {n}" for n, cells in sorted(counts.items()))
            lines.append(f"  runs     {name}: {words}")
        return "\n".join([*lines, f"  SHA-256  {self.sha256}"])


def import_nasbench201(
    path: Path, target: Path, *, trust: bool = False, progress: Progress | None = None
) -> ImportSummary:
    """Make a table from an official file or folder; `spaces.nasbench201.layout` has its columns.

    Memory does not grow with the number of cells, about half a gigabyte, unless a ``.pth`` is laid
    out in another way than the authors' files; a warning says so. The table appears whole or not at
    all, with its checksum in a file beside it.

    Args:
        path: see `spaces.nasbench201.official`.
        target: the Parquet file to write; replaced if it is there.
        trust: allow pickles to look up any name, hence to run anything.
        progress: told the number of cells that are done and of all, after each one.

    Raises:
        HarnessError: the path is none of the official forms, or a pickle in it asks for a name that
            is not allowed.
        InvalidTable: it is damaged, truncated or incomplete.
        MissingExtra: the package that interprets it is not installed.
    """
    files = official_files(path, trust=trust)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _write(files, target, progress)
    except UnfamiliarPickle as error:
        size = _WHOLE * path.stat().st_size / 1e9
        warnings.warn(f"{error}: reading it whole, which takes about {size:.1f} GB of memory")
        return _write(WholePthFile(path, trust=trust), target, progress)


def _write(files: OfficialFiles, target: Path, progress: Progress | None) -> ImportSummary:
    archs: dict[int, str] = {}
    trials: defaultdict[str, Counter[int]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        writer = TableWriter(Path(folder))
        for cell in files.cells():
            row = _columns(cell, files)
            writer.add(cell.index, cell.arch, row)
            archs[cell.index] = cell.arch
            for name, count in row.trials.items():
                trials[name][count] += 1
            if progress is not None:
                progress(len(archs), max(len(files.named), len(archs)))
        _check_complete(files, archs)
        table = writer.finish(target.name)
        checksum = table.with_name(checksum_file(target).name)
        sha256 = sha256_of(table)
        checksum.write_text(f"{sha256}  {target.name}\n")
        # A checksum of an older table must never stand beside the new one.
        checksum_file(target).unlink(missing_ok=True)
        os.replace(table, target)
        os.replace(checksum, checksum_file(target))
    return ImportSummary(
        path=target,
        source=files.path,
        rows=len(archs),
        trials={name: dict(counts) for name, counts in sorted(trials.items())},
        sha256=sha256,
    )


def _columns(cell: Cell, files: OfficialFiles) -> CellColumns:
    try:
        NasBench201Space().from_str(cell.arch)
        return cell_columns(cell.records)
    except InvalidArchitecture as error:
        raise InvalidTable(f"{files.path}: cell {cell.index}: {error}") from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidTable(
            f"{files.path}: cell {cell.index} is not as {files.package} has it "
            f"({type(error).__name__}: {error})"
        ) from error


def _check_complete(files: OfficialFiles, archs: Mapping[int, str]) -> None:
    missing = sorted(files.named.keys() - archs.keys())
    if missing or not archs:
        raise InvalidTable(
            f"{files.path} is incomplete: {len(missing)} of the {len(files.named)} cells that it "
            f"names are missing{f', the first one is {missing[0]}' if missing else ''}. Get it anew"
        )
    for index, arch in archs.items():
        if files.named.get(index) not in ("", arch):
            raise InvalidTable(
                f"{files.path}: cell {index} is {arch} in its record and "
                f"{files.named.get(index)} in the list of cells"
            )
