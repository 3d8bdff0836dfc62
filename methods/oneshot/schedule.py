"""How many epochs a search has, which a budget in epochs decides exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness import HarnessError
from methods.oneshot.one_shot import USUAL_EPOCHS

if TYPE_CHECKING:
    from methods.oneshot.engine import Search
    from methods.oneshot.one_shot import OneShot

# Epochs by which a sum of many small charges may miss a whole number.
ROUNDING = 1e-6


def planned_epochs(method: OneShot, search: Search) -> int:
    """How many epochs a search has.

    Raises:
        HarnessError: a budget in epochs does not allow a single one, or not those asked for.
    """
    budget = search.problem.budget
    if budget.unit != "epochs":
        return method.epochs or USUAL_EPOCHS
    last = method.last_cost(search)

    def total(epochs: int) -> float:
        return sum(method.cost(search, epoch, epochs) for epoch in range(epochs)) + last

    if method.epochs:
        low, least = method.epochs, total(method.epochs)
    else:
        low, high = 0, max(0, int(budget.amount - last) + 1)
        while low < high:  # The cost grows with the number of epochs, by one each at least.
            middle = (low + high + 1) // 2
            fits = total(middle) <= budget.amount + ROUNDING
            low, high = (middle, high) if fits else (low, middle - 1)
        least = total(low or 1)
    if low == 0 or least > budget.amount + ROUNDING:
        raise HarnessError(
            f"{budget} do not suffice: {low or 1} of {method.class_name()} on {search.task.name} "
            f"cost {least:.4g} with what follows them. "
            f"Give it more: --budget {math.ceil(least - ROUNDING)}epochs"
        )
    return low
