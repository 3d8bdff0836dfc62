"""What relaxed strategies draw and compute, made of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search

# Standard deviation of logits at the beginning (Liu et al., ICLR 2019, released code).
INITIAL = 1e-3


def existing(search: Search) -> Tensor:
    """Which choices there are: booleans of shape (decisions, most choices)."""
    sizes = torch.tensor([len(names) for names in search.supernet.choices])
    return (torch.arange(int(sizes.max())) < sizes[:, None]).to(search.device)


def almost_zero(search: Search, shape: Sequence[int]) -> Tensor:
    """Numbers to be learned, drawn from a narrow normal distribution."""
    drawn = INITIAL * torch.randn(tuple(shape), generator=search.generator)
    return drawn.to(search.device).requires_grad_()


def gumbel(like: Tensor, generator: torch.Generator) -> Tensor:
    """Gumbel noise of the shape, type and device of a tensor; never infinite.

    Args:
        like: any tensor.
        generator: on the CPU.
    """
    while True:
        drawn = torch.empty(like.shape, dtype=like.dtype).exponential_(generator=generator)
        noise = -drawn.log()
        if bool(noise.isfinite().all()):
            return noise.to(like.device)


def concrete(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """A sample of the concrete distribution (Maddison et al.; Jang et al., both ICLR 2017).

    Args:
        logits: shape (decisions, choices); minus infinity for choices that do not exist.
        temperature: above 0; the lower, the nearer is the sample to one of the choices.
        generator: on the CPU.

    Returns:
        Weights of the same shape, of which each row sums to 1.
    """
    scores = logits.log_softmax(1) + gumbel(logits, generator)
    return (scores / temperature).softmax(1)


def straight_through(weights: Tensor) -> Plan:
    """The path of the largest weights: 1 in the forward pass, the weights in the backward one.

    Args:
        weights: shape (decisions, choices).
    """
    plan = []
    for row, k in zip(weights, weights.argmax(1).tolist(), strict=True):
        # Written so that the value is exactly 1.
        plan.append({k: 1 + (row[k] - row[k].detach()) if row.requires_grad else None})
    return plan


def dirichlet(concentrations: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """A sample of independent Dirichlet distributions, differentiable by its parameters.

    Gamma variables are drawn, whose gradients are those of implicit reparameterisation (Figurnov et
    al., NeurIPS 2018), and divided by their sum.

    Args:
        concentrations: above 0, shape (decisions, choices).
        mask: which choices there are, of that shape.
        generator: on the CPU.

    Returns:
        Weights of the same shape, of which each row sums to 1; 0 where there is no choice.
    """
    # Doubles: a small concentration gives numbers too small for a float.
    parameters = concentrations.cpu().double()
    drawn = torch._standard_gamma(parameters, generator=generator)
    tiny = torch.finfo(torch.float64).tiny
    kept = drawn.clamp(min=tiny) * mask.cpu()
    return (kept / kept.sum(1, keepdim=True)).to(concentrations)


def edge_weights(betas: Tensor, joins: Sequence[Sequence[int]]) -> Tensor:
    """Weights of the decisions that sum to 1 over those whose outputs are summed.

    Args:
        betas: logits, shape (decisions,).
        joins: groups of decisions; one that is in none has the weight 1.
    """
    weights = torch.ones_like(betas)
    for group in joins:
        index = torch.tensor(group, device=betas.device)
        weights = weights.index_copy(0, index, betas[index].softmax(0))
    return weights
