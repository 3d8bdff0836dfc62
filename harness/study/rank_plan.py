"""What a ranking study is to run: benchmarks x numbers of labels x scorers x seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from harness.core.benchmark import Benchmark
from harness.core.errors import InvalidStudy, UnknownName
from harness.core.registry import LoadedScorer, load_scorer, scorers_that
from harness.study.backends import check_backend
from harness.study.options import (
    StudyOptions,
    absolute,
    choose_control,
    read_study,
    refuse_twice,
)
from harness.study.plan import identity_of, short_key
from harness.study.rank_field import Field
from harness.study.rank_results import MEASURES, Cell
from harness.study.rank_run import RankRecord, failed_run, rank_seeds
from harness.study.unsuited import refuse_unsuited
from harness.study.workers import benchmark_of, scorer_of
from harness.tables.open import open_benchmark

CONTROL = "linear"
CANDIDATES = 20_000

# The study that `rank` runs when it is told nothing: linear models and trees, fast without torch.
DEFAULT_SCORERS = ("linear", "ridge", "knn", "decision-tree", "gradient-boosting")
DEFAULT_LABELS = (50, 100)


@dataclass(frozen=True)
class RankStudy(StudyOptions):
    """Scorers on benchmarks; the control is the scorer that the others are compared with.

    Attributes:
        scorers: names with parameters, or ``file.py:Class``.
        labels: numbers of labelled architectures, ascending.
        candidates: largest number of architectures that are ordered.
        measure: what the statistics are about, one of `MEASURES`; all measures are stored.
    """

    name: str = "rank-default"
    scorers: tuple[str, ...] = DEFAULT_SCORERS
    labels: tuple[int, ...] = DEFAULT_LABELS
    candidates: int = CANDIDATES
    measure: str = "kendall"

    lists: ClassVar[tuple[str, ...]] = ("benchmarks", "scorers")

    @classmethod
    def read(cls, name: str, value: Any) -> Any:
        """See `StudyOptions.read`."""
        if name == "labels":
            return _labels(value)
        if name == "candidates":
            if type(value) is int and value > 1:
                return value
            raise InvalidStudy(f"candidates cannot be {value!r}: it is a number of at least 2")
        if name == "measure" and value not in MEASURES:
            raise UnknownName("measure", str(value), MEASURES)
        return super().read(name, value)


def _labels(value: Any) -> tuple[int, ...]:
    words = value if isinstance(value, (list, tuple)) else str(value).split(",")
    try:
        labels = [int(str(word)) for word in words]
    except ValueError:
        labels = []
    if not labels or min(labels) < 1 or len(set(labels)) < len(labels):
        raise InvalidStudy(
            f"labels cannot be {value!r}: they are different numbers of at least 1, e.g. 50,100,200"
        )
    return tuple(sorted(labels))


def load_rank_study(path: Path) -> RankStudy:
    """Read a study file; see `read_study`."""
    return read_study(path, RankStudy)


@dataclass(frozen=True)
class RankPair:
    """One scorer with so many labels of one benchmark: runs that differ in their seed only.

    Attributes:
        benchmark: the reference by which a worker opens the benchmark.
        scorer: the reference by which a worker loads the scorer.
        cell: the benchmark and the number of labels.
        identity: everything that the runs depend on besides their seed.
        key: short hash of the identity.
    """

    benchmark: str
    scorer: str
    cell: Cell
    identity: dict[str, Any]
    key: str

    @property
    def given(self) -> dict[str, str]:
        """See `Task.given`."""
        return {"benchmark": self.benchmark, "scorer": self.scorer}

    def run(
        self, seeds: Sequence[int], time_limit: float | None, scratch: Path
    ) -> list[RankRecord]:
        """See `Task.run`."""
        field = _field(benchmark_of(self.benchmark, self.identity["data"]))
        scorer = scorer_of(self.scorer, self.identity["scorer_file"])
        return rank_seeds(scorer, field, self.cell.labels, self.cell.tested, seeds, time_limit)

    def died(self, seed: int, how: str, wall: float) -> RankRecord:
        """See `Task.died`."""
        return failed_run(seed, f"WorkerDied: the process that ran the scorer {how}\n", wall)


@lru_cache(maxsize=16)
def _field(benchmark: Benchmark) -> Field:
    """The architectures of a benchmark, once a process."""
    return Field(benchmark)


@dataclass(frozen=True)
class RankPlan:
    """A ranking study whose names were all found.

    Attributes:
        study: as it was written.
        benchmarks: opened, in the order of the study.
        scorers: loaded, in the order of the study.
        control: identity of the control.
        cells: benchmarks outermost.
        pairs: by (benchmark identity, number of labels, scorer identity).
    """

    study: RankStudy
    benchmarks: tuple[Benchmark, ...]
    scorers: tuple[LoadedScorer, ...]
    control: str
    cells: tuple[Cell, ...]
    pairs: dict[tuple[str, int, str], RankPair]


def make_rank_plan(study: RankStudy) -> RankPlan:
    """Find everything that a study names, before anything is run.

    Raises:
        HarnessError: a name is unknown, data, an extra or an encoding is missing, there are fewer
            architectures than labels, or something stands twice.
    """
    check_backend(study.backend, study.scheduler)
    scorers = tuple(load_scorer(text) for text in study.scorers)
    benchmarks = tuple(open_benchmark(text) for text in study.benchmarks)
    refuse_twice("benchmark", [benchmark.id for benchmark in benchmarks])
    identities = [scorer.identity for scorer in scorers]
    refuse_twice("scorer", identities)
    control = choose_control("scorer", study.control, CONTROL, identities)
    for benchmark in benchmarks:
        for scorer in scorers:
            refuse_unsuited(scorer.identity, scorer.scorer, benchmark, scorers_that)
    cells, pairs = [], {}
    for text, benchmark in zip(study.benchmarks, benchmarks, strict=True):
        for cell in _cells(study, benchmark):
            cells.append(cell)
            for scorer_text, scorer in zip(study.scorers, scorers, strict=True):
                pairs[benchmark.id, cell.labels, scorer.identity] = _pair(
                    text, benchmark, scorer_text, scorer, cell
                )
    return RankPlan(study, benchmarks, scorers, control, tuple(cells), pairs)


def _cells(study: RankStudy, benchmark: Benchmark) -> list[Cell]:
    field = _field(benchmark)
    if max(study.labels) > field.available:
        where = "its training part" if field.split else "when two are left to be ordered"
        raise InvalidStudy(
            f"{benchmark.id} has {field.available:,} architectures to label ({where}), "
            f"not {max(study.labels):,}. Lower --labels"
        )
    return [
        Cell(
            benchmark.id,
            labels,
            field.available,
            field.tested(labels, study.candidates),
            field.split,
        )
        for labels in study.labels
    ]


def _pair(
    text: str, benchmark: Benchmark, scorer_text: str, scorer: LoadedScorer, cell: Cell
) -> RankPair:
    identity = {
        "benchmark": benchmark.id,
        "benchmark_version": benchmark.version,
        "data": benchmark.checksum,
        **identity_of("scorer", scorer.identity, scorer.scorer, scorer.digest),
        "labels": cell.labels,
        "tested": cell.tested,
    }
    return RankPair(absolute(text), absolute(scorer_text), cell, identity, short_key(identity))
