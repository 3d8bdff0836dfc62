"""Images of which a part is missing: what inpainting is learned on; needs torch."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.live.examples import Batch, Examples

Mask = Callable[[int, int, torch.Generator], Tensor]
"""Draws what is known of so many images of a side: 1, or 0 where it is missing; on the CPU.

Shape (n, 1, side, side): the channels of an image share its mask.
"""


def center(count: int, side: int, generator: torch.Generator) -> Tensor:
    """The square in the middle is missing, half as wide and high as the image."""
    known = torch.ones(count, 1, side, side)
    known[:, :, side // 4 : side - side // 4, side // 4 : side - side // 4] = 0
    return known


def pixel(count: int, side: int, generator: torch.Generator, probability: float = 0.8) -> Tensor:
    """Each pixel is missing with a probability."""
    return (torch.rand(count, 1, side, side, generator=generator) >= probability).float()


def half(count: int, side: int, generator: torch.Generator) -> Tensor:
    """The left, upper, right or lower half of each image is missing."""
    first = torch.arange(side) < side // 2
    lines = torch.stack([~first, ~first, first, first]).float()
    drawn = torch.randint(4, (count,), generator=generator)
    across = lines[drawn, None, :].expand(count, side, side)
    return torch.where((drawn % 2 == 0)[:, None, None], across, across.transpose(1, 2))[:, None]


MASKS: dict[str, Mask] = {"center": center, "pixel": pixel, "half": half}


class MaskedImages(Examples):
    """Images with missing parts, to be completed; targets are the images and what was known.

    In training masks are drawn anew whenever an image is shown, and half of the images are
    mirrored. As judged, an image always has the mask that follows from its name, so that all
    networks are judged on the same; in the released code of Akimoto et al. (ICML 2019) these are
    drawn anew as well.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        names: Sequence[str],
        rows: NDArray[np.int64],
        mask: Mask,
    ) -> None:
        """Take some of the images.

        Args:
            images: shape (all, 3, side, side).
            names: of all images.
            rows: which of them.
            mask: draws what is known.
        """
        self._images, self._rows, self._mask = images, rows, mask
        self._seeds = [zlib.crc32(names[row].encode()) for row in rows]

    def __len__(self) -> int:
        """Number of images."""
        return len(self._rows)

    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """See `Examples.batch`.

        Returns:
            Images with 0 where they are missing, values from 0 to 1, shape (n, 3, side, side); and
            as targets the whole images and what was known, shape (n, 1, side, side).
        """
        chosen = torch.from_numpy(self._images[self._rows[index.numpy()]])
        images = chosen.to(device).float() / 255
        count, side = len(index), self._images.shape[-1]
        if generator is None:
            own = (torch.Generator().manual_seed(self._seeds[i]) for i in index.tolist())
            drawn = [self._mask(1, side, generator) for generator in own]
            known = torch.cat(drawn) if drawn else torch.ones(0, 1, side, side)
        else:
            mirrored = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
            images = torch.where(mirrored.to(device), images.flip(3), images)
            known = self._mask(count, side, generator)
        known = known.to(device)
        return images * known, (images, known)
