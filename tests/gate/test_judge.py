"""What follows from a baseline and what was measured against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.gate.baseline import Baseline, Cell, GatedBenchmark, GatedMethod
from harness.gate.judge import ALPHA, LIMIT, judge, showing_loss
from harness.gate.measure import CannotMeasure, Measurement

SEEDS = 30
SPREAD = 0.2


def benchmark(**changes):
    known = GatedBenchmark(
        "space/a", "space/a", 1, "data", "100 queries", "accuracy (%)", "maximize", "facts"
    )
    return replace(known, **changes)


def baseline(values, **changes):
    """A baseline of as many methods as there are rows of values, on one benchmark."""
    where = benchmark(**changes)
    names = [f"m{i}" for i in range(len(values))]
    return Baseline(
        "harness check",
        "here",
        0.1,
        tuple(range(len(values[0]))),
        (where,),
        tuple(GatedMethod(name, name, f"{name}@1") for name in names),
        tuple(
            Cell(where.id, name, tuple(map(float, row)), tuple(f"{v:.9f}" for v in row))
            for name, row in zip(names, values, strict=True)
        ),
    )


def measured(found, failures=None):
    return Measurement(found, failures or {}, {})


def stream(seed, methods=1, mean=90.0, seeds=SEEDS, spread=SPREAD):
    return np.random.default_rng(seed).normal(mean, spread, (methods, seeds))


def judged(then, now, **options):
    """Judgements of the cells, without the table's."""
    return [j for j in judge(then, measured(now), **options) if j.method]


def test_identical_runs_pass_without_a_test():
    base = baseline(stream(0, 3))
    found = judge(base, measured(base))
    assert [(j.method, j.verdict, j.changed, j.difference) for j in found] == [
        (name, "pass", 0, None) for name in ("", "m0", "m1", "m2")
    ]


def test_a_digest_alone_is_a_change_that_is_tested():
    base = baseline(stream(0))
    cell = replace(base.cells[0], traces=("other", *base.cells[0].traces[1:]))
    (found,) = judged(base, replace(base, cells=(cell,)))
    assert (found.verdict, found.changed, found.tests) == ("pass", 1, 1)
    assert found.difference.difference == 0.0


@pytest.mark.parametrize(
    ("change", "verdict"), [(0.5, "pass"), (-0.02, "pass"), (-0.5, "regression")]
)
def test_mean_decides(change, verdict):
    (found,) = judged(baseline(stream(0)), baseline(stream(0) + change))
    assert found.verdict == verdict
    assert found.difference.difference == pytest.approx(change)


@pytest.mark.parametrize(
    ("direction", "verdict"), [("maximize", "regression"), ("minimize", "pass")]
)
def test_direction(direction, verdict):
    values = stream(0)
    (found,) = judged(
        baseline(values, direction=direction), baseline(values - 0.5, direction=direction)
    )
    assert found.verdict == verdict
    assert found.difference.difference == pytest.approx(-0.5 if direction == "maximize" else 0.5)


def test_a_point_is_a_hundredth_of_fractions():
    values = stream(0, mean=0.9, spread=0.002)
    (found,) = judged(
        baseline(values, metric="accuracy (0-1)"), baseline(values - 0.005, metric="accuracy (0-1)")
    )
    assert found.verdict == "regression"
    assert found.difference.difference == pytest.approx(-0.5)


def test_loss_within_the_margin_is_no_regression_however_sure():
    values = stream(0, seeds=1000)
    (found,) = judged(baseline(values), baseline(values - 0.099))
    assert found.verdict == "pass"
    assert found.difference.ci[1] < 0.0


def test_loss_between_margin_and_limit_is_a_regression_where_it_is_sure():
    old, new = stream(0, seeds=1000), stream(1, seeds=1000, mean=89.8)
    (found,) = judged(baseline(old), baseline(new))
    assert found.verdict == "regression"


def test_wide_interval_cannot_tell_and_says_how_many_seeds_would():
    old, new = stream(0, spread=2.0), stream(1, spread=2.0)
    (found,) = judged(baseline(old), baseline(new))
    assert found.verdict == "cannot-tell"
    assert found.difference.ci[0] < -LIMIT * 0.1
    more = found.needed
    assert more > SEEDS
    old, new = (stream(seed, spread=2.0, seeds=2 * more) for seed in (0, 1))
    assert judged(baseline(old), baseline(new))[0].verdict == "pass"


