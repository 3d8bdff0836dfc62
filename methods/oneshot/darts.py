"""DARTS (Liu, Simonyan and Yang, ICLR 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from methods.oneshot.engine import Search


class DARTS(Relaxed):
    """Differentiable architecture search: train a mixture of all choices, keep the strongest ones.

    Choices are weighted by a softmax of their logits (equation 2), which descend the validation
    loss. On NAS-Bench-201 the mixture and what is derived from it include the choice `none` (Dong
    and Yang, ICLR 2020), and searches end at skip connections only: a known collapse.

    Attributes:
        order: 1 takes the weights as they are (the authors' "first order"); 2 follows one step of
            theirs (equation 7), which needs three more passes; see `methods.oneshot.unrolled`.
    """

    order: Literal[1, 2] = 1

    def learn(self, search: Search) -> None:
        """A step against the gradient of the validation loss."""
        if self.order == 1:
            super().learn(search)
        else:
            from methods.oneshot.unrolled import unrolled_gradient

            gradient = unrolled_gradient(search, self._alphas, lambda: self.plan(search))
            self.descend([gradient])

    def step_cost(self, search: Search, images: int) -> float:
        """The validation loss; of order 2, the training loss three times as well."""
        return super().step_cost(search, images) * (1 if self.order == 1 else 4)
