"""A benchmark's own scale: its direction, its span and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray


def sign(card: BenchmarkCard) -> float:
    """1.0 where a larger score is better, -1.0 where a smaller one is."""
    return 1.0 if card.direction == "maximize" else -1.0


def gap(card: BenchmarkCard) -> float | None:
    """Optimum less the mean random architecture; None where either is unknown or they are equal."""
    span = card.optimum - card.mean_random
    return span if math.isfinite(span) and span != 0.0 else None


def normalise(scores: FloatArray, card: BenchmarkCard) -> FloatArray:
    """Put scores on a scale that benchmarks share: 0 the mean random architecture, 1 the optimum.

    Right for either direction; scores worse than the mean random architecture's are negative.

    Args:
        scores: on the benchmark's own scale, any shape.
        card: the benchmark.

    Raises:
        ValueError: `gap` is unknown.
    """
    span = gap(card)
    if span is None:
        raise ValueError(f"{card.id} has no gap between random architectures and its optimum")
    return (scores - card.mean_random) / span


@dataclass(frozen=True)
class Scale:
    """How numbers on a benchmark's scale are written, and which differences matter on it.

    Attributes:
        decimals: digits behind the point.
        unit: what a difference is counted in, with a leading space; empty where it has no name.
        margin: differences up to this are practically none; None makes no claim of equivalence.
    """

    decimals: int
    unit: str = ""
    margin: float | None = None

    @classmethod
    def of(cls, card: BenchmarkCard) -> Scale:
        """The scale of a benchmark, with its default margin.

        Percentages have two decimals and a margin of 0.1 points. Any other metric has three digits
        of the gap between the mean random architecture and the optimum, and a hundredth of that gap
        as its margin; where the gap is unknown, three decimals and no margin.
        """
        if "%" in card.metric:
            return cls(2, " points", 0.1)
        known = gap(card)
        if known is None:
            return cls(3)
        return cls(max(0, 2 - math.floor(math.log10(abs(known)))), margin=abs(known) / 100)

    def number(self, value: float) -> str:
        """A score, e.g. ``97.40``; a rounded zero has no sign."""
        return f"{round(value, self.decimals) + 0.0:.{self.decimals}f}"

    def signed(self, value: float) -> str:
        """A difference with its sign, e.g. ``+0.21``."""
        text = self.number(value)
        return f"+{text}" if round(value, self.decimals) > 0.0 else text

    def interval(self, ends: tuple[float, float]) -> str:
        """An interval, e.g. ``[0.13, 0.29]``."""
        return f"[{self.number(ends[0])}, {self.number(ends[1])}]"
