"""The checks as a class for pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from harness.testing import checks, isolation, randomness
from harness.testing.lab import Given, Lab


class MethodConformance:
    """Tests that every method passes; subclass it and say which method is meant.

    Attributes:
        method: registered name, ``file.py:Class``, class or instance.
        queries: budget of an ordinary run; more than the initial samples of the method, so that
            its model is tested too. In epochs for a method that queries do not count.
        time_limit: seconds on the wall after which a test of a method that hangs fails.
    """

    method: ClassVar[Given]
    queries: ClassVar[int] = 40
    time_limit: ClassVar[float] = 60.0

    def check(self, rule: Callable[[Lab], str]) -> None:
        """Hold the method to one of the rules of `harness.testing.checks`."""
        __tracebackhide__ = True
        rule(Lab(self.method, self.queries, self.time_limit))

    def test_runs(self) -> None:
        """A search with default parameters ends with a recommendation."""
        self.check(checks.runs)

    def test_documented(self) -> None:
        """The class has a docstring, whose first line is shown in listings."""
        self.check(checks.documented)

    def test_parameters(self) -> None:
        """Hyper-parameters are typed fields with defaults, and can be written down and read."""
        self.check(checks.parameters)

    def test_same_seed(self) -> None:
        """The same seed gives the same search, to the last bit."""
        self.check(randomness.same_seed)

    def test_other_seeds(self) -> None:
        """Another seed gives another search, unless the method draws nothing at all."""
        self.check(randomness.other_seeds)

    def test_global_random(self) -> None:
        """Global generators are neither used nor seeded."""
        self.check(randomness.global_random)

    def test_budget_queries(self) -> None:
        """Works with any number of queries from one up, and never makes more."""
        self.check(checks.budget_queries)

    def test_budget_epochs(self) -> None:
        """Works with a budget of epochs, and never spends more."""
        self.check(checks.budget_epochs)

    def test_budget_seconds(self) -> None:
        """Works with a budget of seconds, and never spends more."""
        self.check(checks.budget_seconds)

    def test_stops(self) -> None:
        """The first query that is refused is the last one that is asked for."""
        self.check(checks.stops)

    def test_valid(self) -> None:
        """Asks for and recommends valid architectures only."""
        self.check(checks.valid)

    def test_order(self) -> None:
        """Runs do not depend on those before them."""
        self.check(isolation.order)

    def test_processes(self) -> None:
        """Runs are the same in every process, whatever its hash seed."""
        self.check(isolation.processes)

    def test_resume(self) -> None:
        """A study in two sessions stores what one session stores."""
        self.check(isolation.resume)

    def test_hidden_scores(self) -> None:
        """Test scores have no influence on a search."""
        self.check(isolation.hidden_scores)

    def test_minimised(self) -> None:
        """Works where the metric is minimised: scores are negative there, higher is better."""
        self.check(checks.minimised)

    def test_flat_scores(self) -> None:
        """Works where all scores are equal."""
        self.check(checks.flat_scores)

    def test_tiny_spaces(self) -> None:
        """Works in spaces with fewer architectures than queries."""
        self.check(checks.tiny_spaces)

    def test_fidelities(self) -> None:
        """Works with one fidelity, with several and with none that is known."""
        self.check(checks.fidelities)

    def test_free_repeats(self) -> None:
        """Works where asking again is free."""
        self.check(checks.free_repeats)

    def test_no_costs(self) -> None:
        """Works where neither epochs nor seconds are known."""
        self.check(checks.no_costs)

    def test_quiet(self) -> None:
        """Prints nothing: a study makes thousands of runs."""
        self.check(isolation.quiet)
