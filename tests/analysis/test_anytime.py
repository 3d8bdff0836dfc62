"""Step functions, areas, and times to targets, against numbers worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.anytime import DECADES, TARGETS, AnytimeAxis, anytime, target_scores
from harness.analysis.curves import StepCurves
from harness.core.benchmark import BenchmarkCard
from harness.core.budget import Budget
from harness.study.results import PairRuns

BUDGET = Budget.parse(100)
CURVES = [[(1, 86.0), (10, 94.0)], [(2, 90.0)], [(5, 88.0), (50, 87.0), (60, 95.0)]]


@pytest.fixture
def runs(make_runs: Callable[..., PairRuns]) -> PairRuns:
    """Optimum 95, mean random 85, worst 10; the fourth run fails."""
    return make_runs("m", [94.0, 90.0, 95.0, 0.0], curves=[*CURVES, []], failed=[3])


@pytest.fixture
def card(make_card: Callable[..., BenchmarkCard]) -> BenchmarkCard:
    return make_card()


def measure(card: BenchmarkCard, *runs: PairRuns, **options: object) -> AnytimeAxis | None:
    settings = {"budget": BUDGET, "axis": "queries", "rng": np.random.default_rng(0), **options}
    return anytime(card, runs={pair.method: pair for pair in runs}, **settings)  # type: ignore


def test_last_incumbent_holds(runs: PairRuns, card: BenchmarkCard) -> None:
    curves = StepCurves.of(runs, card, "queries")
    assert curves is not None
    scores = curves.on_grid(np.array([0.5, 1.0, 9.0, 10.0, 55.0, 1000.0]))
    np.testing.assert_array_equal(
        scores,
        [
            [85.0, 86.0, 86.0, 94.0, 94.0, 94.0],
            [85.0, 85.0, 90.0, 90.0, 90.0, 90.0],
            [85.0, 85.0, 88.0, 88.0, 87.0, 95.0],
            [10.0, 10.0, 10.0, 10.0, 10.0, 10.0],
        ],
    )


def test_seconds_are_another_axis(runs: PairRuns, card: BenchmarkCard) -> None:
    curves = StepCurves.of(runs, card, "seconds")
    assert curves is not None
    assert curves.on_grid(np.array([99.0, 100.0]))[0].tolist() == [86.0, 94.0]
    assert curves.median_spent == 1000.0


def test_mean_regret_on_a_log_axis(runs: PairRuns, card: BenchmarkCard) -> None:
    curves = StepCurves.of(runs, card, "queries")
    assert curves is not None
    regrets = curves.log_mean_regret(card, 1.0, 100.0)
    first = (9.0 * math.log(10) + 1.0 * math.log(10)) / math.log(100)
    second = (10.0 * math.log(2) + 5.0 * math.log(50)) / math.log(100)
    third = (10 * math.log(5) + 7 * math.log(10) + 8 * math.log(1.2)) / math.log(100)
    np.testing.assert_allclose(regrets, [first, second, third, 85.0], rtol=1e-12)


def test_minimised_scores_are_mirrored(
    runs: PairRuns, card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    loss = replace(card, direction="minimize", optimum=-95.0, mean_random=-85.0, worst=-10.0)
    mirrored = make_runs(
        "m",
        -runs.reported,
        card=loss,
        curves=[*([(q, -score) for q, score in run] for run in CURVES), []],
        failed=[3],
    )
    ours, theirs = measure(card, runs), measure(loss, mirrored)
    assert ours is not None
    assert theirs is not None
    assert ours.methods[0].auc == theirs.methods[0].auc
    assert [t.ert for t in ours.methods[0].targets] == [t.ert for t in theirs.methods[0].targets]
    np.testing.assert_array_equal(ours.methods[0].mean, -theirs.methods[0].mean)


def test_targets_close_the_gap_and_the_last_is_the_optimum(card: BenchmarkCard) -> None:
    awkward = replace(card, optimum=0.1 + 0.2, mean_random=0.7, direction="minimize")
    assert target_scores(awkward)[-1] == awkward.optimum
    np.testing.assert_allclose(target_scores(card), [90, 93, 94, 94.5, 94.8, 94.9, 95])


def test_times_to_targets(runs: PairRuns, card: BenchmarkCard) -> None:
    axis = measure(card, runs)
    assert axis is not None
    times = {target.fraction: target for target in axis.methods[0].targets}
    half = times[0.5]
    assert (half.score, half.reached, half.runs) == (90.0, 3, 4)
    assert half.median == 10.0
    assert half.ert == pytest.approx((10 + 2 + 60 + 100) / 3)
    best = times[1.0]
    assert (best.reached, best.median) == (1, None)
    assert best.ert == pytest.approx(100 + 100 + 60 + 100)
    assert best.ert_ci is not None
    assert best.ert_ci[0] is not None
    assert best.ert_ci[0] <= best.ert
    assert best.ert_ci[1] is None, "a resample without the one success is likely"


def test_no_success_has_no_running_time(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    axis = measure(card, make_runs("m", [86.0, 86.0]))
    assert axis is not None
    hardest = axis.methods[0].targets[-1]
    assert (hardest.reached, hardest.ert, hardest.ert_ci, hardest.median) == (0, None, None, None)


def test_ecdf_counts_runs_and_targets(runs: PairRuns, card: BenchmarkCard) -> None:
    axis = measure(card, runs)
    assert axis is not None
    ecdf = axis.methods[0].ecdf
    assert ecdf is not None
    reached = sum(target.reached for target in axis.methods[0].targets)
    assert ecdf[-1] == pytest.approx(reached / (4 * len(TARGETS)))
    assert ecdf[0] == 0.0
    assert (np.diff(ecdf) >= 0).all()
    assert ecdf[np.searchsorted(axis.grid, 2.0)] == pytest.approx(1 / (4 * len(TARGETS)))


def test_mean_curve_and_its_interval(runs: PairRuns, card: BenchmarkCard) -> None:
    axis = measure(card, runs)
    assert axis is not None
    method = axis.methods[0]
    assert method.mean[-1] == pytest.approx((94 + 90 + 95 + 10) / 4)
    assert (method.low <= method.mean).all()
    assert (method.mean <= method.high).all()


def test_grid_of_queries_is_whole_and_ends_with_the_budget(
    runs: PairRuns, card: BenchmarkCard
) -> None:
    axis = measure(card, runs)
    assert axis is not None
    assert (axis.grid[0], axis.grid[-1], axis.horizon) == (1.0, 100.0, 100.0)
    np.testing.assert_array_equal(axis.grid, np.unique(np.round(axis.grid)))
    assert axis.window == (1.0, 100.0)
    longer = measure(card, runs, budget=Budget.parse(500))
    assert longer is not None
    assert longer.window == (500 / 10**DECADES, 500.0)


def test_the_other_axis_ends_where_the_thriftiest_method_does(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    fast, slow = make_runs("fast", [90.0] * 3, second=1.0), make_runs("slow", [90.0] * 3)
    axis = measure(card, slow, fast, axis="seconds")
    assert axis is not None
    assert axis.horizon == 100.0
    assert axis.grid[[0, -1]] == pytest.approx([1.0, 100.0])
    timed = measure(card, slow, fast, axis="seconds", budget=Budget.parse("1000s"))
    assert timed is not None
    assert timed.horizon == 1000.0


def test_a_method_whose_seconds_are_unknown_is_left_out(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    known, unknown = make_runs("known", [90.0] * 3), make_runs("unknown", [90.0] * 3)
    unknown = replace(unknown, seconds=np.full(3, np.nan))
    axis = measure(card, known, unknown, axis="seconds")
    assert axis is not None
    assert [method.method for method in axis.methods] == ["known"]
    assert measure(card, unknown, axis="seconds") is None


def test_a_method_without_queries_is_left_out(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    supernet = make_runs("supernet", [90.0] * 3, queries=0)
    axis = measure(card, make_runs("m", [90.0] * 3), supernet)
    assert axis is not None
    assert [method.method for method in axis.methods] == ["m"]


def test_all_failed_is_the_worst_score_throughout(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    axis = measure(card, make_runs("m", [0.0] * 3, failed=[0, 1, 2]))
    assert axis is not None
    method = axis.methods[0]
    assert set(method.mean) == {card.worst}
    assert method.auc == pytest.approx(card.optimum - card.worst)
    assert method.targets[0].ert is None


def test_one_run_has_no_intervals(card: BenchmarkCard, make_runs: Callable[..., PairRuns]) -> None:
    axis = measure(card, make_runs("m", [90.0]))
    assert axis is not None
    method = axis.methods[0]
    assert method.auc is not None
    assert method.auc_ci is None
    assert np.isnan(method.low).all()


def test_unknown_optimum_leaves_the_curves(
    card: BenchmarkCard, make_runs: Callable[..., PairRuns]
) -> None:
    live = replace(card, optimum=math.nan)
    axis = measure(live, make_runs("m", [90.0] * 3, card=live))
    assert axis is not None
    method = axis.methods[0]
    assert (method.auc, method.ecdf, method.targets) == (None, None, ())
    assert np.isfinite(method.mean).all()


def test_a_budget_of_one_query(card: BenchmarkCard, make_runs: Callable[..., PairRuns]) -> None:
    axis = measure(card, make_runs("m", [90.0] * 3, queries=1), budget=Budget.parse(1))
    assert axis is not None
    assert axis.grid.tolist() == [1.0]
    assert axis.methods[0].auc is None


def test_runs_without_curves_are_on_no_axis(card: BenchmarkCard, runs: PairRuns) -> None:
    assert measure(card, replace(runs, curves=())) is None
