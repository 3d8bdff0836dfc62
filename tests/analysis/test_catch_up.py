"""Catching up, against curves whose crossing is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.anytime import anytime
from harness.core.budget import Budget

BUDGET = Budget.parse(100)


@pytest.fixture
def caught(make_runs, make_card):
    def measure(own, control, direction="maximize", same_seeds=True, **options):
        card = make_card(direction=direction, **options)
        a = make_runs("a", [c[-1][1] for c in own], curves=own)
        b = make_runs("b", [c[-1][1] for c in control], curves=control)
        if not same_seeds:
            b.seeds[:] += 1
        axis = anytime(
            card, BUDGET, {"a": a, "b": b}, "queries", np.random.default_rng(0), control="b"
        )
        return {curve.method: curve.catch_up for curve in axis.methods}

    return measure


def test_first_query_at_which_the_mean_is_as_good(caught):
    # Mean of b in the end: 91. Mean of a: 85 (random), 89.5 from 4, 92 from 25.
    own = [[(4, 90.0), (25, 92.0)], [(4, 89.0), (25, 92.0)]]
    found = caught(own, [[(50, 90.0)], [(80, 92.0)]])
    assert found["b"] is None
    assert (found["a"].spent, found["a"].ratio) == (25.0, 4.0)


def test_never(caught):
    found = caught([[(1, 90.0)], [(1, 90.0)]], [[(50, 91.0)], [(50, 91.0)]])["a"]
    assert (found.spent, found.ratio, found.ratio_ci) == (None, None, (None, None))


def test_the_same_curves_are_reached_by_their_last_step(caught):
    curves = [[(1, 86.1), (10, 90.3)], [(20, 90.1)], [(40, 88.7)]]
    assert caught(curves, curves)["a"].spent == 40.0


def test_lower_is_better(caught):
    options = {"optimum": 5.0, "worst": 90.0, "mean_random": 15.0}
    found = caught([[(10, 6.0)]], [[(40, 7.0)]], "minimize", **options)["a"]
    assert (found.spent, found.ratio, found.ratio_ci) == (10.0, 10.0, None)


def test_interval_of_equal_seeds_is_a_point(caught):
    found = caught([[(10, 92.0)]] * 5, [[(50, 91.0)]] * 5)["a"]
    assert found.ratio_ci == (10.0, 10.0)


def test_interval_against_a_brute_force_bootstrap(caught):
    rng = np.random.default_rng(1)
    own = [[(int(q), 90.0 + rng.normal())] for q in rng.integers(1, 60, 12)]
    control = [[(90, 89.0 + rng.normal())] for _ in range(12)]
    found = caught(own, control)["a"]
    ratios = []
    for _ in range(4000):
        drawn = rng.integers(0, 12, 12)
        target = np.mean([control[i][0][1] for i in drawn])
        curve = [
            np.mean([own[i][0][1] if q >= own[i][0][0] else 85.0 for i in drawn])
            for q in range(1, 101)
        ]
        hit = [q for q, value in zip(range(1, 101), curve, strict=True) if value >= target]
        ratios.append(100 / hit[0] if hit else 0.0)
    low, high = np.quantile(ratios, [0.025, 0.975])
    assert found.ratio_ci[1] == pytest.approx(high, rel=0.1)
    assert (found.ratio_ci[0] or 0.0) == pytest.approx(low, rel=0.1)


def test_other_seeds_are_not_compared(caught):
    assert caught([[(1, 90.0)]] * 3, [[(1, 90.0)]] * 3, same_seeds=False)["a"] is None
