"""Where finished runs lie: Parquet shards, each written whole and renamed into place.

``FOLDER/study.json`` says what the study is; ``FOLDER/runs/BENCHMARK/METHOD-KEY/*.parquet`` hold
the runs of one pair. A shard's rows are runs, its list columns their traces, and its metadata say
what the runs depend on and where they come from.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import BenchmarkCard
from harness.core.errors import HarnessError, InvalidStudy
from harness.study.plan import Pair, Plan
from harness.study.provenance import provenance
from harness.study.results import Curve, PairRuns, StudyResults
from harness.study.run import RunRecord, Trace

SCHEMA = 1
_METADATA = b"nas_harness"
_RUN_COLUMNS = ("seed", "error", "recommended", "valid", "reported", "queries", "unique", "epochs",
                "seconds", "wall", "counts")  # fmt: skip
_TRACE_COLUMNS = ("archs", "fidelities", "scores", "charged", "epochs", "seconds", "incumbents",
                  "reported")  # fmt: skip


class Store:
    """The results folder of a study."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; it is made when something is written.

        Raises:
            HarnessError: the path is taken by a file.
        """
        if folder.exists() and not folder.is_dir():
            raise HarnessError(f"{folder} is a file; --out names the folder of the results")
        self.folder = folder
        self.damaged: list[Path] = []

    @property
    def _study_file(self) -> Path:
        return self.folder / "study.json"

    def pair_folder(self, pair: Pair) -> Path:
        """Where the shards of a pair lie."""
        return self._runs_folder(pair.identity, pair.key)

    def _runs_folder(self, identity: dict[str, Any], key: str) -> Path:
        benchmark, method = identity["benchmark"], identity["method"]
        return self.folder / "runs" / _slug(benchmark) / f"{_slug(method)}-{key}"

    def seeds(self, pair: Pair) -> set[int]:
        """Seeds of the pair whose runs are there."""
        found: set[int] = set()
        for table in self._shards(self.pair_folder(pair), ["seed"]):
            found.update(table.column("seed").to_pylist())
        return found

    def work_seconds(self, pair: Pair) -> float:
        """Seconds on the wall that the stored runs of a pair took, added up."""
        return sum(
            sum(table.column("wall").to_pylist())
            for table in self._shards(self.pair_folder(pair), ["wall"])
        )

    def write(self, pair: Pair, records: Sequence[RunRecord]) -> Path:
        """Store finished runs as one shard.

        Raises:
            HarnessError: the disk is full or cannot be written to; nothing half-written remains.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        seeds = [record.seed for record in records]
        digest = hashlib.sha256(repr(sorted(seeds)).encode()).hexdigest()[:8]
        folder = self.pair_folder(pair)
        target = folder / f"{min(seeds):06d}-{max(seeds):06d}-{digest}.parquet"
        columns: dict[str, Any] = {
            name: [getattr(record, name) for record in records] for name in _RUN_COLUMNS
        }
        columns["counts"] = [json.dumps(counts) for counts in columns["counts"]]
        columns["recommended"] = pa.array(columns["recommended"], pa.list_(pa.int16()))
        for name in _TRACE_COLUMNS:
            columns[f"trace_{name}"] = _lists([getattr(record.trace, name) for record in records])
        metadata = {
            "schema": SCHEMA,
            "identity": pair.identity,
            "given": {"benchmark": pair.benchmark, "method": pair.method},
            "provenance": provenance(),
        }
        table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(metadata)})
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

    def write_study(self, plan: Plan, cards: Sequence[BenchmarkCard]) -> None:
        """Write down what the study is, so that a report needs nothing but the folder."""
        content = {
            "schema": SCHEMA,
            "name": plan.study.name,
            "cards": [asdict(card) for card in cards],
            "budgets": {name: str(budget) for name, budget in plan.budgets.items()},
            "methods": [method.identity for method in plan.methods],
            "control": plan.control,
            "seeds": list(plan.study.seeds),
            "pairs": [
                {"benchmark": b, "method": m, "identity": pair.identity, "key": pair.key}
                for (b, m), pair in plan.pairs.items()
            ],
            "provenance": provenance(),
        }
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
            return [_card(card) for card in self._read_study()["cards"]]
        except HarnessError:
            return []

    def _read_study(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._study_file.read_text())
        except FileNotFoundError:
            raise InvalidStudy(
                f"{self.folder} has no results (no study.json). "
                "Make some: harness compare --out FOLDER"
            ) from None
        except (OSError, ValueError) as error:
            raise InvalidStudy(
                f"{self._study_file} cannot be read ({error}). "
                "The command that made it writes it again; its runs are kept"
            ) from error
        if content.get("schema") != SCHEMA:
            raise InvalidStudy(
                f"{self._study_file} has schema {content.get('schema')}; this installation reads "
                f"schema {SCHEMA}"
            )
        return content

    def read(self) -> StudyResults:
        """Everything that a report is made of.

        Raises:
            InvalidStudy: the folder holds no study, or one of another version.
        """
        content = self._read_study()
        cards = tuple(_card(card) for card in content["cards"])
        by_id = {card.id: card for card in cards}
        pairs = {}
        for entry in content["pairs"]:
            runs = self._pair_runs(
                self._runs_folder(entry["identity"], entry["key"]),
                by_id[entry["benchmark"]],
                entry["method"],
                set(content["seeds"]),
            )
            pairs[entry["benchmark"], entry["method"]] = runs
        return StudyResults(
            name=content["name"],
            cards=cards,
            budgets=content["budgets"],
            methods=tuple(content["methods"]),
            control=content["control"],
            pairs=pairs,
            seeds=tuple(content["seeds"]),
            provenance=content["provenance"],
        )

    def _pair_runs(
        self, folder: Path, card: BenchmarkCard, method: str, seeds: set[int]
    ) -> PairRuns:
        rows: dict[int, dict[str, Any]] = {}
        curve_columns = [f"trace_{n}" for n in ("charged", "seconds", "incumbents", "reported")]
        for table in self._shards(folder, [*_RUN_COLUMNS, *curve_columns]):
            columns = {
                name: table.column(name).to_pylist()
                for name in _RUN_COLUMNS
                if name != "recommended"
            }
            curves = [_arrays(table.column(name)) for name in curve_columns]
            for i, seed in enumerate(columns["seed"]):
                if seed in seeds:
                    row = {name: values[i] for name, values in columns.items()}
                    row["curve"] = _curve(*(values[i] for values in curves))
                    rows.setdefault(seed, row)
        ordered = [rows[seed] for seed in sorted(rows)]

        def column(name: str, dtype: type) -> NDArray[Any]:
            return np.array([row[name] for row in ordered], dtype)

        failed = np.array([bool(row["error"]) for row in ordered], np.bool_)
        return PairRuns(
            benchmark=card.id,
            method=method,
            seeds=column("seed", np.int64),
            reported=np.where(failed, card.worst, column("reported", np.float64)),
            valid=column("valid", np.float64),
            failed=failed,
            queries=column("queries", np.int64),
            unique=column("unique", np.int64),
            epochs=column("epochs", np.float64),
            seconds=column("seconds", np.float64),
            wall=column("wall", np.float64),
            curves=tuple(row["curve"] for row in ordered),
            counts=tuple(json.loads(row["counts"]) for row in ordered),
            errors={row["seed"]: row["error"] for row in ordered if row["error"]},
        )

    def traces(self, pair: Pair) -> dict[int, Trace]:
        """Every query of every stored run of a pair, by seed."""
        found = {}
        names = [f"trace_{name}" for name in _TRACE_COLUMNS]
        for table in self._shards(self.pair_folder(pair), ["seed", *names]):
            columns = {name: _arrays(table.column(f"trace_{name}")) for name in _TRACE_COLUMNS}
            for i, seed in enumerate(table.column("seed").to_pylist()):
                values = {name: lists[i] for name, lists in columns.items()}
                queries = len(values["scores"])
                if queries:
                    values["archs"] = values["archs"].reshape(queries, -1)
                found[seed] = Trace(**values)
        return found

    def _shards(self, folder: Path, columns: list[str]) -> Iterable[Any]:
        """The readable shards of a folder; a damaged one is set aside."""
        import pyarrow.parquet as pq

        if not folder.is_dir():
            return
        for path in sorted(folder.glob("[0-9]*.parquet")):
            try:
                file = pq.ParquetFile(path, page_checksum_verification=True)
                table = file.read(columns=columns).select(columns)
            except Exception:  # A damaged file can raise anything.
                aside = path.with_suffix(".damaged")
                os.replace(path, aside)
                self.damaged.append(aside)
            else:
                yield table


