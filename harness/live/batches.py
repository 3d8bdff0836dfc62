"""A task on a device, cut into the batches of stacked networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from harness.live.recipe import Recipe
from harness.live.tasks import Part, Task

# Images in one step of an evaluation: the activations of a stack of eight stay in a core's cache.
_EVALUATED_AT_ONCE = 50


def channels_last(images: Tensor) -> Tensor:
    """The memory layout of activations.

    Grouped convolutions, normalisations and poolings on a CPU are up to nine times faster in it.
    """
    return images.contiguous(memory_format=torch.channels_last)


class DeviceTask:
    """The tensors of a task.

    Attributes:
        valid: batches of images (n, channels, height, width) and labels (n,), in order.
        test: the same.
    """

    def __init__(self, task: Task, device: torch.device, dtype: torch.dtype) -> None:
        """Copy the images to the device."""
        self.valid = _cut(task.valid, device, dtype)
        self.test = _cut(task.test, device, dtype)
        self._images = torch.from_numpy(task.train.images).to(device, dtype)
        self._labels = torch.from_numpy(task.train.labels).to(device)
        self._background = task.background

    @staticmethod
    @lru_cache(maxsize=4)
    def of(task: Task, device: torch.device, dtype: torch.dtype) -> DeviceTask:
        """Make it once a process."""
        return DeviceTask(task, device, dtype)

    def epoch(
        self, streams: Sequence[torch.Generator], recipe: Recipe
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The training batches of one epoch, each network's in an order of its own.

        Args:
            streams: source of randomness of each of T networks.
            recipe: batch size and augmentation; an incomplete last batch is left out.

        Yields:
            Images (batch, T * channels, height, width) and labels (T * batch), network by network.
        """
        count, reach = len(self._labels), recipe.shift
        device = self._labels.device
        order = torch.stack([torch.randperm(count, generator=s) for s in streams], 1).to(device)
        if reach:
            height, width = self._images.shape[2:]
            padded = functional.pad(self._images, (reach,) * 4, value=self._background)
            # Every position of every image as a view: (image, channel, down, right, height, width).
            placed = padded.unfold(2, height, 1).unfold(3, width, 1)
            size = (2, count)
            moves = torch.stack(
                [torch.randint(2 * reach + 1, size, generator=s) for s in streams], 2
            ).to(device)
        for start in range(0, count - recipe.batch + 1, recipe.batch):
            chosen = order[start : start + recipe.batch]
            if reach:
                down, right = moves[:, start : start + recipe.batch]
                images = placed[chosen, :, down, right]
            else:
                images = self._images.index_select(0, chosen.flatten())
            yield (
                channels_last(images.reshape(len(chosen), -1, *self._images.shape[2:])),
                self._labels[chosen].t().reshape(-1),
            )


def _cut(part: Part, device: torch.device, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    images = torch.from_numpy(part.images).to(device, dtype)
    labels = torch.from_numpy(part.labels).to(device)
    starts = range(0, len(labels), _EVALUATED_AT_ONCE)
    return [
        (images[i : i + _EVALUATED_AT_ONCE], labels[i : i + _EVALUATED_AT_ONCE]) for i in starts
    ]
