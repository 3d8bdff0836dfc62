"""Changes of photographs for training, in batches on any device; needs torch.

Crops, flips and colours are changed as in the usual training on ImageNet, whose definitions are
those of Pillow and torchvision. All numbers are drawn on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Weights of red, green and blue in a grey value (ITU-R BT.601, as Pillow's L has them).
_GREY = (0.299, 0.587, 0.114)

# Draws of a crop, of which the first that fits is taken.
_TRIES = 10


@dataclass(frozen=True)
class Crop:
    """Which parts of images are cut out.

    Attributes:
        tops: of each part in pixels, shape (n,).
        lefts: the same.
        heights: the same.
        widths: the same.
    """

    tops: Tensor
    lefts: Tensor
    heights: Tensor
    widths: Tensor


def random_crops(
    heights: Tensor,
    widths: Tensor,
    area: tuple[float, float],
    ratio: tuple[float, float],
    generator: torch.Generator,
) -> Crop:
    """Draw a part of each image (Szegedy et al., Going Deeper with Convolutions, CVPR 2015).

    Its share of the area is uniform, the logarithm of its ratio of width to height too. Where none
    of ten draws fits into an image, it is the largest part in the middle whose ratio is allowed.

    Args:
        heights: of the images in pixels, shape (n,), on the CPU.
        widths: the same.
        area: smallest and largest share of the image's area.
        ratio: smallest and largest ratio of width to height.
        generator: draws.
    """
    number = len(heights)
    shares = _uniform((number, _TRIES), *area, generator)
    low, high = torch.tensor(ratio).log().tolist()
    ratios = _uniform((number, _TRIES), low, high, generator).exp()
    wanted = shares * (heights * widths)[:, None]
    across = (wanted * ratios).sqrt().round().long()
    down = (wanted / ratios).sqrt().round().long()
    fits = (across > 0) & (across <= widths[:, None]) & (down > 0) & (down <= heights[:, None])
    first = fits.int().argmax(1, keepdim=True)
    some = fits.any(1)
    # The largest part with the nearest ratio that is allowed.
    middle_widths = torch.minimum(widths, (heights * ratio[1]).round().long())
    middle_heights = torch.minimum(heights, (widths / ratio[0]).round().long())
    own_heights = torch.where(some, down.gather(1, first)[:, 0], middle_heights)
    own_widths = torch.where(some, across.gather(1, first)[:, 0], middle_widths)
    places = torch.rand(2, number, generator=generator)
    free = torch.stack([heights - own_heights, widths - own_widths])
    corners = torch.where(some, (places * (free + 1)).long(), free // 2)
    return Crop(corners[0], corners[1], own_heights, own_widths)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def resample(images: Tensor, heights: Tensor, widths: Tensor, side: int, flip: Tensor) -> Tensor:
    """Give images of several sizes one size, and mirror some of them.

    The filter is Pillow's bilinear one, which is a triangle that becomes wider where an image
    becomes smaller. It is applied as two matrix products, one for rows and one for columns.

    Args:
        images: shape (n, 3, height, width), each in the upper left corner of its entry.
        heights: of the images in pixels, shape (n,), on the same device.
        widths: the same.
        side: of the results.
        flip: which ones are mirrored, shape (n,), on the same device.

    Returns:
        Shape (n, 3, side, side).
    """
    rows = _filters(heights, images.shape[2], side).to(images.dtype)
    columns = _filters(widths, images.shape[3], side).to(images.dtype)
    columns = torch.where(flip[:, None, None], columns.flip(1), columns)
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)


def _filters(sizes: Tensor, longest: int, side: int) -> Tensor:
    """What each pixel before is to each pixel after, shape (n, side, longest); rows sum to 1."""
    scale = (sizes / side)[:, None, None]
    reach = scale.clamp(min=1)
    before = torch.arange(longest, device=sizes.device)
    centres = (torch.arange(side, device=sizes.device)[:, None] + 0.5) * scale
    weights = (1 - (before + 0.5 - centres).abs() / reach).clamp(min=0)
    weights = weights * (before < sizes[:, None, None])
    return weights / weights.sum(2, keepdim=True)


@dataclass(frozen=True)
class ColourJitter:
    """Random changes of brightness, contrast, saturation and hue, in random order.

    Attributes:
        brightness: a factor is drawn from 1 - it to 1 + it.
        contrast: the same.
        saturation: the same.
        hue: turns are drawn from - it to + it.
    """

    brightness: float
    contrast: float
    saturation: float
    hue: float

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Change each image by its own draws, in its own order.

        Args:
            images: from 0 to 1, shape (n, 3, height, width); are written to.
            generator: draws, on the CPU.
        """
        number = len(images)
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        draws = torch.stack([_uniform((number,), -r, r, generator) for r in ranges])
        order = torch.rand(number, len(_CHANGES), generator=generator).argsort(1)
        draws = draws.to(images)
        for turn in range(len(_CHANGES)):
            for which, change in enumerate(_CHANGES):
                own = (order[:, turn] == which).nonzero()[:, 0].to(images.device)
                if len(own):
                    amount = draws[which, own][:, None, None, None]
                    images[own] = change(images[own], amount)
        return images


def grey(images: Tensor) -> Tensor:
    """Grey values of images (n, 3, height, width), shape (n, 1, height, width)."""
    weights = images.new_tensor(_GREY)[:, None, None]
    return (images * weights).sum(1, keepdim=True)


def brighten(images: Tensor, amount: Tensor) -> Tensor:
    """Multiply by 1 + amount; what follows is cut off to 0 and 1, as in all changes of colours."""
    return (images * (1 + amount)).clamp(0, 1)


def change_contrast(images: Tensor, amount: Tensor) -> Tensor:
    """Multiply the distances from the mean grey value of the image by 1 + amount."""
    mean = grey(images).mean((2, 3), keepdim=True)
    return (mean + (images - mean) * (1 + amount)).clamp(0, 1)


def saturate(images: Tensor, amount: Tensor) -> Tensor:
    """Multiply the distances from the grey value of the pixel by 1 + amount."""
    own = grey(images)
    return (own + (images - own) * (1 + amount)).clamp(0, 1)


def turn_hue(images: Tensor, amount: Tensor) -> Tensor:
    """Turn the hue of HSV by so many turns.

    With hue h in turns, value v and chroma c a channel is ``v - c * max(0, min(k, 4 - k, 1))`` with
    k = (n + 6 h) mod 6 and n = 5, 3 and 1 for red, green and blue.
    """
    red, green, blue = images.split(1, 1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    # In sixths of a turn; where a pixel is grey its chroma is 0 and its hue makes no difference.
    scale = 1 / chroma.clamp(min=1e-12)
    elsewhere = torch.where(value == green, 2 + (blue - red) * scale, 4 + (red - green) * scale)
    hue = torch.where(value == red, (green - blue) * scale, elsewhere)
    k = images.new_tensor((5, 3, 1))[:, None, None] + (hue + 6 * amount)
    # The remainder of a division by 6, which is slow as an operator.
    k = k - 6 * (k / 6).floor()
    return value - chroma * torch.minimum(k, 4 - k).clamp(0, 1)


_CHANGES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    brighten,
    change_contrast,
    saturate,
    turn_hue,
)
