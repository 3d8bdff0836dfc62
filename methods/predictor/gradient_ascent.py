"""What NAO and SemiNAS share: rounds of a budget, and new architectures by gradient ascent."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Budget, Problem
from methods.predictor.labels import Labels

if TYPE_CHECKING:
    from methods.predictor.models.encoder_decoder_training import Learner

# Queries up to which there are two rounds; above there are three.
LONG = 1_000

# Labels at first and in a round where the number of queries is not known, as with 300 queries.
INITIAL, BATCH = 100, 100


def rounds_of(budget: Budget, initial: int, batch: int) -> tuple[int, int]:
    """How many architectures are labelled at first, and how many in each round.

    Up to 1,000 queries two rounds take a third each, as in the setting with 300; more are shared
    as the published 2,000 are, 15 % in each of three rounds and the rest at first.

    Args:
        budget: of the search.
        initial: what was asked for at first; 0 to follow from the budget.
        batch: what was asked for in a round; 0 to follow from the budget.
    """
    if budget.unit != "queries":
        return initial or INITIAL, batch or BATCH
    queries = int(budget.amount)
    rounds, usual = (2, queries // 3) if queries <= LONG else (3, round(0.15 * queries))
    first = initial or max(1, queries - rounds * (batch or usual))
    return first, batch or max(1, ceil((queries - first) / rounds))


def climb(
    problem: Problem,
    labels: Labels,
    learner: Learner,
    seeds: NDArray[np.integer[Any]],
    steps: list[float],
    count: int,
) -> list[Architecture]:
    """Decode architectures that were not evaluated, with longer and longer steps.

    What is decoded but is no architecture, or is known, costs nothing; it is counted.

    Args:
        problem: counts.
        labels: knows what was evaluated.
        learner: decodes.
        seeds: where the ascent begins, shape (n, decisions).
        steps: lengths in gradients, from short to long.
        count: how many are wanted; steps after those that give them are not made.

    Returns:
        At most `count` architectures, those of the shortest steps and the best seeds first.
    """
    found: list[Architecture] = []
    invalid = known = 0
    for decoded in learner.climb(seeds, steps):
        valid = [arch for arch in decoded if arch is not None]
        fresh = labels.new([*found, *valid])
        invalid += len(decoded) - len(valid)
        known += len(found) + len(valid) - len(fresh)
        found = fresh
        if len(found) >= count:
            break
    problem.count("invalid sequences decoded", invalid)
    problem.count("known sequences decoded", known)
    return found[:count]
