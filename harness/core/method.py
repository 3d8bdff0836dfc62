"""The contract of a method: hyper-parameters as typed fields, and one function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from harness.core.budget import Unit
from harness.core.configured import Configured
from harness.core.problem import Problem
from harness.core.space import Architecture


class Method(Configured, ABC):
    """One search strategy.

    A subclass writes its hyper-parameters as annotated fields with defaults (it becomes a dataclass
    by itself) and implements `search`. Every run gets a copy of its own::

        class RandomSearch(Method):
            \"\"\"Uniform sampling.\"\"\"

            def search(self, problem: Problem) -> None:
                while True:
                    problem.evaluate(problem.space.sample(problem.rng))

    Attributes:
        units: of budgets that count what the method spends.
    """

    units: ClassVar[tuple[Unit, ...]] = ("queries", "epochs", "seconds")

    @abstractmethod
    def search(self, problem: Problem) -> Architecture | None:
        """Search until `Problem.evaluate` raises `BudgetExhausted`, or stop before.

        Returns:
            The recommended architecture; None for the best one evaluated.
        """
