"""Steps of logits that are found by trying others, without their gradient or around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Loss = Callable[[Tensor], float]

# What is added to the density of a proposal (Wang et al., NeurIPS 2022, released code).
DENSITY_FLOOR = 1e-4


@dataclass(frozen=True)
class Guidance:
    """How `guided_step` proposes and weighs.

    Attributes:
        deviation: of the normal distributions that offsets are drawn from.
        mixture: share of the one around zero; the other one lies around minus the gradient.
        temperature: by which differences of the loss are divided.
    """

    deviation: float
    mixture: float
    temperature: float


def guided_step(
    loss: Loss,
    logits: Tensor,
    gradient: Tensor,
    start: float,
    noise: Tensor,
    uniform: Tensor,
    guidance: Guidance,
) -> Tensor:
    """A mean of steps around that of gradient descent, weighted by how much each lowers the loss.

    Maximum-likelihood guided parameter search: an offset is weighted by the ratio of what it is
    worth to the density with which it was proposed.

    Args:
        loss: of logits.
        logits: where to start, of any shape.
        gradient: of the loss there, or what is taken for it.
        start: the loss there; another number makes no difference besides rounding.
        noise: standard normal, shape (samples, shape of the logits).
        uniform: numbers from 0 to 1 that draw the distributions, shape (samples,).
        guidance: how to propose and weigh.

    Returns:
        What to add to the logits.
    """
    from_zero = (uniform < guidance.mixture).reshape(-1, *[1] * logits.dim())
    offsets = torch.where(from_zero, 0.0, -gradient) + guidance.deviation * noise
    losses = torch.tensor([loss(logits + offset) for offset in offsets], dtype=torch.float64)
    weights = importance(losses - start, offsets, gradient, guidance)
    step: Tensor = torch.tensordot(weights.to(offsets), offsets, 1)
    return step


def importance(changes: Tensor, offsets: Tensor, gradient: Tensor, guidance: Guidance) -> Tensor:
    """Weights of proposals, which sum to 1, shape (samples,); see `guided_step`.

    Args:
        changes: of the loss, shape (samples,).
        offsets: shape (samples, shape of the gradient).
        gradient: around minus which most were proposed.
        guidance: how they were.
    """

    def density(differences: Tensor) -> Tensor:
        # Without its constant factor, as the authors have it.
        return (-differences.square().sum(1) / (2 * guidance.deviation**2)).exp()

    flat = offsets.double().flatten(1)
    around = density(flat + gradient.double().flatten())
    densities = (1 - guidance.mixture) * around + guidance.mixture * density(flat)
    scores = -changes.to(flat) / guidance.temperature - (densities + DENSITY_FLOOR).log()
    return scores.softmax(0)


def random_search_gradient(loss: Loss, logits: Tensor, noise: Tensor, radius: float) -> Tensor:
    """An estimate of the gradient from finite differences along random directions.

    Args:
        loss: of logits.
        logits: where.
        noise: standard normal directions, shape (samples, shape of the logits).
        radius: length of a difference, in units of the directions.
    """
    start = loss(logits)
    slopes = [(loss(logits + radius * direction) - start) / radius for direction in noise]
    total: Tensor = torch.tensordot(torch.tensor(slopes).to(noise), noise, 1)
    return total / len(noise)


def gradientless_step(loss: Loss, logits: Tensor, noise: Tensor, radius: float) -> Tensor:
    """The best of a few offsets, each drawn from half as wide a range as the one before.

    Gradientless descent with binary search (Golovin et al., ICLR 2020, algorithm 1).

    Args:
        loss: of logits.
        logits: where.
        noise: standard normal, shape (samples, shape of the logits).
        radius: standard deviation of the first offset.

    Returns:
        What to add to the logits; zero where no offset lowers the loss.
    """
    best, least = torch.zeros_like(logits), loss(logits)
    for halvings, direction in enumerate(noise):
        offset = radius / 2**halvings * direction
        value = loss(logits + offset)
        if value < least:
            best, least = offset, value
    return best
