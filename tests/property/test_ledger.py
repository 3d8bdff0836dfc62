"""What a ledger holds, recomputed from its list of queries for any sequence of requests."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import Budget, BudgetExhausted
from harness.core.problem import Ledger, Problem
from harness.study.run import streams
from harness.testing import SyntheticBenchmark

SIZES, FIDELITIES = (2, 3, 2), (1, 4, 9)
KINDS = {
    (repeats, direction): SyntheticBenchmark(
        SIZES, fidelities=FIDELITIES, repeats=repeats, direction=direction
    )
    for repeats in ("charged", "free")
    for direction in ("maximize", "minimize")
}
archs = st.tuples(*(st.integers(0, size - 1) for size in SIZES))
queries = st.tuples(st.just("query"), archs, st.sampled_from((None, *FIDELITIES)))
batches = st.tuples(st.just("many"), st.lists(archs, max_size=4), st.sampled_from(FIDELITIES))
work = st.tuples(st.just("spend"), st.floats(0, 30), st.floats(0, 3000))
requests = st.lists(st.one_of(queries, queries, batches, work), max_size=60)
budgets = st.one_of(
    st.builds(Budget, st.integers(1, 40), st.just("queries")),
    st.builds(Budget, st.floats(0.5, 300), st.just("epochs")),
    st.builds(Budget, st.floats(0.5, 9000), st.just("seconds")),
)


class Session:
    """A problem and what was asked of it, with an account of its own."""

    def __init__(self, benchmark, budget, seed):
        self.benchmark, self.budget, self.ledger = benchmark, budget, Ledger()
        rng, key = streams(seed)
        self.problem = Problem(benchmark, budget, rng, key, self.ledger)
        self.epochs = self.seconds = 0.0
        self.spent_before = []

    def serve(self, kind, first, second):
        before = len(self.ledger.archs)
        try:
            if kind == "query":
                self.problem.evaluate(first, second)
            elif kind == "many":
                self.problem.evaluate_many(first, second)
            else:
                self.problem.spend(epochs=first, seconds=second)
                self.epochs += first
                self.seconds += second
        except BudgetExhausted:
            pass
        self.spent_before += [(self.epochs, self.seconds)] * (len(self.ledger.archs) - before)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@settings(max_examples=60, deadline=None)
@given(budget=budgets, asked=requests, seed=st.integers(0, 3))
def test_ledger(kind, budget, asked, seed):
    session = Session(KINDS[kind], budget, seed)
    for request in asked:
        session.serve(*request)
        check_budget(session)
    check_costs(session, free=kind[0] == "free")
    check_incumbents(session.ledger)


def check_budget(session):
    ledger = session.ledger
    spent = {
        "queries": ledger.total_charged,
        "epochs": ledger.total_epochs,
        "seconds": ledger.total_seconds,
    }[session.budget.unit]
    assert spent <= session.budget.amount
    left = session.problem.budget
    assert left.unit == session.budget.unit
    assert left.amount == pytest.approx(session.budget.amount - spent)


def check_costs(session, *, free):
    """Cumulative costs are those of the queries that were charged, and of what was spent."""
    ledger, met = session.ledger, set()
    price = session.benchmark.oracle(0).measure
    charged, epochs, seconds = 0, 0, 0.0
    for i, (arch, level) in enumerate(zip(ledger.archs, ledger.fidelities, strict=True)):
        if not (free and (arch, level) in met):
            charged += 1
            epochs += level
            seconds += price(arch, level)[1]
        met.add((arch, level))
        other_epochs, other_seconds = session.spent_before[i]
        assert ledger.charged[i] == charged
        assert ledger.epochs[i] == pytest.approx(epochs + other_epochs)
        assert ledger.seconds[i] == pytest.approx(seconds + other_seconds)
    assert ledger.total_charged == charged
    assert ledger.total_epochs == pytest.approx(epochs + session.epochs)
    assert ledger.total_seconds == pytest.approx(seconds + session.seconds)


def check_incumbents(ledger):
    """The incumbent is the first of the best at the longest training so far."""
    assert len(ledger.incumbents) == len(ledger.archs)
    for i, incumbent in enumerate(ledger.incumbents):
        longest = max(ledger.fidelities[: i + 1])
        of_it = [j for j in range(i + 1) if ledger.fidelities[j] == longest]
        best = max(ledger.scores[j] for j in of_it)
        assert incumbent == min(j for j in of_it if ledger.scores[j] == best)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(archs, min_size=1, max_size=20), limit=st.integers(1, 12))
def test_evaluate_many_is_evaluate_one_by_one(asked, limit):
    sessions = [Session(KINDS["charged", "maximize"], Budget(limit, "queries"), 0) for _ in "ab"]
    sessions[0].serve("many", asked, 9)
    for arch in asked:
        sessions[1].serve("query", arch, 9)
    first, second = (session.ledger for session in sessions)
    assert first.archs == second.archs == asked[:limit]
    assert first.scores == second.scores
    assert first.seconds == second.seconds


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(6)), seed=st.integers(0, 5))
def test_noise_depends_on_architecture_and_count_alone(order, seed):
    asked = [(0, 0, 0), (0, 1, 0), (1, 2, 1), (0, 0, 0), (0, 0, 0), (1, 2, 1)]

    def answers(sequence):
        session = Session(KINDS["charged", "maximize"], Budget(6, "queries"), seed)
        found = {}
        for arch in sequence:
            found.setdefault(arch, []).append(session.problem.evaluate(arch))
        return found

    assert answers(asked) == answers([asked[i] for i in order])


@settings(max_examples=60, deadline=None)
@given(amount=st.floats(1e-9, 1e18), unit=st.sampled_from(["epochs", "seconds"]))
def test_budget_text_reads_back(amount, unit):
    assert Budget.parse(str(Budget(amount, unit))) == Budget(amount, unit)
    assert math.isfinite(amount)
