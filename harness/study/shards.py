"""Parquet shards, each written whole and renamed into place, and the file that names a study.

``FOLDER/study.json`` says what the study is; ``FOLDER/runs/BENCHMARK/NAME-KEY/*.parquet`` hold the
runs of one task. A shard's rows are runs, and its metadata say what the runs depend on and where
they come from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic

from harness.core.benchmark import BenchmarkCard
from harness.core.errors import HarnessError, InvalidStudy
from harness.core.logs import Logs
from harness.study.digests import digests_of
from harness.study.provenance import provenance
from harness.study.tasks import R, Task

SCHEMA = 1
_METADATA = b"nas_harness"


class Shards(ABC, Generic[R]):
    """The results folder of a study.

    Attributes:
        kind: the command that makes such a study.
        subject: what is compared, as a key of every identity.
        folder: where it lies.
        damaged: files that could not be read; they were set aside unless the folder is only read.
    """

    kind: ClassVar[str]
    subject: ClassVar[str]

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Remember the folder; it is made when something is written.

        Args:
            folder: where it lies.
            read_only: whether damaged files stay where they are.

        Raises:
            HarnessError: the path is taken by a file.
        """
        if folder.exists() and not folder.is_dir():
            raise HarnessError(f"{folder} is a file; --out names the folder of the results")
        self.folder = folder
        self._read_only = read_only
        self.damaged: list[Path] = []

    @abstractmethod
    def columns(self, records: Sequence[R]) -> dict[str, Any]:
        """Finished runs as the columns of a shard; there is ``seed`` and ``wall`` among them."""

    @property
    def _study_file(self) -> Path:
        return self.folder / "study.json"

    def pair_folder(self, pair: Task[R]) -> Path:
        """Where the shards of a task lie."""
        return self.runs_folder(pair.identity, pair.key)

    def runs_folder(self, identity: dict[str, Any], key: str) -> Path:
        """Where the shards of a task with that identity lie."""
        name = f"{_slug(identity[self.subject])}-{key}"
        return self.folder / "runs" / _slug(identity["benchmark"]) / name

    def seeds(self, pair: Task[R]) -> set[int]:
        """Seeds of the task whose runs are there."""
        found: set[int] = set()
        for table in self.shards(self.pair_folder(pair), ["seed"]):
            found.update(table.column("seed").to_pylist())
        return found

    def work_seconds(self, pair: Task[R]) -> float:
        """Seconds on the wall that the stored runs of a task took, added up."""
        return sum(
            sum(table.column("wall").to_pylist())
            for table in self.shards(self.pair_folder(pair), ["wall"])
        )

    def logs(self, pair: Task[R]) -> dict[int, Logs]:
        """What every stored run of a task wrote down as it went on, by seed."""
        return {
            seed: json.loads(written)
            for table in self.shards(self.pair_folder(pair), ["seed"], ["logs"])
            if "logs" in table.column_names
            for seed, written in zip(
                table.column("seed").to_pylist(), table.column("logs").to_pylist(), strict=True
            )
        }

    def write(self, pair: Task[R], records: Sequence[R]) -> Path:
        """Store finished runs as one shard.

        Raises:
            HarnessError: the disk is full or cannot be written to; nothing half-written remains.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self.pair_folder(pair)
        target = folder / shard_name([record.seed for record in records])
        told = {
            "schema": SCHEMA,
            "identity": pair.identity,
            "given": pair.given,
            "provenance": provenance(),
        }
        table = pa.table(self.columns(records))
        metadata = {**told, "digests": asdict(digests_of(table, told))}
        table = table.replace_schema_metadata({_METADATA: json.dumps(metadata)})
        # The process id keeps two studies that share a folder from writing to the same file.
        temporary = folder / f".{target.name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
            os.replace(temporary, target)
        except OSError as error:
            raise HarnessError(
                f"cannot store results in {folder}: {error}. Runs stored before are kept; "
                "the same command continues"
            ) from error
        finally:
            with suppress(OSError):
                temporary.unlink()
        return target

    def write_content(self, content: dict[str, Any]) -> None:
        """Write ``study.json``.

        Raises:
            InvalidStudy: the folder holds a study of another kind.
            HarnessError: the disk is full or cannot be written to.
        """
        with suppress(OSError, ValueError):
            other = json.loads(self._study_file.read_text()).get("kind", "compare")
            if other != self.kind:
                raise InvalidStudy(
                    f"{self.folder} holds a study of harness {other}. Name another folder: --out"
                )
        content = {"schema": SCHEMA, "kind": self.kind, **content, "provenance": provenance()}
        temporary = self._study_file.with_name(f".study.json.{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(content, indent=1) + "\n")
            os.replace(temporary, self._study_file)
        except OSError as error:
            raise HarnessError(f"cannot write to {self.folder}: {error}") from error

    def stored_cards(self) -> list[BenchmarkCard]:
        """Cards that an earlier study in this folder wrote down; none where there was none."""
        try:
            return [card_of(card) for card in self.read_content()["cards"]]
        except HarnessError:
            return []

    def read_content(self) -> dict[str, Any]:
        """What ``study.json`` says.

        Raises:
            InvalidStudy: there is none, or one of another kind or version.
        """
        content = _content(self.folder)
        kind = content.get("kind", "compare")
        if kind != self.kind:
            raise InvalidStudy(f"{self.folder} holds a study of harness {kind}")
        return content

    def shards(
        self, folder: Path, columns: list[str], optional: Sequence[str] = ()
    ) -> Iterable[Any]:
        """The readable shards of a folder; a damaged one is set aside.

        Args:
            folder: where they lie.
            columns: what is read of them.
            optional: is read as well from those that have it; older ones may not.
        """
        import pyarrow.parquet as pq

        if not folder.is_dir():
            return
        for path in sorted(folder.glob("[0-9]*.parquet")):
            try:
                file = pq.ParquetFile(path, page_checksum_verification=True)
                names = [*columns, *(n for n in optional if n in file.schema_arrow.names)]
                table = file.read(columns=names).select(names)
            except Exception:  # A damaged file can raise anything.
                self.damaged.append(path if self._read_only else _set_aside(path))
            else:
                yield table


def shard_name(seeds: Sequence[int]) -> str:
    """What the file with the runs of those seeds is called."""
    digest = hashlib.sha256(repr(sorted(seeds)).encode()).hexdigest()[:8]
    return f"{min(seeds):06d}-{max(seeds):06d}-{digest}.parquet"


def read_shard(path: Path) -> tuple[Any, dict[str, Any]]:
    """A whole shard: an Arrow table with one row a run, and the metadata.

    Raises:
        HarnessError: it is damaged, or no shard.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        return table, json.loads(table.schema.metadata[_METADATA])
    except Exception as error:  # A damaged file can raise anything.
        raise HarnessError(f"{path} cannot be read ({type(error).__name__}: {error})") from error


def kind_of(folder: Path) -> str:
    """Which command made the study in a folder.

    Raises:
        InvalidStudy: the folder holds no study, or one of another version.
    """
    kind: str = _content(folder).get("kind", "compare")
    return kind


def card_of(content: dict[str, Any]) -> BenchmarkCard:
    """A card as it was written down."""
    return BenchmarkCard(**{**content, "units": tuple(content["units"])})


def _content(folder: Path) -> dict[str, Any]:
    file = folder / "study.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        raise InvalidStudy(
            f"{folder} has no results (no study.json). Make some: harness compare --out FOLDER"
        ) from None
    except (OSError, ValueError) as error:
        raise InvalidStudy(
            f"{file} cannot be read ({error}). "
            "The command that made it writes it again; its runs are kept"
        ) from error
    if content.get("schema") != SCHEMA:
        raise InvalidStudy(
            f"{file} has schema {content.get('schema')}; this installation reads schema {SCHEMA}"
        )
    return content


def _set_aside(path: Path) -> Path:
    aside = path.with_suffix(".damaged")
    os.replace(path, aside)
    return aside


def _slug(identity: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", identity).strip("-")