def _slug(identity: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", identity).strip("-")


def _card(content: dict[str, Any]) -> BenchmarkCard:
    return BenchmarkCard(**{**content, "units": tuple(content["units"])})


def _lists(arrays: Sequence[NDArray[Any]]) -> Any:
    """Arrays of different lengths as one list column."""
    import pyarrow as pa

    flat = np.concatenate([array.ravel() for array in arrays])
    ends = np.cumsum([0, *(array.size for array in arrays)])
    return pa.ListArray.from_arrays(_arrow(ends.astype(np.int32)), _arrow(flat))


def _arrow(array: NDArray[Any]) -> Any:
    """Numbers as an Arrow array; ``pyarrow.array`` would import pandas to look at its argument."""
    import pyarrow as pa

    array = np.ascontiguousarray(array)
    kind = pa.from_numpy_dtype(array.dtype)
    return pa.Array.from_buffers(kind, len(array), [None, pa.py_buffer(array)])


def _arrays(column: Any) -> list[NDArray[Any]]:
    """A list column as arrays."""
    found: list[NDArray[Any]] = []
    for chunk in column.chunks:
        flat = np.from_dlpack(chunk.values)
        ends = np.from_dlpack(chunk.offsets)
        found.extend(flat[start:end] for start, end in pairwise(ends))
    return found


def _curve(
    charged: NDArray[Any], seconds: NDArray[Any], incumbents: NDArray[Any], reported: NDArray[Any]
) -> Curve:
    changes = np.flatnonzero(np.diff(incumbents, prepend=-1))
    return Curve(charged[changes].astype(np.int64), seconds[changes], reported[changes])