@pytest.mark.parametrize(
    ("seeds", "verdict"), [(1, "cannot-tell"), (5, "cannot-tell"), (6, "pass")]
)
def test_too_few_seeds(seeds, verdict):
    old, new = stream(0, seeds=seeds, spread=0.001), stream(1, seeds=seeds, spread=0.001)
    (found,) = judged(baseline(old), baseline(new))
    assert found.verdict == verdict


def test_holm_over_changed_cells_only():
    values = stream(0, 40)
    now = values.copy()
    rng = np.random.default_rng(5)
    now[0] = values[0] - 0.1 + rng.normal(-0.06, 0.1, SEEDS)
    (alone, *others) = judged(baseline(values), baseline(now))
    assert alone.tests == 1
    assert alone.verdict == "regression"
    assert {other.tests for other in others} == {0}
    now[1:] += rng.normal(0.0, 0.01, (39, SEEDS))
    (among, *others) = judged(baseline(values), baseline(now))
    assert among.tests == 40
    assert among.p == pytest.approx(min(1.0, 40 * alone.p))
    assert {other.verdict for other in others} == {"pass"}


def test_strict_accepts_equality_only():
    values = stream(0, 2)
    now = values.copy()
    now[0] += 0.001
    first, second = judged(baseline(values), baseline(now), strict=True)
    assert (first.verdict, second.verdict) == ("regression", "pass")
    assert "30 of 30 runs" in first.reason


def test_failed_runs_are_a_regression_whatever_the_scores():
    base = baseline(stream(0))
    failures = {("space/a", "m0"): {7: "ValueError: no"}}
    found = judge(base, measured(base, failures))[1]
    assert found.verdict == "regression"
    assert found.reason == "1 of 30 runs failed (seed 7: ValueError: no)"


def test_other_facts_are_a_regression():
    values = stream(0)
    found = judge(baseline(values), measured(baseline(values, facts="others")))
    assert [(j.method, j.verdict) for j in found] == [("", "regression"), ("m0", "pass")]


def test_benchmark_without_a_table_has_no_facts():
    values = stream(0)
    found = judge(baseline(values, facts=""), measured(baseline(values, facts="")))
    assert [j.method for j in found] == ["m0"]


class TestVanished:
    def refuse(self, now, words):
        with pytest.raises(CannotMeasure, match=words):
            judge(baseline(stream(0, 2)), measured(now))

    def test_method(self):
        self.refuse(baseline(stream(0, 1)), "nothing was measured for m1 on space/a")

    def test_benchmark(self):
        self.refuse(baseline(stream(0, 2), id="space/b"), "m0 on space/a, m1 on space/a")

    def test_seed(self):
        self.refuse(baseline(stream(0, 2, seeds=29)), "1 seed of the baseline was not run: 29")

    def test_run(self):
        base = baseline(stream(0, 2))
        cell = replace(base.cells[1], reported=(1.0,), traces=("x",))
        self.refuse(replace(base, cells=(base.cells[0], cell)), "1 runs for 30 seeds")

    def test_everything(self):
        empty = replace(baseline(stream(0, 2)), cells=())
        self.refuse(empty, "nothing was measured")


class TestRates:
    """Independent streams, as a refactoring makes them."""

    TRIES = 100
    SEEDS = 20
    SPREAD = 0.15

    def share(self, verdict, loss, methods=1):
        count = 0
        for i in range(self.TRIES):
            old, new = (
                stream(seed, methods, seeds=self.SEEDS, spread=self.SPREAD)
                for seed in (2 * i, 2 * i + 1)
            )
            new[0] -= loss
            verdicts = [j.verdict for j in judged(baseline(old), baseline(new))]
            count += (
                all(v == "pass" for v in verdicts) if verdict == "pass" else verdict in verdicts
            )
        return count / self.TRIES

    def test_no_loss_passes(self):
        assert self.share("pass", 0.0) >= 0.95
        assert self.share("pass", 0.0, methods=5) >= 0.95

    def test_loss_of_the_margin_is_rarely_called_a_regression(self):
        assert self.share("regression", 0.1, methods=5) <= ALPHA

    def test_loss_of_the_limit_does_not_pass(self):
        assert self.share("pass", 0.3) <= ALPHA
        assert self.share("pass", 0.3, methods=5) <= ALPHA

    def test_the_announced_loss_shows(self):
        loss = showing_loss(self.SEEDS, np.sqrt(2) * self.SPREAD, 1, 0.1)
        assert self.share("regression", loss) >= 0.9
        assert self.share("regression", loss - 0.08) < 0.9
