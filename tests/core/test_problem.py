from __future__ import annotations

import math
import multiprocessing
import os

import numpy as np
import pytest

from harness import Budget, BudgetExhausted, HarnessError, InvalidArchitecture
from harness.core import problem as problem_module
from harness.core.problem import Ledger, Problem
from harness.core.registry import load_benchmark
from harness.study.run import streams
from harness.testing import SyntheticBenchmark


def open_problem(benchmark=None, budget="10", seed=0):
    ledger = Ledger()
    rng, key = streams(seed)
    return Problem(
        benchmark or SyntheticBenchmark(), Budget.parse(budget), rng, key, ledger
    ), ledger


A, B, C = (0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (2, 0, 0, 0, 0)


def test_a_query_is_counted_and_stored():
    problem, ledger = open_problem()
    score = problem.evaluate(A)
    assert ledger.archs == [A]
    assert ledger.scores == [score]
    assert ledger.fidelities == [36]
    assert ledger.charged == [1]
    assert ledger.epochs == [36.0]
    assert ledger.seconds[0] > 0
    assert problem.budget == Budget(9, "queries")


def test_the_query_that_would_cross_is_refused_and_free():
    problem, ledger = open_problem(budget="2")
    problem.evaluate_many([A, B])
    for _ in range(3):
        with pytest.raises(BudgetExhausted):
            problem.evaluate(C)
    assert ledger.total_charged == len(ledger.archs) == 2
    assert problem.budget.amount == 0


def test_epochs_are_spent_to_the_last_one():
    problem, ledger = open_problem(budget="52epochs")
    problem.evaluate(A, 36)
    problem.evaluate(B, 12)
    with pytest.raises(BudgetExhausted):
        problem.evaluate(C, 12)
    problem.evaluate(C, 4)
    assert ledger.epochs == [36, 48, 52]
    assert problem.budget == Budget(0, "epochs")


def test_a_cheaper_query_may_still_fit():
    problem, ledger = open_problem(budget="40epochs")
    problem.evaluate(A)
    with pytest.raises(BudgetExhausted):
        problem.evaluate(B)
    problem.evaluate(B, 4)
    assert ledger.total_epochs == 40


def test_seconds_are_the_tables_own():
    benchmark = SyntheticBenchmark()
    problem, ledger = open_problem(benchmark, "5000s")
    cost = benchmark.oracle(0).measure(A, 36)[1]
    problem.evaluate(A)
    assert ledger.seconds == [cost]
    assert problem.budget.amount == pytest.approx(5000 - cost)


def test_seconds_are_nan_where_unknown_and_other_budgets_work():
    problem, ledger = open_problem(SyntheticBenchmark(seconds=False), "3")
    problem.evaluate_many([A, B, C])
    assert all(math.isnan(second) for second in ledger.seconds)
    with pytest.raises(BudgetExhausted):
        problem.evaluate(A)


def test_evaluate_many_stores_what_was_made_before_the_end():
    problem, ledger = open_problem(budget="2")
    with pytest.raises(BudgetExhausted):
        problem.evaluate_many([A, B, C])
    assert ledger.archs == [A, B]


@pytest.mark.parametrize("repeats", ["charged", "free"])
@pytest.mark.parametrize(
    "arch",
    [
        (0, 0),
        (9, 0, 0, 0, 0),
        (-1, 0, 0, 0, 0),
        [0, 0, 0, 0, 0],
        "00000",
        None,
        7,
        (0.5, 0, 0, 0, 0),
    ],
)
def test_invalid_architectures_cost_nothing(arch, repeats):
    problem, ledger = open_problem(SyntheticBenchmark(repeats=repeats))
    with pytest.raises(InvalidArchitecture):
        problem.evaluate(arch)
    assert not ledger.archs
    assert ledger.total_charged == 0
    assert problem.evaluate(A)


def test_numpy_integers_are_integers():
    problem, ledger = open_problem()
    problem.evaluate(tuple(np.array(A)))
    assert ledger.archs == [A]


def test_unknown_fidelity():
    problem, ledger = open_problem()
    with pytest.raises(HarnessError, match=r"cannot evaluate after 5 epochs.*All: 4, 12, 36"):
        problem.evaluate(A, 5)
    assert not ledger.archs


def test_none_is_the_full_fidelity():
    first, second = open_problem()[0], open_problem()[0]
    assert first.evaluate(A) == second.evaluate(A, 36)


class TestSpend:
    def test_is_counted_between_queries(self):
        problem, ledger = open_problem(budget="100epochs")
        problem.evaluate(A)
        problem.spend(epochs=10.5, seconds=3)
        problem.evaluate(B)
        assert ledger.epochs == [36, 82.5]
        assert ledger.seconds[1] - ledger.seconds[0] > 3

    def test_refuses_what_does_not_fit_and_charges_nothing(self):
        problem, ledger = open_problem(budget="100epochs")
        with pytest.raises(BudgetExhausted):
            problem.spend(epochs=100.5, seconds=1)
        assert ledger.total_epochs == ledger.total_seconds == 0
        problem.spend(epochs=100)
        assert problem.budget.amount == 0

    @pytest.mark.parametrize("amount", [-1, math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("unit", ["epochs", "seconds"])
    def test_refuses_what_is_no_amount(self, unit, amount):
        problem, ledger = open_problem(budget="100epochs")
        with pytest.raises(HarnessError, match="cannot spend"):
            problem.spend(**{unit: amount})
        assert ledger.total_epochs == ledger.total_seconds == 0

    def test_nan_does_not_open_the_budget(self):
        problem, _ = open_problem(budget="40epochs")
        with pytest.raises(HarnessError):
            problem.spend(epochs=math.nan)
        problem.evaluate(A)
        with pytest.raises(BudgetExhausted):
            problem.evaluate(B)


class TestFreeRepeats:
    def test_a_repeat_has_the_same_answer_and_costs_nothing(self):
        problem, ledger = open_problem(SyntheticBenchmark(repeats="free"), "2")
        first = problem.evaluate(A)
        assert [problem.evaluate(A) for _ in range(5)] == [first] * 5
        assert ledger.charged == [1] * 6
        assert len(set(ledger.seconds)) == 1

    def test_another_fidelity_is_no_repeat(self):
        problem, ledger = open_problem(SyntheticBenchmark(repeats="free"), "2")
        problem.evaluate(A, 4)
        problem.evaluate(A, 36)
        assert ledger.charged == [1, 2]

    def test_repeats_are_still_free_when_nothing_is_left(self):
        problem, _ = open_problem(SyntheticBenchmark(repeats="free"), "1")
        first = problem.evaluate(A)
        with pytest.raises(BudgetExhausted):
            problem.evaluate(B)
        assert problem.evaluate(A) == first

    def test_a_method_that_only_repeats_itself_ends(self, monkeypatch):
        monkeypatch.setattr(problem_module, "MAX_FREE_REPEATS", 20)
        problem, ledger = open_problem(SyntheticBenchmark(repeats="free"), "5")
        problem.evaluate(A)
        with pytest.raises(BudgetExhausted):
            problem.evaluate_many([A] * 100)
        assert len(ledger.archs) == 21

    def test_charged_repeats_are_charged(self):
        problem, ledger = open_problem(SyntheticBenchmark(), "3")
        for _ in range(3):
            problem.evaluate(A)
        assert ledger.charged == [1, 2, 3]


class TestNoise:
    def test_is_shared_by_all_methods_of_a_seed(self):
        first, second = open_problem()[0], open_problem()[0]
        forth = first.evaluate_many([A, B, C, A])
        back = second.evaluate_many([C, A, A, B])
        assert (forth[0], forth[3]) == (back[1], back[2])
        assert (forth[1], forth[2]) == (back[3], back[0])

    def test_differs_between_seeds(self):
        benchmark = SyntheticBenchmark()
        archs = list(benchmark.space.enumerate())
        scores = [open_problem(benchmark, "243", seed)[0].evaluate_many(archs) for seed in (0, 1)]
        assert scores[0] != scores[1]

    def test_drawing_from_rng_does_not_touch_it(self):
        first, second = open_problem()[0], open_problem()[0]
        first.rng.random(1000)
        assert first.evaluate(A) == second.evaluate(A)


def test_minimised_scores_are_turned_round():
    benchmark = SyntheticBenchmark(direction="minimize")
    problem, _ = open_problem(benchmark)
    assert problem.evaluate(A) < 0


def test_a_table_has_no_task():
    with pytest.raises(HarnessError, match="is a table"):
        open_problem(load_benchmark("nasbench-graph/proteins"))[0].task  # noqa: B018


def test_properties_are_free():
    problem, ledger = open_problem(budget="1")
    assert problem.properties(A) == {"params": 1000.0}
    assert ledger.total_charged == 0


def in_child(act) -> int:
    """Exit code of a forked child: 0 if it was refused, 1 if not."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except HarnessError:
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("repeats", ["charged", "free"])
def test_evaluate_is_refused_in_a_forked_process(repeats):
    problem, ledger = open_problem(SyntheticBenchmark(repeats=repeats))
    problem.evaluate(A)
    assert in_child(lambda: problem.evaluate(A)) == 0
    assert in_child(lambda: problem.evaluate(B)) == 0
    problem.evaluate(B)
    assert ledger.total_charged == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_evaluate_is_refused_in_a_pool():
    problem, _ = open_problem()
    with (
        multiprocessing.get_context("fork").Pool(1) as pool,
        pytest.raises((HarnessError, TypeError, AttributeError)),
    ):
        pool.apply(problem.evaluate, (A,))


@pytest.mark.parametrize("id", ["synthetic", "nasbench201/cifar10"])
def test_no_test_score_can_be_reached_from_a_problem(id, request, reachable):
    if id == "synthetic":
        benchmark = SyntheticBenchmark()
    else:
        request.getfixturevalue("harness_data")
        benchmark = load_benchmark(id)
    archs = list(benchmark.space.enumerate())
    problem, _ = open_problem(benchmark, "5")
    problem.evaluate_many(archs[:5])
    # A few scores stand in both columns, or elsewhere in the interpreter.
    everything, _ = open_problem(benchmark, str(10 * len(archs)))
    public = {everything.evaluate(a, epochs) for a in archs for epochs in everything.fidelities}
    secret = {score for score in benchmark.report(archs) if score != round(score)} - public
    assert len(secret) > 100
    held = reachable(problem)
    assert public & held
    assert not secret & held
