"""Where methods look for the next architectures: around the best, or down a ranking."""

from __future__ import annotations

from harness import Architecture, Predictor, Problem
from methods.predictor.labels import Labels, candidates

# Architectures of a ranking that are looked up before the next ones.
BLOCK = 1000


def more(problem: Problem) -> bool:
    """Whether anything is left of the budget, and so a reason to train once more."""
    return problem.budget.amount > 0


def mutants(problem: Problem, labels: Labels, count: int, parents: int = 5) -> list[Architecture]:
    """New architectures one mutation away from the best ones; random ones where too few are new.

    As many mutations as are still wanted are drawn of the best architecture, then of the next one
    (White, Neiswanger and Savani, BANANAS, AAAI 2021, and Wei et al., NPENAS).

    Args:
        problem: has the space.
        labels: what was evaluated, at least one architecture.
        count: how many at most.
        parents: how many of the best are mutated at most.

    Returns:
        Each once, none of them evaluated; empty only when nothing is left.
    """
    space, rng = problem.space, problem.rng
    found: list[Architecture] = []
    for parent in labels.top(parents):
        drawn = [space.mutate(parent, rng) for _ in range(count - len(found))]
        found = labels.new([*found, *drawn])
        if len(found) == count:
            return found
    return found or labels.sample_new(count)


def ask_in_order(problem: Problem, labels: Labels, model: Predictor, samples: int) -> None:
    """Evaluate what a model puts first, then the next, until nothing is left.

    Args:
        problem: has the space.
        labels: are added to.
        model: is fitted.
        samples: how many are ranked at a time of a space that cannot be listed.

    Raises:
        BudgetExhausted: nothing more fits into the budget.
    """
    while True:
        pool = candidates(problem, samples)
        predicted = model.predict(pool)
        found = labels.best_new(pool, predicted, BLOCK)
        if not found:
            return
        while found:
            labels.ask(found)
            found = labels.best_new(pool, predicted, BLOCK)
