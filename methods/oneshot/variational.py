"""Natural gradients of a normal distribution, in the form of Adam."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim import Optimizer


class VariationalAdam(Optimizer):
    """Learn means and variances of independent normal distributions (Khan et al., ICML 2018).

    The second moments of the gradients stand for curvature, so a number has the precision `images`
    times (its second moment + `weight_decay`), in which the decay is that of a normal prior. A
    gradient is taken at a sample of the distribution (their figure 1, right).
    """

    def __init__(
        self,
        means: list[Tensor],
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
        images: int,
    ) -> None:
        """Begin at the prior's precision.

        Args:
            means: tensors that are changed in place.
            lr: how far a step goes.
            betas: how much the first and the second moments keep.
            weight_decay: precision of the prior, divided by `images`; above 0.
            images: in the data, whose likelihood is learned from.
        """
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "images": images}
        super().__init__(means, defaults)
        for mean in means:
            self.state[mean] = {
                "step": 0,
                "first": torch.zeros_like(mean),
                "second": torch.zeros_like(mean),
            }

    def deviations(self, mean: Tensor) -> Tensor:
        """Standard deviations around one of the means."""
        group = self.param_groups[0]
        precisions: Tensor = group["images"] * (self.state[mean]["second"] + group["weight_decay"])
        return precisions.rsqrt()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Follow the gradients, which belong to samples of the distributions."""
        for group in self.param_groups:
            (keep, keep_square), decay = group["betas"], group["weight_decay"]
            for mean in group["params"]:
                state = self.state[mean]
                state["step"] += 1
                state["first"].lerp_(mean.grad + decay * mean, 1 - keep)
                state["second"].lerp_(mean.grad**2, 1 - keep_square)
                first = state["first"] / (1 - keep ** state["step"])
                second = state["second"] / (1 - keep_square ** state["step"])
                mean -= group["lr"] * first / (second.sqrt() + decay)
