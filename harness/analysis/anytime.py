"""Performance over time: mean curves, area under the regret, times to targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.analysis.catch_up import CatchUp, catch_up
from harness.analysis.curves import Axis, StepCurves
from harness.analysis.estimates import (
    bootstrap_counts,
    mean_interval,
    order_statistic,
    percentile_interval,
)
from harness.analysis.scale import gap
from harness.core.benchmark import BenchmarkCard
from harness.core.budget import Budget
from harness.study.results import FloatArray, PairRuns

TARGETS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Targets: shares of the gap between the mean random architecture and the optimum."""

DECADES = 2
"""Powers of ten before the horizon over which the area under the regret is taken."""

GRID_POINTS = 100
RESAMPLES = 1_000

FINE = 5_000
"""Up to this many queries, catching up is counted query by query."""


@dataclass(frozen=True)
class TargetTime:
    """How long one method needs to be as good as a target.

    Attributes:
        fraction: share of the gap between the mean random architecture and the optimum.
        score: the target on the benchmark's own scale.
        reached: number of runs that were as good at any time.
        runs: number of all runs.
        median: median time over all runs, misses being infinite; None where half of them missed.
        ert: expected running time: what all runs spent until they were as good or ended, over the
            number of successes (Hansen et al., COCO); None without a success.
        ert_ci: bootstrap interval of it; an end is None where it is infinite.
    """

    fraction: float
    score: float
    reached: int
    runs: int
    median: float | None
    ert: float | None
    ert_ci: tuple[float | None, float | None] | None


@dataclass(frozen=True)
class MethodCurve:
    """One method on one axis.

    Attributes:
        method: identity of the method.
        mean: mean reported score of the incumbents at each point of the grid, shape (points,).
        low: lower end of the mean's interval; NaN with a single run, shape (points,).
        high: upper end, shape (points,).
        auc: mean regret over the log axis in the window; None where the optimum is unknown.
        auc_ci: interval of it; None with a single run.
        ecdf: share of all (run, target) pairs reached by each point of the grid, shape (points,);
            None where there are no targets.
        targets: one entry a target; empty where optimum or mean random architecture is unknown.
        catch_up: when it is as good as the control is in the end; None for the control itself,
            where the two have not run the same seeds, and where the control asks for nothing: its
            curve is only that of its end, which the axis need not reach.
    """

    method: str
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    auc: float | None
    auc_ci: tuple[float, float] | None
    ecdf: FloatArray | None
    targets: tuple[TargetTime, ...]
    catch_up: CatchUp | None


@dataclass(frozen=True)
class AnytimeAxis:
    """All methods of a benchmark on one axis.

    Attributes:
        axis: ``queries`` or ``seconds``.
        horizon: where the axis ends: the budget if it has this unit, else what the median run of
            the thriftiest method spent, since beyond that not all methods have been observed.
        window: part of the axis that the area is taken over, `DECADES` powers of ten up to the
            horizon, queries from the first on.
        grid: logarithmic, in whole numbers for queries, shape (points,).
        methods: the methods whose spending is known, in the order of the study.
    """

    axis: Axis
    horizon: float
    window: tuple[float, float]
    grid: FloatArray
    methods: tuple[MethodCurve, ...]


def anytime(
    card: BenchmarkCard,
    budget: Budget,
    runs: Mapping[str, PairRuns],
    axis: Axis,
    rng: np.random.Generator,
    alpha: float = 0.05,
    control: str = "",
) -> AnytimeAxis | None:
    """Measure all methods of a benchmark on one axis.

    Args:
        card: the benchmark.
        budget: what every run may spend.
        runs: runs of each method, in the order of the study.
        axis: what is spent.
        rng: for the bootstrap; resamples are common to methods with the same number of runs.
        alpha: one minus the confidence of the intervals.
        control: the method that the others catch up with; empty for none.

    Returns:
        None where no method's spending on this axis is known or nothing was spent.
    """
    laid = {method: StepCurves.of(pair, card, axis) for method, pair in runs.items()}
    known = {method: curves for method, curves in laid.items() if curves and curves.is_on_axis}
    horizon = float(budget.amount)
    if budget.unit != axis:
        horizon = min((c.median_spent for c in known.values()), default=math.inf)
    if not known or not math.isfinite(horizon):
        return None
    start = 1.0 if axis == "queries" else horizon / 10**DECADES
    grid = np.geomspace(start, horizon, GRID_POINTS)
    if axis == "queries":
        grid = np.unique(np.round(grid))
    window = (max(start, horizon / 10**DECADES), horizon)
    entropy = int(rng.integers(2**63))
    counts = {
        n: bootstrap_counts([n], RESAMPLES, np.random.default_rng([entropy, n]))
        for n in {curves.spent.size for curves in known.values()}
    }
    # A claim such as "a seventh of the queries" is counted query by query.
    points = np.arange(1.0, horizon + 1.0) if axis == "queries" and horizon <= FINE else grid
    caught = {
        method: catch_up(curves, known[control], card, points, counts[curves.spent.size], alpha)
        for method, curves in known.items()
        if control in known
        and method != control
        and known[control].asks
        and np.array_equal(runs[method].seeds, runs[control].seeds)
    }
    return AnytimeAxis(
        axis,
        horizon,
        window,
        grid,
        tuple(
            _measure(
                method,
                curves,
                card,
                window,
                grid,
                counts[curves.spent.size],
                alpha,
                caught.get(method),
            )
            for method, curves in known.items()
        ),
    )


