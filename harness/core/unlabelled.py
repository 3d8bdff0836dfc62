"""Architectures in the order of a scorer that needs no labels."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from harness.core.errors import HarnessError
from harness.core.predictor import Predictor
from harness.core.problem import Problem
from harness.core.registry import load_predictor
from harness.core.space import Architecture

# Largest part of a budget in epochs that goes into scores.
SHARE = 0.5


def unlabelled_scorer(reference: str) -> Predictor:
    """Find a scorer that needs no labels, such as a zero-cost proxy.

    Raises:
        HarnessError: there is none of that name, or it learns from labels.
    """
    scorer = load_predictor(reference)
    if scorer.learns():
        raise HarnessError(
            f"the scorer {reference} learns from labels, of which there are none yet. "
            "Take one that needs none, such as naswot, synflow or parameters"
        )
    return scorer


def rank_unlabelled(
    problem: Problem, reference: str, archs: Sequence[Architecture]
) -> list[Architecture]:
    """Order architectures by a scorer that needs no labels.

    It is no query. Its `Predictor.cost` is charged in epochs, and where the budget is one of
    seconds, those of a scorer that makes networks as the processor measured them. (They would
    differ from run to run, so they are not charged where nothing depends on them.) Of a budget in
    epochs it gets half, and leaves one query at full fidelity: where that does not pay for all
    architectures, the last ones are left unscored.

    Args:
        problem: has the space, and the task where the scorer makes networks.
        reference: of the scorer.
        archs: at least one.

    Returns:
        The same ones, the highest score first; of equal scores the first one given. Unscored ones
        follow in the order given.

    Raises:
        BudgetExhausted: the seconds do not fit into what is left.
        HarnessError: the scorer learns from labels.
    """
    scorer = unlabelled_scorer(reference)
    trains, left = scorer.trains(), problem.budget
    start = time.process_time()
    scorer.attach(problem.space, problem.rng, problem.properties, problem.task if trains else None)
    cost, paid = scorer.cost(), len(archs)
    if left.unit == "epochs" and cost > 0:
        query = problem.fidelities[-1] or 0
        paid = min(paid, int(max(0.0, min(SHARE * left.amount, left.amount - query)) / cost))
    # One label of no meaning, since every predictor is fitted before it predicts.
    scorer.fit([archs[0]], [0.0])
    order = np.argsort(-scorer.predict(archs[:paid]), kind="stable")
    problem.spend(
        epochs=cost * paid,
        seconds=time.process_time() - start if trains and left.unit == "seconds" else 0.0,
    )
    return [*(archs[i] for i in order), *archs[paid:]]
