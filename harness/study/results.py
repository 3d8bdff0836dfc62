"""What a study leaves behind: the finished runs of each (benchmark, method) pair, as plain arrays.

This is the only thing that the analysis and the report read; no table is needed to make a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import BenchmarkCard

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """The reported score of a run's incumbent as a step function of what had been spent.

    Attributes:
        queries: number of queries made when the step begins, ascending, shape (steps,).
        seconds: simulated or measured seconds spent by then, shape (steps,); NaN where unknown.
        reported: reported score from then on, on the benchmark's own scale, shape (steps,).
    """

    queries: IntArray
    seconds: FloatArray
    reported: FloatArray


@dataclass(frozen=True)
class PairRuns:
    """All finished runs of one method on one benchmark, ordered by seed.

    Scores are on the benchmark's own scale. A failed run is kept: its ``reported`` score is the
    worst of the benchmark and its ``valid`` score is NaN.

    Attributes:
        benchmark: benchmark identity as shown to the user.
        method: method identity as shown to the user.
        seeds: shape (n,), ascending.
        reported: final reported score of the recommendation, shape (n,).
        valid: score that the method itself saw for its recommendation, shape (n,).
        failed: shape (n,).
        queries: number of queries charged, shape (n,).
        unique: number of distinct architectures among them, shape (n,).
        epochs: training epochs spent, shape (n,); NaN where unknown.
        seconds: simulated or measured seconds spent, shape (n,); NaN where unknown.
        wall: seconds on the wall, shape (n,).
        curves: anytime curve of every run, in the order of ``seeds``; empty steps for a failed run.
        counts: what each run counted, by name, in the order of ``seeds``.
        ended: last number of each series of numbers that a run wrote down, by name, likewise.
        errors: traceback of every failed seed.
    """

    benchmark: str
    method: str
    seeds: IntArray
    reported: FloatArray
    valid: FloatArray
    failed: BoolArray
    queries: IntArray
    unique: IntArray
    epochs: FloatArray
    seconds: FloatArray
    wall: FloatArray
    curves: tuple[Curve, ...] = ()
    counts: tuple[dict[str, int], ...] = ()
    ended: tuple[dict[str, float], ...] = ()
    errors: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyResults:
    """Everything a report is made of.

    Attributes:
        name: name of the study.
        cards: what each benchmark says about itself, in the order of the study.
        budgets: budget of each benchmark, as text, by benchmark identity.
        methods: method identities in the order of the study.
        control: identity of the method that the others are compared with.
        pairs: runs by (benchmark identity, method identity).
        seeds: the seeds that the study asks for.
        provenance: versions, machine and times, as stored with the shards.
        noun: what sentences call what is compared.
    """

    name: str
    cards: tuple[BenchmarkCard, ...]
    budgets: dict[str, str]
    methods: tuple[str, ...]
    control: str
    pairs: dict[tuple[str, str], PairRuns]
    seeds: tuple[int, ...]
    provenance: dict[str, object]
    noun: str = "method"


def mean_ends(ended: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means over runs of the numbers that their series ended with, by name.

    Args:
        ended: of each run.
    """
    names = {name: None for own in ended for name in own}
    return {name: float(np.mean([own[name] for own in ended if name in own])) for name in names}
