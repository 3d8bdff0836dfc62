"""Strategies that draw from a relaxed distribution which becomes discrete as the search goes on."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import require
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from torch import Tensor

    from methods.oneshot.engine import Search


class Annealed(Relaxed):
    """Weights are a sample of the concrete distribution, drawn anew for each forward pass.

    Attributes:
        temperature: of the first epoch.
        last_temperature: of the last epoch; between them it falls by the same amount each epoch.
    """

    temperature: float = 1.0
    last_temperature: float = 0.1

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, last_temperature=(1e-3, inf), temperature=(self.last_temperature, inf))

    def temperature_now(self, search: Search) -> float:
        """The temperature of this epoch."""
        over = search.epoch / max(1, search.epochs - 1)
        return self.temperature - (self.temperature - self.last_temperature) * over

    def weights(self, search: Search) -> Tensor:
        """A sample, of which each row sums to 1."""
        from methods.oneshot.relaxation import concrete

        return concrete(self.logits(), self.temperature_now(search), search.generator)
