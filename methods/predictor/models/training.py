"""Training of small networks on a few labels: mini-batches, rates and Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

Shape = Literal["cosine", "one-cycle"]

# Share of the steps of one cycle in which the rate rises, and what it begins with.
RISE = 0.3
BEGIN = 0.04


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network is trained.

    Attributes:
        epochs: passes over the labels.
        batch: labels a step.
        rate: largest rate of Adam.
        shape: of the rate over the steps: it falls to 0 as a cosine, after a rise in one cycle
            (Smith and Topin 2019).
        weight_decay: of Adam.
        decoupled: whether the decay is that of AdamW (Loshchilov and Hutter, ICLR 2019).
        betas: of Adam.
        biases_apart: whether biases have twice the rate and no decay.
    """

    epochs: int
    batch: int
    rate: float
    shape: Shape = "cosine"
    weight_decay: float = 0.0
    decoupled: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    biases_apart: bool = False

    def factor(self, progress: float) -> float:
        """Share of the largest rate after a share of the steps."""
        if self.shape == "one-cycle":
            if progress < RISE:
                return BEGIN + (1 - BEGIN) * progress / RISE
            progress = (progress - RISE) / (1 - RISE)
        return 0.5 * (1 + math.cos(math.pi * progress))


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of n examples in random order, in batches; the last one may be smaller."""
    return iter(torch.split(torch.randperm(n, generator=generator), size))


def train(
    network: torch.nn.Module,
    loss_of: Callable[[Tensor], Tensor],
    n: int,
    schedule: Schedule,
    generator: torch.Generator,
) -> None:
    """Train a network with Adam, and leave it ready to predict.

    Args:
        network: its parameters are changed.
        loss_of: the mean loss of examples, given by their indices.
        n: number of examples.
        schedule: see there.
        generator: draws the mini-batches.
    """
    kind = torch.optim.AdamW if schedule.decoupled else torch.optim.Adam
    optimiser = kind(_groups(network, schedule), betas=schedule.betas, fused=True)
    rates = [group["lr"] for group in optimiser.param_groups]
    steps = schedule.epochs * math.ceil(n / schedule.batch)
    step = 0
    network.train()
    for _ in range(schedule.epochs):
        for index in batches(n, schedule.batch, generator):
            factor = schedule.factor(step / steps)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimiser.zero_grad()
            torch.autograd.backward(loss_of(index))
            optimiser.step()
            step += 1
    network.eval()


def _groups(network: torch.nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    biases: list[Tensor] = []
    others: list[Tensor] = []
    for name, parameter in network.named_parameters():
        apart = schedule.biases_apart and name.endswith("bias")
        (biases if apart else others).append(parameter)
    groups = [{"params": others, "lr": schedule.rate, "weight_decay": schedule.weight_decay}]
    if biases:
        groups.append({"params": biases, "lr": 2 * schedule.rate, "weight_decay": 0.0})
    return groups
