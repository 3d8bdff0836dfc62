"""Where the finished runs of methods lie; see `harness.study.shards` for the files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import BenchmarkCard
from harness.core.logs import last_numbers
from harness.study.lists import arrays, lists
from harness.study.plan import Pair, Plan
from harness.study.results import Curve, PairRuns, StudyResults
from harness.study.run import RunRecord, Trace
from harness.study.shards import Shards, card_of

_RUN_COLUMNS = ("seed", "error", "recommended", "valid", "reported", "queries", "unique", "epochs",
                "seconds", "wall", "counts")  # fmt: skip
_TRACE_COLUMNS = ("archs", "fidelities", "scores", "charged", "epochs", "seconds", "incumbents",
                  "reported")  # fmt: skip


class Store(Shards[RunRecord]):
    """The results folder of a study of methods."""

    kind = "compare"
    subject = "method"

    def columns(self, records: Sequence[RunRecord]) -> dict[str, Any]:
        """See `Shards.columns`; list columns hold the traces."""
        import pyarrow as pa

        columns: dict[str, Any] = {
            name: [getattr(record, name) for record in records] for name in _RUN_COLUMNS
        }
        columns["counts"] = [json.dumps(counts) for counts in columns["counts"]]
        columns["logs"] = [json.dumps(record.logs) for record in records]
        columns["recommended"] = pa.array(columns["recommended"], pa.list_(pa.int16()))
        for name in _TRACE_COLUMNS:
            columns[f"trace_{name}"] = lists([getattr(record.trace, name) for record in records])
        return columns

    def write_study(self, plan: Plan, cards: Sequence[BenchmarkCard]) -> None:
        """Write down what the study is, so that a report needs nothing but the folder."""
        self.write_content(
            {
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
            }
        )

    def read(self) -> StudyResults:
        """Everything that a report is made of.

        Raises:
            InvalidStudy: the folder holds no study, or one of another version.
        """
        content = self.read_content()
        cards = tuple(card_of(card) for card in content["cards"])
        by_id = {card.id: card for card in cards}
        pairs = {}
        for entry in content["pairs"]:
            runs = self._pair_runs(
                self.runs_folder(entry["identity"], entry["key"]),
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
        for table in self.shards(folder, [*_RUN_COLUMNS, *curve_columns], ["logs"]):
            columns = {
                name: table.column(name).to_pylist()
                for name in _RUN_COLUMNS
                if name != "recommended"
            }
            columns["logs"] = (
                table.column("logs").to_pylist()
                if "logs" in table.column_names
                else ["{}"] * table.num_rows
            )
            curves = [arrays(table.column(name)) for name in curve_columns]
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
            ended=tuple(last_numbers(json.loads(row["logs"])) for row in ordered),
            errors={row["seed"]: row["error"] for row in ordered if row["error"]},
        )

    def traces(self, pair: Pair) -> dict[int, Trace]:
        """Every query of every stored run of a pair, by seed."""
        found = {}
        names = [f"trace_{name}" for name in _TRACE_COLUMNS]
        for table in self.shards(self.pair_folder(pair), ["seed", *names]):
            columns = {name: arrays(table.column(f"trace_{name}")) for name in _TRACE_COLUMNS}
            for i, seed in enumerate(table.column("seed").to_pylist()):
                values = {name: column[i] for name, column in columns.items()}
                queries = len(values["scores"])
                if queries:
                    values["archs"] = values["archs"].reshape(queries, -1)
                found[seed] = Trace(**values)
        return found


def _curve(
    charged: NDArray[Any], seconds: NDArray[Any], incumbents: NDArray[Any], reported: NDArray[Any]
) -> Curve:
    changes = np.flatnonzero(np.diff(incumbents, prepend=-1))
    return Curve(charged[changes].astype(np.int64), seconds[changes], reported[changes])
