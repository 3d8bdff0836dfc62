"""The loss of classifiers that are trained with smoothed labels or a second classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.live.examples import Values
from harness.live.learning import Learning

if TYPE_CHECKING:
    from torch import Tensor


class Classification(Learning):
    """What is learned is a classification, perhaps with an auxiliary classifier.

    Attributes:
        label_smoothing: share of the target that is spread over all classes (Szegedy et al.,
            Rethinking the Inception Architecture, CVPR 2016).
        auxiliary_weight: of the loss of auxiliary logits, which a network may give beside its
            logits in training mode.
    """

    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.0

    def loss(self, outputs: Values, targets: Tensor) -> Tensor:
        """The cross-entropy in nats; see `Learning.loss`.

        Args:
            outputs: logits of shape (n, classes), or a pair of logits and auxiliary logits.
            targets: classes, shape (n,).
        """
        from torch.nn import functional

        logits, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
        smoothing = self.label_smoothing
        total = functional.cross_entropy(logits, targets, label_smoothing=smoothing)
        for other in auxiliary:
            loss = functional.cross_entropy(other, targets, label_smoothing=smoothing)
            total = total + self.auxiliary_weight * loss
        return total
