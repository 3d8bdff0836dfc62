"""Where the finished runs of scorers lie; see `harness.study.shards` for the files."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.benchmark import BenchmarkCard
from harness.core.logs import last_numbers
from harness.study.rank_plan import RankPlan
from harness.study.rank_quality import Quality, worst
from harness.study.rank_results import Cell, RankResults, ScorerRuns
from harness.study.rank_run import RankRecord
from harness.study.shards import Shards, card_of

_QUALITY = tuple(field.name for field in fields(Quality))
_NUMBERS = ("wall", "fit_seconds", "predict_seconds")
_COLUMNS = ("seed", "error", *_NUMBERS, "digest")


class RankStore(Shards[RankRecord]):
    """The results folder of a study of scorers."""

    kind = "rank"
    subject = "scorer"

    def columns(self, records: Sequence[RankRecord]) -> dict[str, Any]:
        """See `Shards.columns`; measures of failed runs are NaN."""
        columns: dict[str, Any] = {
            name: [getattr(record, name) for record in records] for name in _COLUMNS
        }
        columns["logs"] = [json.dumps(record.logs) for record in records]
        for name in _QUALITY:
            columns[name] = [float(getattr(r.quality, name, math.nan)) for r in records]
        return columns

    def write_study(self, plan: RankPlan, cards: Sequence[BenchmarkCard]) -> None:
        """Write down what the study is, so that a report needs nothing but the folder."""
        self.write_content(
            {
                "name": plan.study.name,
                "cards": [asdict(card) for card in cards],
                "scorers": [scorer.identity for scorer in plan.scorers],
                "control": plan.control,
                "measure": plan.study.measure,
                "candidates": plan.study.candidates,
                "seeds": list(plan.study.seeds),
                "pairs": [
                    {
                        "cell": asdict(pair.cell),
                        "scorer": scorer,
                        "identity": pair.identity,
                        "key": pair.key,
                    }
                    for (_, _, scorer), pair in plan.pairs.items()
                ],
            }
        )

    def read(self) -> RankResults:
        """Everything that a report is made of.

        Raises:
            InvalidStudy: the folder holds no study of scorers, or one of another version.
        """
        content = self.read_content()
        cards = {card["id"]: card_of(card) for card in content["cards"]}
        runs = {}
        for entry in content["pairs"]:
            cell, scorer = Cell(**entry["cell"]), entry["scorer"]
            runs[cell.benchmark, cell.labels, scorer] = self._runs(
                self.runs_folder(entry["identity"], entry["key"]),
                cell,
                scorer,
                cards[cell.benchmark],
                set(content["seeds"]),
            )
        return RankResults(
            name=content["name"],
            cards=tuple(cards.values()),
            cells=tuple(dict.fromkeys(own.cell for own in runs.values())),
            scorers=tuple(content["scorers"]),
            control=content["control"],
            measure=content["measure"],
            candidates=content["candidates"],
            runs=runs,
            seeds=tuple(content["seeds"]),
            provenance=content["provenance"],
        )

    def _runs(
        self, folder: Path, cell: Cell, scorer: str, card: BenchmarkCard, seeds: set[int]
    ) -> ScorerRuns:
        rows: dict[int, dict[str, Any]] = {}
        for table in self.shards(folder, [*_COLUMNS, *_QUALITY], ["logs"]):
            for row in table.to_pylist():
                if row["seed"] in seeds:
                    rows.setdefault(row["seed"], row)
        failure = asdict(worst(cell.tested, abs(card.optimum - card.worst)))
        ordered = [
            {**rows[seed], **failure} if rows[seed]["error"] else rows[seed]
            for seed in sorted(rows)
        ]
        return ScorerRuns(
            cell=cell,
            scorer=scorer,
            seeds=np.array([row["seed"] for row in ordered], np.int64),
            failed=np.array([bool(row["error"]) for row in ordered], np.bool_),
            digests=tuple(row["digest"] for row in ordered),
            ended=tuple(last_numbers(json.loads(row.get("logs", "{}"))) for row in ordered),
            errors={row["seed"]: row["error"] for row in ordered if row["error"]},
            **{
                name: np.array([row[name] for row in ordered], np.float64)
                for name in (*_NUMBERS, *_QUALITY)
            },
        )
