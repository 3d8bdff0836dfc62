"""Which examples a step of training sees, where few labels stand beside many guesses."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import torch
from torch import Tensor

# Indices of examples, and how much each counts; the weights of a batch add up to 1.
Batch = tuple[Tensor, Tensor]

# Batches that the fewest and the most labels are trained with, where these are weighted.
FEWEST, MOST = 50, 2_000


def copied(
    labels: int, others: int, upsample: int, size: int, epochs: int, generator: torch.Generator
) -> tuple[int, Iterator[Batch]]:
    """Epochs over copies of all labels together with all others, as published.

    Args:
        labels: number of examples with a label; they come first.
        others: number of those that follow them, with a guess.
        upsample: copies of each label.
        size: examples a batch.
        epochs: passes over the copies and the others.
        generator: draws the order of each epoch.

    Returns:
        The number of batches, and the batches.
    """
    copies = labels * upsample

    def draw() -> Iterator[Batch]:
        for _ in range(epochs):
            for i in torch.split(torch.randperm(copies + others, generator=generator), size):
                index = torch.where(i < copies, i % labels, i - copies + labels)
                yield index, torch.full((len(i),), 1 / len(i))

    return epochs * ceil((copies + others) / size), draw()


def weighted(
    labels: int, others: int, upsample: int, size: int, epochs: int, generator: torch.Generator
) -> tuple[int, Iterator[Batch]]:
    """Epochs over the labels, in each batch as many others as labels.

    A batch weighs its labels and its others as one of `copied` does on average: all weights of
    labels together are ``labels * upsample / (labels * upsample + others)``. There are as many
    batches as show each label `epochs` times if half of each is labels, from `FEWEST` to `MOST`;
    few labels are hence shown more often, many less often, and batches are of even size.

    Args:
        labels: number of examples with a label; they come first.
        others: number of those that follow them, with a guess; may be 0.
        upsample: copies of each label that its weight stands for.
        size: examples a batch, half of them labels; fewer where there are fewer labels.
        epochs: of the labels; the others are passed over independently.
        generator: draws the orders.

    Returns:
        The number of batches, and the batches.
    """
    half = size // 2
    share = labels * upsample / (labels * upsample + others)
    steps = min(max(FEWEST, ceil(epochs * labels / half)), MOST)

    def draw() -> Iterator[Batch]:
        known = _endless(labels, half, generator)
        guessed = _endless(others, half, generator)
        for _ in range(steps):
            i = next(known)
            j = labels + next(guessed)
            weight_i = torch.full((len(i),), share / len(i))
            weight_j = torch.full((len(j),), (1 - share) / max(1, len(j)))
            yield torch.cat([i, j]), torch.cat([weight_i, weight_j])

    return steps, draw()


def _endless(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of n examples, all before any of them again, in batches of about one size."""
    while True:
        yield from torch.chunk(torch.randperm(n, generator=generator), max(1, ceil(n / size)))
