"""Architectures in the order of a scorer that needs no labels."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

import numpy as np

from harness.core.errors import HarnessError
from harness.core.predictor import Predictor
from harness.core.problem import Problem
from harness.core.registry import load_predictor
from harness.core.space import Architecture

# Largest part of a budget in epochs that goes into scores.
SHARE = 0.5


class UnlabelledPredictor(Predictor, ABC):
    """A scorer that needs no labels and no encoding, such as a zero-cost proxy."""

    def needs(self) -> frozenset[str]:
        """No encoding."""
        return frozenset()

    def learns(self) -> bool:
        """Not from labels."""
        return False


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

    It is no query; what the scorer spends on networks is charged, see `Predictor.attach_to`. Of a
    budget in epochs predictions get half, and leave one query at full fidelity: where that does not
    pay for all architectures, the last ones are left unscored.

    Args:
        problem: has the space, and the task where the scorer makes networks.
        reference: of the scorer.
        archs: at least one.

    Returns:
        The same ones, the highest score first; of equal scores the first one given. Unscored ones
        follow in the order given.

    Raises:
        BudgetExhausted: what it spent does not fit into what is left.
        HarnessError: the scorer learns from labels.
    """
    scorer = unlabelled_scorer(reference)
    scorer.attach_to(problem)
    cost, paid, left = scorer.cost(), len(archs), problem.budget
    if left.unit == "epochs" and cost > 0:
        query = problem.fidelities[-1] or 0
        paid = min(paid, int(max(0.0, min(SHARE * left.amount, left.amount - query)) / cost))
    # One label of no meaning, since every predictor is fitted before it predicts.
    scorer.fit([archs[0]], [0.0])
    order = np.argsort(-scorer.predict(archs[:paid]), kind="stable")
    return [*(archs[i] for i in order), *archs[paid:]]
