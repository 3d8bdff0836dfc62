"""Everything that a report says about a study, computed in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.analysis.aggregate import SUITE_SCALE, SuiteAnalysis, analyse_suite
from harness.analysis.scale import Scale
from harness.analysis.streams import named_streams
from harness.analysis.summary import BenchmarkAnalysis, analyse_benchmark
from harness.core.benchmark import BenchmarkCard
from harness.study.results import StudyResults

Margin = float | Literal["default"] | None


@dataclass(frozen=True)
class StudyAnalysis:
    """A study, analysed.

    Attributes:
        control: identity of the method that the others are compared with.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        benchmarks: one entry a benchmark, in the order of the study.
        aggregate: all benchmarks together.
    """

    control: str
    alpha: float
    benchmarks: tuple[BenchmarkAnalysis, ...]
    aggregate: SuiteAnalysis


def analyse(
    results: StudyResults,
    *,
    alpha: float = 0.05,
    margin: Margin = "default",
    rng: np.random.Generator | None = None,
) -> StudyAnalysis:
    """Analyse a study.

    The same results give the same analysis; every test has a random stream of its own name, so
    that another method or benchmark in the study changes no p value but through Holm.

    Args:
        results: finished runs; pairs may be incomplete or missing.
        alpha: family-wise level of the tests, one minus the confidence of the intervals.
        margin: differences up to this are practically none, on the own scale of every benchmark;
            ``default`` is that of `Scale.of`, and a hundredth of the gap over the whole suite;
            None makes no claim of equivalence.
        rng: seeds the permutations and resamples; the same ones each time where it is None.

    Returns:
        Everything that tables, sentences and curves need.
    """
    streams = named_streams(np.random.default_rng(0) if rng is None else rng)

    def scale(card: BenchmarkCard) -> Scale:
        default = Scale.of(card)
        return default if margin == "default" else replace(default, margin=margin)

    return StudyAnalysis(
        control=results.control,
        alpha=alpha,
        benchmarks=tuple(
            analyse_benchmark(results, card, scale(card), alpha, streams) for card in results.cards
        ),
        aggregate=analyse_suite(
            results, alpha, SUITE_SCALE.margin if margin == "default" else None, streams
        ),
    )
