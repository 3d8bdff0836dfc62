"""BaLeNAS (Zhang, Hu, Su, Pan, Chang, Yang and Haffari, CVPR 2022)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from harness import require
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from methods.oneshot.engine import Search


class BaLeNAS(Relaxed):
    """Bayesian learning: the logits are normal distributions, of which each forward pass draws.

    Means and variances follow natural gradients in the form of Adam (see
    `methods.oneshot.variational`); the weight decay is the precision of their prior for each
    validation image. The recommendation is made of the means.

    No code was published. From the paper is the idea: normal distributions, the rule by which they
    are learned, and the mean in the end. Taken from DARTS or chosen here: the constants of Adam,
    that the number of images is that of the validation part, and a new sample for the weights. The
    variant that ranks samples by proxies without training (BaLeNAS-TF) is not here.
    """

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, architecture_weight_decay=(1e-9, inf))

    def optimizer(self, search: Search) -> Optimizer:
        """What learns the distributions."""
        from methods.oneshot.variational import VariationalAdam

        self._posterior = VariationalAdam(
            self.learned(),
            lr=self.architecture_learning_rate,
            betas=self.betas,
            weight_decay=self.architecture_weight_decay,
            images=len(search.task.valid),
        )
        return self._posterior

    def weights(self, search: Search) -> Tensor:
        """The softmax of a sample, whose gradient by the means is that by the sample."""
        import torch

        deviations = self._posterior.deviations(self._alphas)
        noise = torch.randn(self._alphas.shape, generator=search.generator).to(search.device)
        return (self.logits() + deviations * noise).softmax(1)
