"""PC-DARTS (Xu, Xie, Zhang, Chen, Qi, Tian and Xiong, ICLR 2020)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import require
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from torch import Tensor

    from methods.oneshot.engine import Search


class PCDARTS(Relaxed):
    """DARTS with partial channel connections and weights of the edges.

    Only some channels go through the mixture, the others pass by it, which leaves memory for larger
    batches (section 3.2). Edges into the same node compete by a softmax of their own (section 3.3);
    what is selected are products of both weights. The defaults are the authors' for CIFAR-10, with
    logits that rest for the first 15 of 50 epochs.

    Attributes:
        proportion: one of so many channels goes through the mixture.
    """

    batch: int = 256
    learning_rate: float = 0.1
    last_learning_rate: float = 0.0
    weight_decay: float = 3e-4
    architecture_learning_rate: float = 6e-4
    warm_up: float = 0.3
    proportion: int = 4

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, proportion=(1, inf))

    def partial(self) -> int:
        """One of so many channels goes through the operations."""
        return self.proportion

    def begin(self, search: Search) -> None:
        """Make the logits of choices and edges."""
        from methods.oneshot import relaxation

        self._betas = relaxation.almost_zero(search, (len(search.supernet.choices),))
        self._joins = search.supernet.joins
        super().begin(search)

    def learned(self) -> list[Tensor]:
        """The logits of choices and edges."""
        return [self._alphas, self._betas]

    def strengths(self) -> Tensor:
        """Products of the weights of choices and edges."""
        from methods.oneshot.relaxation import edge_weights

        return self.probabilities() * edge_weights(self._betas, self._joins)[:, None]

    def weights(self, search: Search) -> Tensor:
        """The same products."""
        return self.strengths()
