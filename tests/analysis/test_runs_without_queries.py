"""Methods that ask for no score, such as those that train a supernet, in tables and measures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.anytime import anytime
from harness.analysis.curves import StepCurves
from harness.core.budget import Budget


@pytest.fixture
def runs(make_runs):
    """Three runs without a query, which end after 30, 40 and 50 seconds; the third one fails."""
    made = make_runs("supernet", [94.0, 90.0, 0.0], curves=[[], [], []], failed=[2])
    made.queries[:] = 0
    made.seconds[:] = [30.0, 40.0, 50.0]
    return made


def test_is_worth_its_recommendation_when_it_has_ended(runs, make_card):
    curves = StepCurves.of(runs, make_card(), "seconds")
    scores = curves.on_grid(np.array([1.0, 29.9, 30.0, 39.9, 40.0]))
    random, worst = 85.0, 10.0
    assert scores.tolist() == [
        [random, random, 94.0, 94.0, 94.0],
        [random, random, random, random, 90.0],
        [worst] * 5,
    ]
    assert curves.median_spent == 30.0


def test_has_no_curve_over_queries(runs, make_card):
    assert not StepCurves.of(runs, make_card(), "queries").is_on_axis
    axis = anytime(
        make_card(), Budget.parse("60s"), {"supernet": runs}, "queries", np.random.default_rng(0)
    )
    assert axis is None


def test_area_and_targets(runs, make_card):
    axis = anytime(
        make_card(), Budget.parse("60s"), {"supernet": runs}, "seconds", np.random.default_rng(0)
    )
    (curve,) = axis.methods
    low, high = axis.window
    assert (low, high) == (0.6, 60.0)
    length = math.log(100)
    first = (10 * math.log(30 / 0.6) + 1 * math.log(60 / 30)) / length
    second = (10 * math.log(40 / 0.6) + 5 * math.log(60 / 40)) / length
    assert curve.auc == pytest.approx((first + second + 85) / 3)
    # Half of the gap from 85 to 95: both that ended well are there.
    assert (curve.targets[0].score, curve.targets[0].reached) == (90.0, 2)
    # What all spent, the failed one the horizon, over two successes.
    assert curve.targets[0].ert == pytest.approx((30 + 40 + 60) / 2)


@pytest.mark.parametrize("control", ["supernet", "random"])
def test_only_a_control_that_asks_is_caught_up_with(control, make_runs, make_card):
    supernet = make_runs("supernet", [94.0, 92.0], curves=[[], []])
    supernet.seconds[:] = [30.0, 40.0]
    runs = {
        "supernet": supernet,
        "random": make_runs("random", [92.0] * 2, curves=[[(1, 92.0)]] * 2),
    }
    axis = anytime(
        make_card(), Budget.parse("60s"), runs, "seconds", np.random.default_rng(0), control=control
    )
    caught = {curve.method: curve.catch_up for curve in axis.methods}
    if control == "supernet":
        assert caught == {"supernet": None, "random": None}
    else:
        # The mean of 94 and random 85 is below 92; it is 93 from the second end on.
        assert caught["random"] is None
        assert 40 <= caught["supernet"].spent < 40 * 1.05
