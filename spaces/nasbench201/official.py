"""The forms in which the authors distribute NAS-Bench-201, read cell by cell.

- ``NAS-Bench-201-v1_0-e61699.pth``, ``...-v1_1-096897.pth``: one file of ``torch.save``;
- ``NAS-Bench-201-v1_1-archive``: a folder with one file of ``torch.save`` a cell;
- ``NATS-tss-v1_0-3ffb9-simple``: a folder with one compressed pickle a cell.

What is in a record is interpreted by the authors' packages nas-bench-201 and nats-bench.
"""

from __future__ import annotations

import bz2
import importlib
import io
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import HarnessError, InvalidTable, MissingData, MissingExtra
from harness.data.safe_pickle import EVERYTHING, PLAIN_DATA, Global, load_restricted
from spaces.nasbench201.pickle_stream import PickledDict
from spaces.nasbench201.torch_file import main_pickle, unpickler_of

# Names of the two schedules in files of NAS-Bench-201; those of NATS-Bench are numbers.
_SCHEDULES = {"less": 12, "full": 200}


@dataclass(frozen=True)
class Cell:
    """All that was measured of one cell.

    Attributes:
        index: the official index.
        arch: the official notation.
        records: the package's ``ArchResults`` by schedule.
    """

    index: int
    arch: str
    records: Mapping[int, Any]


class OfficialFiles(ABC):
    """One of the official forms.

    Attributes:
        path: the file or folder.
        named: the cells that it says it has: notation by official index, empty where it does not
            tell. Complete once all cells have been read.
    """

    # Module of the package that interprets the records.
    package: str

    def __init__(self, path: Path, *, trust: bool) -> None:
        """Remember a path.

        Raises:
            MissingExtra: the package that interprets it is not installed.
        """
        self.path = path
        self.allow: Container[Global] = EVERYTHING if trust else PLAIN_DATA
        self.named: dict[int, str] = {}
        try:
            self._arch_results = importlib.import_module(self.package).ArchResults
        except ImportError as error:
            raise MissingExtra(
                f"reading {path} needs the extra 'nasbench201' ({error}): "
                "pip install 'nas-harness[nasbench201]'"
            ) from error

    @abstractmethod
    def cells(self) -> Iterator[Cell]:
        """Read one cell after the other.

        Raises:
            HarnessError: a file asks for a name that is not allowed.
            InvalidTable: a file is damaged, truncated or missing.
        """

    def _name_cells(self, meta: Mapping[str, Any]) -> None:
        archs = dict(enumerate(meta.get("meta_archs", ())))
        evaluated = {int(index): "" for index in meta.get("evaluated_indexes", ())}
        self.named = evaluated | archs

    def _cell(self, index: int, states: Any, source: Path) -> Cell:
        try:
            records = {
                _SCHEDULES.get(name) or int(name): self._arch_results.create_from_state_dict(state)
                for name, state in states.items()
            }
            (arch,) = {str(record.arch_str) for record in records.values()}
            return Cell(index, arch, records)
        except Exception as error:  # What a foreign package raises on odd data can be anything.
            raise InvalidTable(
                f"{source}: cell {index} is no record of {self.package} "
                f"({type(error).__name__}: {error})"
            ) from error


class PthFile(OfficialFiles):
    """All cells in one file of ``torch.save``."""

    package = "nas_201_api"

    def cells(self) -> Iterator[Cell]:
        """See `OfficialFiles.cells`.

        Raises:
            UnfamiliarPickle: the file is not laid out as expected; see `WholePthFile`.
        """
        unpickler = unpickler_of(self.path, self.allow)
        with main_pickle(self.path) as (file, end):
            entries = PickledDict(file, end, "arch2infos", unpickler, str(self.path))
            self._name_cells(entries.outer)
            for index, states in entries:
                yield self._cell(index, states, self.path)
            self._name_cells(entries.outer)


class WholePthFile(OfficialFiles):
    """The same, loaded at once: about five times the size of the file in memory."""

    package = "nas_201_api"

    def cells(self) -> Iterator[Cell]:
        """See `OfficialFiles.cells`."""
        with main_pickle(self.path) as (file, _):
            content = unpickler_of(self.path, self.allow)(file).load()
        if not isinstance(content, dict) or not isinstance(content.get("arch2infos"), dict):
            raise InvalidTable(
                f"{self.path} is no file of NAS-Bench-201: it has no dictionary 'arch2infos'"
            )
        self._name_cells(content)
        for index, states in content["arch2infos"].items():
            yield self._cell(index, states, self.path)


class PthFolder(OfficialFiles):
    """One file of ``torch.save`` a cell; it tells of the cells only by their numbers."""

    package = "nas_201_api"
    pattern = "*-FULL.pth"

    def cells(self) -> Iterator[Cell]:
        """See `OfficialFiles.cells`."""
        files = {int(file.name.partition("-")[0]): file for file in self.path.glob(self.pattern)}
        self.named = dict.fromkeys(range(max(files) + 1), "")
        for index, file in sorted(files.items()):
            with main_pickle(file) as (stream, _):
                states = unpickler_of(file, self.allow)(stream).load()
            yield self._cell(index, states, file)


class NatsFolder(OfficialFiles):
    """One compressed pickle a cell, and one with the notation of all."""

    package = "nats_bench"
    meta = "meta.pickle.pbz2"

    def cells(self) -> Iterator[Cell]:
        """See `OfficialFiles.cells`."""
        meta = self._load(self.path / self.meta)
        if not isinstance(meta, dict) or "meta_archs" not in meta:
            raise InvalidTable(f"{self.path / self.meta} does not name the cells ('meta_archs')")
        self._name_cells(meta)
        files = {index: self._file(index) for index in sorted(self.named)}
        if missing := [index for index, file in files.items() if not file.is_file()]:
            raise InvalidTable(
                f"{self.path} lacks {len(missing)} of {len(files)} cells, the first one is "
                f"{files[missing[0]].name}. Get it anew"
            )
        for index, file in files.items():
            yield self._cell(index, self._load(file), file)

    def _file(self, index: int) -> Path:
        short = self.path / f"{index}.pickle.pbz2"
        return short if short.is_file() else self.path / f"{index:06d}.pickle.pbz2"

    def _load(self, file: Path) -> Any:
        try:
            content = bz2.decompress(file.read_bytes())
        except (OSError, ValueError) as error:
            raise InvalidTable(f"{file} is damaged or truncated ({error}). Get it anew") from error
        return load_restricted(io.BytesIO(content), allow=self.allow, name=str(file))


def official_files(path: Path, *, trust: bool) -> OfficialFiles:
    """Tell by the content which of the official forms a path is.

    Raises:
        MissingData: there is nothing.
        HarnessError: it is none of them.
        MissingExtra: the package that interprets it is not installed.
    """
    if not path.exists():
        raise MissingData(f"no file or folder '{path}'")
    if path.is_dir():
        if (path / NatsFolder.meta).is_file():
            return NatsFolder(path, trust=trust)
        if any(path.glob(PthFolder.pattern)):
            return PthFolder(path, trust=trust)
    else:
        with path.open("rb") as file:
            begin = file.read(4)
        if begin.startswith((b"PK", b"\x80")):
            return PthFile(path, trust=trust)
    raise HarnessError(
        f"{path} is no form of NAS-Bench-201 that is known here. These are: "
        "NAS-Bench-201-v1_1-096897.pth (or v1_0-e61699), its folder with a *-FULL.pth for each "
        "cell, and the unpacked folder NATS-tss-v1_0-3ffb9-simple with meta.pickle.pbz2"
    )
