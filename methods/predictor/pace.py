"""How many queries a budget of any unit pays for."""

from __future__ import annotations

from harness import Problem
from methods.predictor.labels import Labels

# No plan is made for more queries than this times those made: they may have cost nothing.
MOST = 10_000


class Pace:
    """Plans a search in queries.

    A budget of queries is met exactly. One of epochs or seconds pays for as many as the mean price
    of those made says, which can change with each.
    """

    def __init__(self, problem: Problem, labels: Labels) -> None:
        """Start before the first query."""
        self._problem, self._labels = problem, labels
        self._total = problem.budget.amount

    @property
    def whole(self) -> int:
        """Queries that the whole budget pays for; to be asked for after the first one."""
        spent = max(self._total - self._problem.budget.amount, self._total / MOST)
        return round(len(self._labels.archs) * self._total / spent)

    def missing(self, queries: float) -> int:
        """How many queries are left to be made of so many."""
        return max(0, round(queries) - len(self._labels.archs))
