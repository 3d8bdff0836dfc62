"""Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, JMLR 18, 2018)."""

from __future__ import annotations

from math import inf

from harness import Method, Problem, require
from methods.blackbox.halving import run_hyperband, rungs_of


class Hyperband(Method):
    """Successive halving with every trade-off between many and long trainings in turn.

    Algorithm 1 with the published ``eta`` of 3. Where a benchmark has one fidelity a bracket is
    one random architecture: this is random search then. Note that a budget in queries charges a
    short training like a long one; epochs and seconds are the currencies this method is made for.

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
        run_hyperband(problem.evaluate, lambda: problem.space.sample(problem.rng), rungs, self.eta)
