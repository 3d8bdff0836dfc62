"""The gradient of the validation loss after one more step of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from methods.oneshot.trials import undone

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search

# Length of the steps of the finite difference (Liu et al., ICLR 2019, section 2.3).
DIFFERENCE = 0.01


def unrolled_gradient(search: Search, alphas: Tensor, plan: Callable[[], Plan]) -> Tensor:
    """The gradient by `alphas` of the validation loss at the weights after one step of training.

    The step is that of gradient descent with weight decay and the momentum gathered so far, without
    Nesterov's correction, on `Search.train`. What the weights after it owe to `alphas` is a product
    with a matrix of second derivatives, found as a difference of two gradients (Liu et al., ICLR
    2019, equations 7 and 8). Four losses with gradient are computed.

    Args:
        search: its weights are the same before and after.
        alphas: on which `plan` depends.
        plan: what a forward pass computes.
    """
    group = search.optimizer.param_groups[0]
    rate, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]

    def gradients(batch: tuple[Tensor, Tensor], by: Sequence[Tensor]) -> tuple[Tensor, ...]:
        # Weights of choices that compute nothing take no part.
        return torch.autograd.grad(
            search.loss(plan(), batch), by, allow_unused=True, materialize_grads=True
        )

    def moved(direction: tuple[Tensor, ...], length: float) -> tuple[Tensor, ...]:
        with undone(search):
            _move(search.weights, direction, length)
            return gradients(search.train, [alphas])

    steps = gradients(search.train, search.weights)
    with undone(search):
        with torch.no_grad():
            for weight, step in zip(search.weights, steps, strict=True):
                velocity = search.optimizer.state.get(weight, {}).get("momentum_buffer")
                step += decay * weight
                if velocity is not None:
                    step += momentum * velocity
        _move(search.weights, steps, -rate)
        direct, *direction = gradients(search.valid, [alphas, *search.weights])
    norm = float(torch.cat([part.flatten() for part in direction]).norm())
    if norm == 0:
        return direct
    length = DIFFERENCE / norm
    (forwards,) = moved(tuple(direction), length)
    (backwards,) = moved(tuple(direction), -length)
    indirect: Tensor = rate * (forwards - backwards) / (2 * length)
    return direct - indirect


def _move(weights: Sequence[Tensor], direction: tuple[Tensor, ...], length: float) -> None:
    with torch.no_grad():
        for weight, part in zip(weights, direction, strict=True):
            weight += length * part
