"""What a run may spend."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from harness.core.errors import InvalidBudget

Unit = Literal["queries", "epochs", "seconds"]

_SUFFIXES: dict[str, Unit] = {
    "": "queries",
    "q": "queries",
    "query": "queries",
    "queries": "queries",
    "epoch": "epochs",
    "epochs": "epochs",
    "s": "seconds",
    "second": "seconds",
    "seconds": "seconds",
}
_HOW = "Write it as 200 (queries), 12000s (simulated seconds) or 500epochs"


@dataclass(frozen=True)
class Budget:
    """An amount of one unit.

    Attributes:
        amount: how much; a whole number of queries, or any positive number of epochs or seconds.
        unit: ``queries``, ``epochs`` or ``seconds``.
    """

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse what is not an amount.

        Raises:
            InvalidBudget: unknown unit, or the amount is negative, not finite or no number.
        """
        if self.unit not in get_args(Unit):
            raise InvalidBudget(f"no unit '{self.unit}' for a budget. {_HOW}")
        if not math.isfinite(self.amount) or self.amount < 0:
            raise InvalidBudget(f"a budget cannot be {self.amount} {self.unit}. {_HOW}")
        if self.unit == "queries" and self.amount != int(self.amount):
            raise InvalidBudget(f"a budget of {self.amount} queries is not a whole number. {_HOW}")

    @classmethod
    def parse(cls, text: str | int | float) -> Budget:
        """Read ``200``, ``12000s`` or ``500epochs``.

        Raises:
            InvalidBudget: the text is none of these, or the amount is not above zero.
        """
        match = re.fullmatch(r"\s*([0-9][0-9_]*(?:\.[0-9]+)?(?:e[0-9]+)?)\s*([a-z]*)\s*", str(text))
        if match is None or match.group(2) not in _SUFFIXES:
            raise InvalidBudget(f"cannot read the budget '{text}'. {_HOW}")
        budget = cls(float(match.group(1)), _SUFFIXES[match.group(2)])
        if budget.amount == 0:
            raise InvalidBudget(f"a budget of {budget} allows nothing. {_HOW}")
        return budget

    def __str__(self) -> str:
        """The form that `parse` reads, with the unit in full and every digit."""
        return f"{np.format_float_positional(self.amount, trim='-')} {self.unit}"
