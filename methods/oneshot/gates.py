"""Binary gates: one choice of a decision is open, and its gradient moves the probabilities."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import torch
from torch import Tensor

from harness.live.supernet import Plan
from methods.oneshot.relaxation import gumbel


def draw(logits: Tensor, generator: torch.Generator) -> Tensor:
    """One choice a decision, drawn by the softmax of logits.

    Args:
        logits: shape (decisions, choices).
        generator: on the CPU.

    Returns:
        Indices, shape (decisions,).
    """
    return (logits + gumbel(logits, generator)).argmax(1)


def draw_pairs(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Two different choices a decision, drawn by the softmax of logits; one where there is but one.

    Returns:
        Whether a choice was drawn; booleans of the shape of the logits.
    """
    noisy = logits + gumbel(logits, generator)
    top = noisy.topk(min(2, noisy.shape[1]), 1).indices
    return torch.zeros_like(logits, dtype=torch.bool).scatter(1, top, True) & logits.isfinite()


def gate_gradient(
    logits: Tensor, involved: Tensor, loss: Callable[[Plan], Tensor], generator: torch.Generator
) -> Tensor:
    """An estimate of the gradient of the expected loss of a path (Cai et al., equation 4).

    One of the involved choices is open, drawn by the softmax over them, the others are computed and
    multiplied by zero. From the derivatives by those factors follow those by the logits, as if the
    factors were the probabilities.

    Args:
        logits: shape (decisions, choices).
        involved: which choices are computed, of that shape.
        loss: of a plan.
        generator: on the CPU.

    Returns:
        The shape of the logits; 0 where a choice is not involved.
    """
    among = logits.detach().masked_fill(~involved, -inf)
    opened = draw(among, generator)
    gates = torch.zeros_like(among).scatter(1, opened[:, None], 1.0).requires_grad_()
    plan = [
        {k: gates[i, k] for k in row.nonzero().flatten().tolist()} for i, row in enumerate(involved)
    ]
    (slopes,) = torch.autograd.grad(loss(plan), [gates], allow_unused=True, materialize_grads=True)
    probabilities = among.softmax(1)
    return probabilities * (slopes - (slopes * probabilities).sum(1, keepdim=True))


def keep_others(before: Tensor, after: Tensor, involved: Tensor) -> Tensor:
    """Shift logits so that the probabilities of the choices that were not involved stay.

    Args:
        before: logits, shape (decisions, choices).
        after: logits that differ where a choice was involved.
        involved: booleans of that shape.

    Returns:
        `after`, its involved entries less an amount for each decision.
    """
    totals = [x.masked_fill(~involved, -inf).logsumexp(1, keepdim=True) for x in (before, after)]
    return torch.where(involved, after - (totals[1] - totals[0]), after)


def reinforce_gradient(logits: Tensor, paths: Tensor, advantages: Tensor) -> Tensor:
    """The gradient that descends against a mean reward (Williams, 1992; Cai et al., equation 5).

    Args:
        logits: shape (decisions, choices).
        paths: choices drawn by their softmax, shape (samples, decisions).
        advantages: rewards less a baseline that does not depend on them, shape (samples,).

    Returns:
        Minus the mean of the advantage times the gradient of the logarithm of the probability.
    """
    chosen = torch.nn.functional.one_hot(paths, logits.shape[1]).to(logits)
    scores = chosen - logits.detach().softmax(1)
    return -(advantages[:, None, None] * scores).mean(0)
