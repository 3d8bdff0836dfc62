"""Successive halving (Jamieson and Talwalkar, AISTATS 2016)."""

from __future__ import annotations

from math import inf

from harness import Method, Problem, require
from methods.blackbox.halving import run_bracket, rungs_of


class SuccessiveHalving(Method):
    """Many short trainings, of which the best third is trained longer, until one is left.

    One bracket starts with as many random architectures as leave one for the full fidelity, and
    brackets follow one another. Where a benchmark has one fidelity a bracket is one random
    architecture: this is random search then. Note that a budget in queries charges a short
    training like a long one; epochs and seconds are the currencies this method is made for.

    Attributes:
        eta: one in ``eta`` goes on to the next rung.
    """

    eta: int = 3

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, eta=(2, inf))

    def search(self, problem: Problem) -> None:
        """Run brackets until the budget is spent."""
        rungs = rungs_of(problem.fidelities, self.eta)
        count = self.eta ** (len(rungs) - 1)
        while True:
            run_bracket(
                problem.evaluate, lambda: problem.space.sample(problem.rng), rungs, count, self.eta
            )
