"""Images of CIFAR-10 as bytes, normalised and changed for training in whole batches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import HarnessError
from harness.live.examples import Batch
from harness.live.image_arrays import ImageArrays
from harness.live.images.cifar import DEVIATIONS, MEANS, Pixels, crop_and_flip
from harness.live.recipe import InvalidRecipe
from harness.live.tasks import stratified_split

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """How images are changed for training.

    Attributes:
        shift: how far an image moves at most in each direction, in pixels; half of the images are
            mirrored as well.
        cutout: side of the square that is erased, in pixels; 0 for none.
    """

    shift: int
    cutout: int


@dataclass(frozen=True, eq=False)
class CifarExamples(ImageArrays):
    """Images and their classes.

    Attributes:
        images: as bytes, shape (n, 3, height, width).
        augmentation: how they are changed for training; None for not at all.
    """

    images: NDArray[np.uint8]
    augmentation: Augmentation | None = None

    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """See `Examples.batch`; images are normalised, and channels-last in memory."""
        import torch

        pixels, labels = self.picked(index, device)
        means, deviations = (
            torch.from_numpy(row).to(device)[:, None, None] for row in (MEANS, DEVIATIONS)
        )
        images = (pixels.to(torch.float32, memory_format=torch.channels_last) - means) / deviations
        if generator is not None and self.augmentation is not None:
            images = crop_and_flip(images, generator, self.augmentation.shift)
            if self.augmentation.cutout:
                images = cutout(images, generator, self.augmentation.cutout)
        return images, labels


def cutout(images: Tensor, generator: torch.Generator, side: int) -> Tensor:
    """Erase a square of each image (DeVries and Taylor, arXiv:1708.04552, section 3.2).

    Its centre is any pixel, with equal probability, so that a part of it can lie outside.

    Args:
        images: normalised, so that 0 is the mean; shape (n, channels, height, width).
        generator: on the CPU.
        side: of the square, in pixels.

    Returns:
        The same shape.
    """
    import torch

    count, _, height, width = images.shape
    outside = []
    for length in (height, width):
        centres = torch.randint(length, (count, 1), generator=generator).to(images.device)
        offsets = torch.arange(length, device=images.device) - centres
        outside.append((offsets < -(side // 2)) | (offsets >= side - side // 2))
    kept = outside[0][:, None, :, None] | outside[1][:, None, None, :]
    return images * kept


@dataclass(frozen=True)
class CifarRecipe:
    """How the images of CIFAR-10 are prepared and cut into parts.

    Attributes:
        folder: below ``live`` in the data's home, what the official folder of files lies in.
        side: of the images, in pixels: 32, or a divisor of it, to which pixels are averaged.
        split: ``order``: weights learn from the first images and architectures are judged on those
            from the middle on, in the order of the files; ``stratified``: both parts are drawn, by
            a fixed seed, with all classes in proportion.
        train_images: in a search; 0 for half of them.
        valid_images: in a search; 0 for the other half.
        final_images: in a retraining, the first so many; 0 for all.
        test_images: the first so many; 0 for all.
        shift: see `Augmentation`.
        search_cutout: see `Augmentation.cutout`; in a search.
        cutout: in a retraining.
    """

    folder: str = "cifar10"
    side: int = 32
    split: str = "order"
    train_images: int = 0
    valid_images: int = 0
    final_images: int = 0
    test_images: int = 0
    shift: int = 4
    search_cutout: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        if self.split not in ("order", "stratified"):
            raise InvalidRecipe(f"recipe: no split {self.split!r}. All: order, stratified")
        if self.side < 1 or 32 % self.side:
            raise InvalidRecipe(f"recipe: side {self.side} does not divide 32")

    def shrunk(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images of the wanted side: means over squares of pixels, rounded."""
        if self.side == images.shape[2]:
            return images
        n, channels, height, _ = images.shape
        factor = height // self.side
        squares = images.reshape(n, channels, self.side, factor, self.side, factor)
        means: NDArray[np.uint8] = np.rint(squares.mean((3, 5))).astype(np.uint8)
        return means

    def searched(self, pixels: Pixels) -> tuple[CifarExamples, CifarExamples]:
        """What weights learn from in a search, and what architectures are judged on.

        Both are changed for training where a method asks for it.

        Args:
            pixels: all training images.

        Raises:
            HarnessError: there are too few images.
        """
        images, labels = pixels
        half = len(labels) - len(labels) // 2
        train, valid = self.train_images or half, self.valid_images or len(labels) - half
        room = half if self.split == "order" else len(labels) - valid
        if train > room or train + valid > len(labels) or (self.split == "order" and valid > half):
            raise HarnessError(
                f"the recipe cuts {train:,} images for weights and {valid:,} for architectures "
                f"from the {len(labels):,} training images in live/{self.folder}: take fewer, or "
                "get all images (harness data fetch cifar10)"
            )
        if self.split == "order":
            parts = [np.arange(train), np.arange(half, half + valid)]
        else:
            rest = len(labels) - train - valid
            parts = stratified_split(labels, (train, valid, rest), seed=0)[:2]
        first, second = (
            CifarExamples(images[part], labels[part], Augmentation(self.shift, self.search_cutout))
            for part in parts
        )
        return first, second

    def limited(self, pixels: Pixels, part: str) -> Pixels:
        """The first images of a part, as many as are wanted.

        Args:
            pixels: all images of the part.
            part: ``final`` or ``test``.

        Raises:
            HarnessError: there are too few images.
        """
        images, labels = pixels
        wanted = {"final": self.final_images, "test": self.test_images}[part] or len(labels)
        if wanted > len(labels):
            raise HarnessError(
                f"the recipe takes {wanted:,} {part} images, of which live/{self.folder} has "
                f"{len(labels):,}: take fewer, or get all images (harness data fetch cifar10)"
            )
        return images[:wanted], labels[:wanted]


def checksum(*parts: Pixels) -> str:
    """SHA-256 of images and classes, in hexadecimal."""
    digest = hashlib.sha256()
    for images, labels in parts:
        digest.update(np.ascontiguousarray(images).tobytes())
        digest.update(labels.astype(np.uint8).tobytes())
    return digest.hexdigest()
