"""What a ranking study leaves behind, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.core.benchmark import BenchmarkCard
from harness.study.results import BoolArray, FloatArray, IntArray

MEASURES = ("kendall", "spearman", "regret")
"""What the statistics of a ranking study can be about; ``regret`` is that of the best one."""


@dataclass(frozen=True)
class Cell:
    """One benchmark with so many labels.

    Attributes:
        benchmark: identity of the benchmark.
        labels: number of labelled architectures.
        available: how many could be labelled.
        tested: number of architectures that are ordered.
        split: whether the benchmark fixes which ones are labelled and which ones are ordered.
    """

    benchmark: str
    labels: int
    available: int
    tested: int
    split: bool

    @property
    def id(self) -> str:
        """What the cell is called."""
        return f"{self.benchmark}, {self.labels} label{'s' if self.labels != 1 else ''}"


@dataclass(frozen=True)
class ScorerRuns:
    """All finished runs of one scorer in one cell, ordered by seed; each array has shape (n,).

    Scores are on the benchmark's own scale; see `harness.study.rank_quality.Quality`. A failed run
    is kept: its measures are the worst possible ones, its times and its ``mae`` are NaN.

    Attributes:
        cell: where they were run.
        scorer: scorer identity as shown to the user.
        seeds: ascending.
        failed: whether a run failed.
        wall: seconds on the wall.
        fit_seconds: of learning.
        predict_seconds: of predicting.
        kendall: Kendall's tau-b.
        spearman: Spearman's rank correlation.
        violations: pairs in the wrong order.
        mae: mean absolute error.
        regret_1: regret of the architecture predicted best.
        regret_10: regret of the best one of the ten predicted best.
        top_share: share of the predicted top that belongs to the true top.
        digests: of the predictions, in the order of ``seeds``; empty for a failed run.
        ended: last number of each series of numbers that a run wrote down, likewise, by name.
        errors: traceback of every failed seed.
    """

    cell: Cell
    scorer: str
    seeds: IntArray
    failed: BoolArray
    wall: FloatArray
    fit_seconds: FloatArray
    predict_seconds: FloatArray
    kendall: FloatArray
    spearman: FloatArray
    violations: FloatArray
    mae: FloatArray
    regret_1: FloatArray
    regret_10: FloatArray
    top_share: FloatArray
    digests: tuple[str, ...] = ()
    ended: tuple[dict[str, float], ...] = ()
    errors: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RankResults:
    """Everything a report on a ranking study is made of.

    Attributes:
        name: name of the study.
        cards: what each benchmark says about itself, in the order of the study.
        cells: in the order of the study, benchmarks outermost.
        scorers: scorer identities in the order of the study.
        control: identity of the scorer that the others are compared with.
        measure: what the statistics are about, one of `MEASURES`.
        candidates: largest number of architectures that are ordered.
        runs: by (benchmark identity, number of labels, scorer identity).
        seeds: the seeds that the study asks for.
        provenance: versions, machine and times, as stored with the shards.
    """

    name: str
    cards: tuple[BenchmarkCard, ...]
    cells: tuple[Cell, ...]
    scorers: tuple[str, ...]
    control: str
    measure: str
    candidates: int
    runs: dict[tuple[str, int, str], ScorerRuns]
    seeds: tuple[int, ...]
    provenance: dict[str, object]

    def card(self, benchmark: str) -> BenchmarkCard:
        """The card of a benchmark."""
        return next(card for card in self.cards if card.id == benchmark)
