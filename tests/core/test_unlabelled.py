from __future__ import annotations

import numpy as np
import pytest

from harness import (
    Benchmark,
    Budget,
    BudgetExhausted,
    HarnessError,
    rank_unlabelled,
    unlabelled_scorer,
)
from harness.core.problem import Ledger, Problem
from harness.testing.synthetic import SyntheticSpace

SCORER = """
from harness import Predictor

class Sum(Predictor):
    busy: bool = False

    def needs(self):
        return frozenset()

    def learns(self):
        return False

    def trains(self):
        return self.busy

    def cost(self):
        return 0.5 if self.busy else 0.0

    def learn(self, archs, scores):
        self.shift = self.rng.random()

    def guess(self, archs):
        if self.busy:
            assert self.task == "the task"
            sum(range(300_000))
        else:
            assert self.task is None
        return archs.sum(1) + self.shift
"""


class Asked(Benchmark):
    """Knows no epochs, unless a test says so."""

    id, units, repeats, direction = (
        "toy/toy",
        ("queries", "epochs", "seconds"),
        "charged",
        "maximize",
    )
    fidelities, default_budget, checksum = (None,), Budget(10, "queries"), ""
    space = SyntheticSpace((3, 3))
    task = "the task"

    def oracle(self, noise_key):
        return self

    def measure(self, arch, epochs):
        return 0.0, 1.0

    def properties(self, arch):
        return {}

    def report(self, archs):
        return [0.0] * len(archs)

    def card(self):
        raise NotImplementedError


@pytest.fixture
def scorer(tmp_path):
    file = tmp_path / "sum.py"
    file.write_text(SCORER)
    return f"{file}:Sum"


def problem(budget, fidelities=(None,)):
    ledger, benchmark = Ledger(), Asked()
    benchmark.fidelities = fidelities
    opened = Problem(benchmark, Budget.parse(budget), np.random.default_rng(0), 0, ledger)
    return opened, ledger


ARCHS = [(0, 0), (2, 2), (1, 0), (0, 1), (2, 1)]


def test_best_first_and_of_equals_the_first(scorer):
    opened, ledger = problem("5")
    assert rank_unlabelled(opened, scorer, ARCHS) == [(2, 2), (2, 1), (1, 0), (0, 1), (0, 0)]
    assert (ledger.total_charged, ledger.total_seconds) == (0, 0.0)


def test_work_on_networks_is_charged(scorer):
    opened, ledger = problem("5")
    rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS)
    assert (ledger.total_charged, ledger.total_epochs, ledger.total_seconds) == (0, 2.5, 0.0)


def test_seconds_are_charged_where_they_count(scorer):
    opened, ledger = problem("500s")
    rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS)
    assert 0 < ledger.total_seconds < 500
    assert opened.budget.amount == 500 - ledger.total_seconds


def test_scores_get_half_of_a_budget_in_epochs(scorer):
    opened, ledger = problem("3epochs")
    ranked = rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS)
    assert ranked == [(2, 2), (1, 0), (0, 0), (0, 1), (2, 1)]
    assert ledger.total_epochs == 1.5
    opened, ledger = problem("3epochs", fidelities=(2,))
    assert rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS)[:2] == [(2, 2), (0, 0)]
    assert ledger.total_epochs == 1.0
    opened, ledger = problem("0.5epochs")
    assert rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS) == ARCHS
    assert ledger.total_epochs == 0.0


def test_seconds_that_do_not_fit(scorer):
    opened, _ = problem("0.000001s")
    with pytest.raises(BudgetExhausted):
        rank_unlabelled(opened, f"{scorer}:busy=true", ARCHS)


def test_a_scorer_of_labels_is_refused():
    with pytest.raises(HarnessError, match=r"ridge learns from labels.*naswot"):
        unlabelled_scorer("ridge")
