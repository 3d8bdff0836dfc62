"""Strategies that learn a real number for each choice, by gradients of the validation loss."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ClassVar

from harness import Architecture, require
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor
    from torch.optim import Optimizer

    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search


class Relaxed(OneShot):
    """The relaxation of discrete choices: logits of the choices, learned besides the weights.

    By default a choice has its probability as weight, all choices of a decision are summed, and the
    logits descend the validation loss with Adam, whose constants are those of DARTS (Liu et al.,
    ICLR 2019, section 3.1); strategies change one or the other. The recommendation is made of the
    most probable choices of the last epoch, by the rule of the space.

    Attributes:
        architecture_learning_rate: of the logits.
        architecture_weight_decay: of the logits.
        warm_up: share of the epochs, at the beginning, in which the weights alone are trained.
        every: steps of the weights to one of the logits.
    """

    architecture_learning_rate: float = 3e-4
    architecture_weight_decay: float = 1e-3
    warm_up: float = 0.0
    every: int = 1

    betas: ClassVar[tuple[float, float]] = (0.5, 0.999)
    relaxes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, architecture_learning_rate=(0, inf), architecture_weight_decay=(0, inf))
        require(self, warm_up=(0, 1), every=(1, inf))

    def begin(self, search: Search) -> None:
        """Make the logits, almost equal."""
        from methods.oneshot import relaxation

        self._mask = relaxation.existing(search)
        self._alphas = relaxation.almost_zero(search, self._mask.shape)
        self._optimizer = self.optimizer(search)

    def optimizer(self, search: Search) -> Optimizer:
        """What learns from gradients: Adam."""
        from torch.optim import Adam

        return Adam(
            self.learned(),
            lr=self.architecture_learning_rate,
            betas=self.betas,
            weight_decay=self.architecture_weight_decay,
        )

    def learned(self) -> list[Tensor]:
        """What descends the validation loss: the logits, shape (decisions, choices)."""
        return [self._alphas]

    def logits(self) -> Tensor:
        """The logits; minus infinity where a decision has fewer choices than another."""
        return self.masked(self._alphas)

    def masked(self, logits: Tensor) -> Tensor:
        """Logits with minus infinity where there is no choice."""
        return logits.masked_fill(~self._mask, -inf)

    def probabilities(self) -> Tensor:
        """Of the choices, shape (decisions, choices)."""
        return self.logits().softmax(1)

    def weights(self, search: Search) -> Tensor:
        """What multiplies the choices, shape (decisions, choices); drawn, if it is random."""
        return self.probabilities()

    def plan(self, search: Search) -> Plan:
        """What a forward pass computes; drawn, if it is random."""
        return search.mixture(self.weights(search))

    def paths(self, search: Search) -> list[Plan]:
        """One plan, from which no gradient reaches the logits."""
        import torch

        with torch.no_grad():
            return [self.plan(search)]

    def step_architecture(self, search: Search) -> None:
        """A step of the logits, when there is one."""
        done = search.epoch * search.steps + search.step + 1
        if not self.warming_up(search.epoch, search.epochs) and done % self.every == 0:
            self.learn(search)

    def learn(self, search: Search) -> None:
        """A step of the logits: against the gradient of the loss on `Search.valid`."""
        import torch

        loss = search.loss(self.plan(search), search.valid)
        self.descend(torch.autograd.grad(loss, self.learned()))

    def descend(self, gradients: Sequence[Tensor]) -> None:
        """A step of the optimizer on what `learned` lists."""
        for tensor, gradient in zip(self.learned(), gradients, strict=True):
            tensor.grad = gradient
        self._optimizer.step()
        self._optimizer.zero_grad()

    def strengths(self) -> Tensor:
        """By what choices are selected in the end, shape (decisions, choices)."""
        return self.probabilities()

    def derive(self, search: Search) -> Architecture:
        """The strongest choices, by the rule of the space."""
        strengths = self.strengths().detach().double().cpu().numpy()
        choices = search.supernet.choices
        return search.supernet.derive(
            [row[: len(names)] for row, names in zip(strengths, choices, strict=True)]
        )

    def distribution(self, search: Search) -> list[list[float]]:
        """Probabilities of each decision's choices."""
        rows: list[list[float]] = self.probabilities().tolist()
        choices = search.supernet.choices
        return [row[: len(names)] for row, names in zip(rows, choices, strict=True)]

    def step_cost(self, search: Search, images: int) -> float:
        """What a step of the logits is charged, in epochs, if its batch has so many images."""
        return images / search.images

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """One epoch of the weights, and what the steps of the logits need."""
        if self.warming_up(epoch, epochs):
            return 1.0
        before, after = epoch * search.steps, (epoch + 1) * search.steps
        last = after % self.every == 0
        full = after // self.every - before // self.every - last
        total = 1.0 + full * self.step_cost(search, self.batch)
        if last:  # Its batch can be smaller.
            rest = search.images - (search.steps - 1) * self.batch
            total += self.step_cost(search, rest)
        return total

    def warming_up(self, epoch: int, epochs: int) -> bool:
        """Whether the weights alone are trained in an epoch, counted from 0."""
        return epoch < round(self.warm_up * epochs)
