"""SNAS (Xie, Zheng, Liu and Lin, ICLR 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.oneshot.annealed import Annealed

if TYPE_CHECKING:
    from torch import Tensor

    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class SNAS(Annealed):
    """Stochastic search: weights and distribution descend one loss, on the same training images.

    The loss is the expected one over relaxed samples of a factorised distribution (equations 5 to
    7). Validation images are not used, so an epoch costs no more than one of training. There is no
    constraint on resources. The temperatures, the weight decay of the weights and the rates of the
    logits are those of the released code, with its annealing switched on; the authors train for 150
    epochs.
    """

    last_temperature: float = 0.03
    weight_decay: float = 3e-4

    def paths(self, search: Search) -> list[Plan]:
        """One plan, whose loss the logits descend as well."""
        return [self.plan(search)]

    def joint(self) -> list[Tensor]:
        """The logits."""
        return self.learned()

    def learn(self, search: Search) -> None:
        """A step of the logits against the gradient that the training loss has left."""
        self._optimizer.step()
        self._optimizer.zero_grad()

    def step_cost(self, search: Search, images: int) -> float:
        """Nothing more."""
        return 0.0
