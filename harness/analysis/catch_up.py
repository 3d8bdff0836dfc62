"""How much sooner one method is as good as another one is in the end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.curves import StepCurves
from harness.analysis.estimates import percentile_interval
from harness.analysis.scale import sign
from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray


@dataclass(frozen=True)
class CatchUp:
    """When the mean curve of a method reaches what the control's mean curve ends with.

    Attributes:
        spent: what a run had spent then; None where the mean curve never gets there.
        ratio: the horizon over it, e.g. 7.0 for a seventh of the queries; None likewise.
        ratio_ci: bootstrap interval over seeds, drawn together for both methods; an end is None
            where the control's end is not reached. None with fewer than two common seeds.
    """

    spent: float | None
    ratio: float | None
    ratio_ci: tuple[float | None, float | None] | None


def catch_up(
    method: StepCurves,
    control: StepCurves,
    card: BenchmarkCard,
    grid: FloatArray,
    counts: FloatArray,
    alpha: float,
) -> CatchUp:
    """Measure when a method has caught up with the control.

    Args:
        method: runs of the method, of the same seeds as those of the control.
        control: runs of the control.
        card: names the direction.
        grid: points at which it is looked, ascending, the last one the horizon, shape (points,).
        counts: how often each seed is drawn, shape (draws, n).
        alpha: one minus the confidence of the interval.
    """
    own = sign(card) * method.on_grid(grid)
    target = sign(card) * control.on_grid(grid[-1:])
    seeds = len(own)
    spent = _first(own.mean(axis=0)[None], target.mean(axis=0)[None], grid)[0]
    ratio_ci = None
    if seeds > 1:
        with np.errstate(invalid="ignore"):  # The score of a failed run can be infinite.
            drawn = _first(counts @ own / seeds, counts @ target / seeds, grid)
        low, high = percentile_interval((grid[-1] / drawn)[:, None], alpha)
        ratio_ci = (_reached(float(low[0])), _reached(float(high[0])))
    return CatchUp(
        spent=float(spent) if math.isfinite(spent) else None,
        ratio=_reached(float(grid[-1] / spent)),
        ratio_ci=ratio_ci,
    )


def _first(curves: FloatArray, targets: FloatArray, grid: FloatArray) -> FloatArray:
    """Where curves of shape (k, points) first are as good as targets of shape (k, 1)."""
    # Means of the same numbers can differ in their last bits.
    reached = curves >= targets - 1e-12 * np.abs(targets)
    return np.where(reached.any(axis=1), grid[reached.argmax(axis=1)], np.inf)


def _reached(ratio: float) -> float | None:
    """The ratio, or None where it is that of a curve that never gets there."""
    return ratio if ratio > 0.0 else None