def target_scores(card: BenchmarkCard) -> FloatArray:
    """Scores of the `TARGETS` on a benchmark's own scale.

    Returns:
        Shape (targets,), the last one the optimum itself; empty where the gap is unknown or none.
    """
    span = gap(card)
    if span is None:
        return np.empty(0)
    return card.optimum - (1.0 - np.array(TARGETS)) * span


def _measure(
    method: str,
    curves: StepCurves,
    card: BenchmarkCard,
    window: tuple[float, float],
    grid: FloatArray,
    counts: FloatArray,
    alpha: float,
    caught: CatchUp | None,
) -> MethodCurve:
    """One method's curve, area and times."""
    scores = curves.on_grid(grid)
    several = len(scores) > 1
    unknown = np.full(len(grid), np.nan)
    with np.errstate(invalid="ignore"):
        low, high = mean_interval(scores, alpha) if several else (unknown, unknown)
    auc, auc_ci = None, None
    if window[0] < window[1] and math.isfinite(card.optimum):
        regrets = curves.log_mean_regret(card, *window)
        if np.isfinite(regrets).all():
            auc = float(regrets.mean())
            if several:
                ends = mean_interval(regrets, alpha)
                auc_ci = (float(ends[0]), float(ends[1]))
    scores_wanted = target_scores(card)
    ecdf = None
    targets: tuple[TargetTime, ...] = ()
    if scores_wanted.size:
        times = curves.first_reach(card, scores_wanted)
        ecdf = (times[..., None] <= grid).mean(axis=(0, 1))
        ended = np.where(np.isnan(curves.spent), window[1], curves.spent)
        targets = _target_times(scores_wanted, times, ended, counts, alpha)
    return MethodCurve(method, scores.mean(axis=0), low, high, auc, auc_ci, ecdf, targets, caught)


def _target_times(
    scores: FloatArray,
    times: FloatArray,
    ended: FloatArray,
    counts: FloatArray,
    alpha: float,
) -> tuple[TargetTime, ...]:
    """Summaries of the times that runs needed.

    Args:
        scores: the targets, shape (targets,).
        times: when a run was as good, infinite where it never was, shape (n, targets).
        ended: what a run spent in all, shape (n,); a miss is charged with it.
        counts: resamples of the runs, from `bootstrap_counts`.
        alpha: one minus the confidence.
    """
    n = len(times)
    reached = np.isfinite(times)
    charged = np.where(reached, times, ended[:, None])
    with np.errstate(divide="ignore"):
        ert = charged.sum(axis=0) / reached.sum(axis=0)
        low, high = percentile_interval(
            (counts @ charged) / (counts @ reached.astype(float)), alpha
        )
    median = order_statistic(times, 0.5)
    return tuple(
        TargetTime(
            fraction=fraction,
            score=float(scores[i]),
            reached=int(reached[:, i].sum()),
            runs=n,
            median=_finite(median[i]),
            ert=_finite(ert[i]),
            ert_ci=(_finite(low[i]), _finite(high[i])) if reached[:, i].any() else None,
        )
        for i, fraction in enumerate(TARGETS)
    )


def _finite(value: float) -> float | None:
    """The value, or None where it is infinite."""
    return float(value) if math.isfinite(value) else None
