"""Every check fails for a method that breaks its rule, and for the reason that it should."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import numpy as np
import pytest

from harness import HarnessError, Method
from harness.testing import checks
from harness.testing.lab import Lab, Violation

BROKEN = Path(__file__).with_name("broken_methods.py")

# method, the checks that catch it, words of the message
CASES = [
    ("GlobalRandom", "global_random", "random was drawn"),
    ("NumpyGlobal", "global_random", "numpy.random was drawn"),
    ("SeedsGlobal", "global_random", "drawn from or seeded"),
    ("Unseeded", "same_seed processes order resume hidden_scores global_random", "query"),
    ("IgnoresSeed", "other_seeds", "1 generators besides"),
    ("ReadsClock", "same_seed", "Draw from problem.rng"),
    ("ClassState", "order resume same_seed", "query"),
    ("Invalid", "valid", "space.is_valid refuses"),
    ("InvalidSwallowed", "valid", "space.is_valid refuses"),
    ("SwallowsForever", "runs stops budget_queries", "Let BudgetExhausted"),
    ("SwallowsSome", "stops", "queries were asked for after the budget was spent"),
    ("Hangs", "runs processes", "did not end"),
    ("Exits", "runs", "SystemExit"),
    ("Prints", "quiet", "printed 'score"),
    ("ReturnsUnknown", "runs", "InvalidArchitecture"),
    ("ReturnsList", "runs", "not list"),
    ("SetOrder", "processes", "order of a set"),
    ("Peeks", "hidden_scores", "With other test scores"),
    ("Logarithm", "minimised", "ValueError"),
    ("DividesBySpread", "flat_scores", "ZeroDivisionError"),
    ("NeedsTwoQueries", "budget_queries", "budget of 1 queries failed: ValueError"),
    ("QueriesOnly", "budget_epochs budget_seconds", "ValueError"),
    ("NeedsTwoFidelities", "fidelities no_costs", "IndexError"),
    ("NeedsSeconds", "fidelities no_costs", "TypeError"),
    ("EveryQueryCosts", "free_repeats", "not charged"),
    ("WantsAnother", "tiny_spaces", "in a space of 1 architectures"),
    ("Undocumented", "documented", "has no docstring"),
    ("Untyped", "parameters", "population: int = 10"),
    ("WrongDefault", "parameters", "share is 1, but reads as 1.0"),
    ("Parenthesis", "parameters", "cannot be written down"),
]
NAMES = [check.__name__ for check in checks.CHECKS]


def lab(name: str, time_limit: float = 2.0) -> Lab:
    return Lab(f"{BROKEN}:{name}", time_limit=time_limit)


@pytest.mark.parametrize(
    ("method", "check", "words"),
    [
        (method, check, words)
        for method, all_of_them, words in CASES
        for check in all_of_them.split()
    ],
)
def test_broken_method_is_caught(method, check, words):
    endless = method in ("Hangs", "SwallowsForever", "WantsAnother")
    with pytest.raises(Violation, match=words):
        getattr(checks, check)(lab(method, 0.3 if endless else 30.0))


def test_every_check_catches_something():
    assert {check for _, all_of_them, _ in CASES for check in all_of_them.split()} == set(NAMES)


@pytest.mark.parametrize("method", ["Good", "Enumerates", "Catches", "HalvesEpochs"])
def test_sound_methods_pass(method):
    found = list(checks.check_method(f"{BROKEN}:{method}"))
    assert [check for check in found if not check.passed] == []
    assert len(found) == len(NAMES)


def test_torch_is_watched_where_it_is_loaded():
    pytest.importorskip("torch")
    with pytest.raises(Violation, match="torch was drawn from or seeded"):
        checks.global_random(lab("TorchGlobal"))


def test_global_generators_are_left_as_they_were():
    before, numpy_before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for method in ("GlobalRandom", "NumpyGlobal", "Good"):
        try:
            checks.global_random(lab(method))
        except Violation:
            continue
    assert random.getstate() == before
    assert np.random.get_state()[1].tolist() == numpy_before  # noqa: NPY002


def test_signals_are_left_as_they_were():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Violation):
        checks.runs(lab("SwallowsForever", 0.2))
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_nothing_else_is_checked_where_a_method_does_not_run():
    (only,) = checks.validate_method(f"{BROKEN}:ReturnsUnknown")
    assert not only.passed
    assert only.name == "runs"


def test_missing_default_is_a_usage_error():
    with pytest.raises(HarnessError, match="needs a value for population"):
        checks.validate_method(f"{BROKEN}:NoDefault")


def test_unknown_method_is_a_usage_error():
    with pytest.raises(HarnessError, match="no method"):
        checks.validate_method("no-such-method")


class Top(Method):
    """Defined in a module that no other process can import by its name."""

    def search(self, problem):
        problem.evaluate(problem.space.sample(problem.rng))


def test_classes_and_instances_are_checked_too():
    class Local(Method):
        """Defined in a function."""

        count: int = 3

        def search(self, problem):
            for _ in range(self.count):
                problem.evaluate(problem.space.sample(problem.rng))

    for given in (Local, Local(count=2), Top, Top()):
        assert checks.processes(Lab(given))


def test_text_of_a_traceback_names_the_place():
    with pytest.raises(Violation, match=r"broken_methods.py.*line \d+, in search"):
        checks.minimised(lab("Logarithm"))
