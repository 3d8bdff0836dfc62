"""Photographs of several sizes as examples: random crops for training, the middle for judging."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.live.examples import Batch, Examples
from harness.live.images.cache import DecodedImages

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Mean and deviation of red, green and blue in ImageNet, from 0 to 1, as everybody has them.
MEANS = (0.485, 0.456, 0.406)
DEVIATIONS = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class PhotographRecipe:
    """How photographs become inputs of networks.

    Attributes:
        resolution: side of an input in pixels.
        area: smallest and largest share of an image that a random crop has.
        ratio: smallest and largest ratio of width to height that it has.
        jitter: of brightness, contrast, saturation and hue; see `ColourJitter`.
    """

    resolution: int
    area: tuple[float, float]
    ratio: tuple[float, float]
    jitter: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Photographs(Examples):
    """Some of the images of a cache.

    For training a random part of each image is brought to the resolution, mirrored or not, and its
    colours are changed. For judging the middle is cut out of the image, whose short side the cache
    has brought to its length already.

    Attributes:
        images: decoded.
        chosen: numbers of those that are here, shape (n,).
        recipe: how they become inputs.
    """

    images: DecodedImages
    chosen: NDArray[np.int64]
    recipe: PhotographRecipe

    def __len__(self) -> int:
        """Number of images."""
        return len(self.chosen)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Classes, shape (n,)."""
        return self.images.labels[self.chosen]

    def part(self, index: NDArray[np.int64]) -> Photographs:
        """Some of them."""
        return replace(self, chosen=self.chosen[index])

    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """See `Examples.batch`."""
        import torch

        chosen = self.chosen[index.numpy()]
        labels = torch.from_numpy(self.images.labels[chosen]).to(device)
        inputs = (
            self._middles(chosen, device)
            if generator is None
            else self._changed(chosen, device, generator)
        )
        means, deviations = (inputs.new_tensor(v)[:, None, None] for v in (MEANS, DEVIATIONS))
        return inputs.sub_(means).div_(deviations), labels

    def _middles(self, chosen: NDArray[np.int64], device: torch.device) -> Tensor:
        side = self.recipe.resolution
        found = np.empty((len(chosen), side, side, 3), np.uint8)
        for own, number in zip(found, chosen.tolist(), strict=True):
            image = self.images.image(number)
            top, left = (round((size - side) / 2) for size in image.shape[:2])
            own[:] = image[top : top + side, left : left + side]
        return _scaled(found, device)

    def _changed(
        self, chosen: NDArray[np.int64], device: torch.device, generator: torch.Generator
    ) -> Tensor:
        import torch

        from harness.live.images.transforms import ColourJitter, random_crops, resample

        recipe = self.recipe
        heights, widths = (
            torch.from_numpy(sizes[chosen]) for sizes in (self.images.heights, self.images.widths)
        )
        crop = random_crops(heights, widths, recipe.area, recipe.ratio, generator)
        flip = torch.rand(len(chosen), generator=generator) < 0.5
        # Only what was cut out is moved to the device, each in the corner of its own entry.
        size = len(chosen), int(crop.heights.max()), int(crop.widths.max()), 3
        found = np.zeros(size, np.uint8)
        places = torch.stack([crop.tops, crop.lefts, crop.heights, crop.widths], 1).tolist()
        for own, number, (top, left, height, width) in zip(
            found, chosen.tolist(), places, strict=True
        ):
            part = self.images.image(number)[top : top + height, left : left + width]
            own[:height, :width] = part
        sizes = crop.heights.to(device), crop.widths.to(device)
        inputs = resample(_scaled(found, device), *sizes, recipe.resolution, flip.to(device))
        return ColourJitter(*recipe.jitter)(inputs, generator)


def _scaled(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Bytes (n, height, width, 3) as numbers from 0 to 1, shape (n, 3, height, width)."""
    import torch

    moved = torch.from_numpy(images).to(device)
    return moved.permute(0, 3, 1, 2).contiguous().float().div_(255)
