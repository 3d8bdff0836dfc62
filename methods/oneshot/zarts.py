"""ZARTS (Wang, Guo, Su, Yang and Yan, NeurIPS 2022)."""

from __future__ import annotations

from math import cos, inf, pi
from typing import TYPE_CHECKING, Literal

from harness import require
from harness.live.learning import FORWARD
from methods.oneshot.relaxed import Relaxed

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from methods.oneshot.engine import Search


class ZARTS(Relaxed):
    """Zero-order search: try other logits on copies of the weights that are trained for them.

    Every tenth step of the weights, each of a few proposals of logits gets a copy of the weights,
    which is trained for ten batches and judged on a validation batch; see
    `methods.oneshot.zero_order` for what is made of these losses. The constants of `mgs` are those
    of the released scripts, but for batches as large as those of the weights.

    Attributes:
        estimator: ``mgs`` (maximum-likelihood guided parameter search, the authors' choice),
            ``random-search`` or ``gld`` (gradientless descent). For the last two only the idea is
            from the paper: here both have the samples and the deviation of `mgs` and compare with
            the present logits, trained likewise; the gradient of random search is Adam's.
        samples: proposals a step.
        deviation: of proposals, at the first step; a cosine takes it to 0.
        temperature: by which `mgs` divides losses.
        mixture: share of proposals of `mgs` around no step at all.
        released: copies are never trained, but the weights themselves drift, by momentum and decay,
            ten steps for each proposal: a defect of the released code. The passes that it computes
            without effect are neither made nor charged.
    """

    weight_decay: float = 3e-4
    warm_up: float = 0.2
    every: int = 10
    estimator: Literal["mgs", "random-search", "gld"] = "mgs"
    samples: int = 4
    deviation: float = 0.025
    temperature: float = 0.01
    mixture: float = 1e-3
    released: bool = False

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, samples=(1, inf), deviation=(1e-9, inf), temperature=(1e-9, inf))
        require(self, mixture=(0, 1))

    def deviation_now(self, search: Search) -> float:
        """The deviation of this epoch."""
        start = round(self.warm_up * search.epochs)
        over = (search.epoch - start) / (search.epochs - start)
        return self.deviation * (1 + cos(pi * over)) / 2

    def learn(self, search: Search) -> None:
        """A step of the logits."""
        import torch

        from methods.oneshot import zero_order

        logits, deviation = self._alphas.detach(), self.deviation_now(search)
        loss = self._tried(search)
        noise = torch.randn((self.samples, *logits.shape), generator=search.generator)
        noise = noise.to(search.device) * self._mask
        if self.estimator == "random-search":
            self.descend([zero_order.random_search_gradient(loss, logits, noise, deviation)])
            return
        if self.estimator == "gld":
            offset = zero_order.gradientless_step(loss, logits, noise, deviation)
        else:
            start = search.loss(self.plan(search), search.valid)
            (gradient,) = torch.autograd.grad(start, self.learned())
            uniform = torch.rand(self.samples, generator=search.generator).to(search.device)
            guidance = zero_order.Guidance(deviation, self.mixture, self.temperature)
            offset = zero_order.guided_step(
                loss, logits, gradient, start.item(), noise, uniform, guidance
            )
        with torch.no_grad():
            self._alphas += offset

    def _tried(self, search: Search) -> Callable[[Tensor], float]:
        """The validation loss of logits, each tried on weights that were trained for them."""
        from methods.oneshot.trials import drifting_loss, trained_loss

        size = len(search.valid[1])
        batches = [] if self.released else [search.draw_train(size) for _ in range(self.every)]

        def loss(logits: Tensor) -> float:
            plan = search.mixture(self.masked(logits).softmax(1))
            if self.released:
                return drifting_loss(search, plan, self.every)
            return trained_loss(search, plan, batches)

        return loss

    def step_cost(self, search: Search, images: int) -> float:
        """A gradient or a loss to start from, and the training and loss of each proposal."""
        tried = self.samples + (self.estimator != "mgs")
        each = FORWARD + (0 if self.released else self.every)
        passes = tried * each + (self.estimator == "mgs")
        return passes * super().step_cost(search, images)
