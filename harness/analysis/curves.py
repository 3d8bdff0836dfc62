"""The incumbent's reported score as a step function of what a run had spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.analysis.estimates import order_statistic
from harness.analysis.scale import sign
from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray, IntArray, PairRuns

Axis = Literal["queries", "seconds"]


@dataclass(frozen=True)
class StepCurves:
    """The curves of n runs on one axis, laid end to end.

    Every run begins with a step at 0. Before its first incumbent a run is worth what the mean
    random architecture is, since that is what one would recommend; one that asks for nothing, as
    the training of a supernet does, is worth what it recommends when it has ended. A failed run is
    worth the worst score from beginning to end.

    Attributes:
        first: index of every run's first step, shape (n,).
        at: what had been spent when a step begins, ascending within a run, shape (steps,).
        score: reported score from then on, on the benchmark's own scale, shape (steps,).
        spent: what a run spent in all, shape (n,); NaN for a failed run.
        asks: whether some run asked for a score.
    """

    first: IntArray
    at: FloatArray
    score: FloatArray
    spent: FloatArray
    asks: bool

    @classmethod
    def of(cls, runs: PairRuns, card: BenchmarkCard, axis: Axis) -> StepCurves | None:
        """Lay out the curves of a method on a benchmark.

        Args:
            runs: runs of one method.
            card: their benchmark.
            axis: what is spent.

        Returns:
            None where there is no run, a run has no curve, or what was spent is unknown.
        """
        if not runs.curves or len(runs.curves) != len(runs.seeds):
            return None
        at: list[FloatArray] = []
        score: list[FloatArray] = []
        sizes = []
        nothing, random, worst = np.zeros(1), np.array([card.mean_random]), np.array([card.worst])
        spent = np.where(runs.failed, np.nan, getattr(runs, axis))
        for i, (curve, failed) in enumerate(zip(runs.curves, runs.failed, strict=True)):
            changes, scores = getattr(curve, axis), curve.reported
            if not scores.size:
                changes, scores = spent[i : i + 1], runs.reported[i : i + 1]
            at += [nothing] if failed else [nothing, changes]
            score += [worst] if failed else [random, scores]
            sizes.append(1 if failed else 1 + scores.size)
        steps = np.concatenate(at)
        if np.isnan(steps).any() or np.isnan(spent[~runs.failed]).any():
            return None
        first = np.cumsum(sizes, dtype=np.int64) - sizes
        asks = any(curve.reported.size for curve in runs.curves)
        return cls(first, steps, np.concatenate(score), spent, asks)

    @property
    def median_spent(self) -> float:
        """What the median run that did not fail spent; infinite where all failed."""
        spent = self.spent[~np.isnan(self.spent)]
        return float(order_statistic(spent, 0.5)) if spent.size else np.inf

    @property
    def is_on_axis(self) -> bool:
        """Whether anything was spent; a method that makes no queries has no curve over them."""
        return self.median_spent > 0.0

    def on_grid(self, grid: FloatArray) -> FloatArray:
        """Reported score of every run's last incumbent.

        Args:
            grid: what had been spent, shape (points,), not below 0.

        Returns:
            Shape (n, points).
        """
        runs = np.split(self.at, self.first[1:])
        steps = np.stack([np.searchsorted(at, grid, side="right") for at in runs])
        scores: FloatArray = self.score[self.first[:, None] + steps - 1]
        return scores

    def log_mean_regret(self, card: BenchmarkCard, low: float, high: float) -> FloatArray:
        """Mean regret of every run over a logarithmic axis: the area under it over its length.

        Args:
            card: names optimum and direction.
            low: where the window begins, above 0.
            high: where it ends.

        Returns:
            Shape (n,), NaN where the optimum is unknown.
        """
        until = np.append(self.at[1:], np.inf)
        until[self.first[1:] - 1] = np.inf
        begin, end = np.log(np.clip(self.at, low, high)), np.log(np.clip(until, low, high))
        area = sign(card) * (card.optimum - self.score) * (end - begin)
        mean: FloatArray = np.add.reduceat(area, self.first) / np.log(high / low)
        return mean

    def first_reach(self, card: BenchmarkCard, targets: FloatArray) -> FloatArray:
        """What every run had spent when its incumbent first was as good as a target.

        Args:
            card: names the direction.
            targets: scores on the benchmark's own scale, shape (targets,).

        Returns:
            Shape (n, targets); infinity where a run never was.
        """
        reached = sign(card) * self.score[:, None] >= sign(card) * targets
        return np.minimum.reduceat(np.where(reached, self.at[:, None], np.inf), self.first)
