"""A few steps of training before, or instead of, a score at initialisation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from harness.live.examples import Batch
from harness.live.search_task import SearchTask
from methods.zerocost.networks import laid_out

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4


def train(
    network: nn.Module,
    task: SearchTask,
    steps: int,
    batch: int,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    """Train a network by SGD with Nesterov momentum of 0.9 and a weight decay of 5e-4.

    Args:
        network: is changed.
        task: gives training images, augmented as in its recipe.
        steps: number of them.
        batch: images a step; all training images where there are fewer.
        learning_rate: of all steps.
        generator: draws the order of the images and the augmentation.

    Returns:
        The task's loss of each step before it; not a number after it diverged.
    """
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=learning_rate,
        momentum=MOMENTUM,
        nesterov=True,
        weight_decay=WEIGHT_DECAY,
    )
    losses = []
    for _, (images, labels) in zip(range(steps), _batches(task, batch, generator), strict=False):
        optimizer.zero_grad()
        loss = task.loss(network(images), labels)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return losses


def _batches(task: SearchTask, batch: int, generator: torch.Generator) -> Iterator[Batch]:
    """Batches without an end; an incomplete last one of an epoch is left out."""
    examples, size = len(task.train), min(batch, len(task.train))
    while True:
        order = torch.randperm(examples, generator=generator)
        for start in range(0, examples - size + 1, size):
            chosen = order[start : start + size]
            images, labels = task.train.batch(chosen, torch.device("cpu"), generator)
            yield laid_out(images), labels
