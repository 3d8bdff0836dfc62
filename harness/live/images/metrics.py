"""How far images are from what they should be; needs torch."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

# Where an image is met exactly: what no network reaches, and a number.
BEST_PSNR = 100.0

# Of the Gaussian window of SSIM, in pixels (Wang et al., IEEE TIP 2004).
SIGMA, REACH = 1.5, 5

# Constants of SSIM that keep quotients finite, for values from 0 to 1.
_C1, _C2 = 0.01**2, 0.03**2


def mean_square(outputs: Tensor, images: Tensor, where: Tensor | None = None) -> Tensor:
    """The mean squared difference of each image in float64, shape (n,).

    Args:
        outputs: shape (n, channels, height, width).
        images: the same.
        where: what counts, 1 or 0, shape (n, 1, height, width); everything where None. 0 where
            nothing counts.
    """
    return _mean((outputs.double() - images.double()).square(), where)


def mean_absolute(outputs: Tensor, images: Tensor, where: Tensor | None = None) -> Tensor:
    """The mean absolute difference of each image; see `mean_square`."""
    return _mean((outputs.double() - images.double()).abs(), where)


def _mean(values: Tensor, where: Tensor | None) -> Tensor:
    if where is None:
        return values.mean((1, 2, 3))
    counted = values.shape[1] * where.double().sum((1, 2, 3))
    return (values * where).sum((1, 2, 3)) / counted.clamp(min=1)


def psnr(outputs: Tensor, images: Tensor, where: Tensor | None = None) -> Tensor:
    """The peak signal-to-noise ratio of each image in dB, shape (n,); peak 1, at most 100.

    Args:
        outputs: values from 0 to 1, shape (n, channels, height, width).
        images: the same.
        where: see `mean_square`.
    """
    error = mean_square(outputs, images, where)
    return (-10 * error.log10()).clamp(max=BEST_PSNR)


def ssim(outputs: Tensor, images: Tensor) -> Tensor:
    """The structural similarity of each image in float64, shape (n,), at most 1.

    Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004, as scikit-image has it with
    ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1``: a window of
    11 by 11, only where it lies within the image; means over positions and channels.

    Args:
        outputs: values from 0 to 1, shape (n, channels, height, width), at least 11 by 11.
        images: the same.
    """
    x, y = (_one_channel(tensor) for tensor in (outputs, images))
    mean_x, mean_y, xx, yy, xy = _smoothed(torch.cat([x, y, x * x, y * y, x * y])).chunk(5)
    variances = xx - mean_x**2 + yy - mean_y**2
    covariance = xy - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (variances + _C2)
    return (above / below).mean((1, 2, 3)).view(len(images), -1).mean(1)


def _one_channel(images: Tensor) -> Tensor:
    return images.double().flatten(0, 1)[:, None]


def _smoothed(images: Tensor) -> Tensor:
    """Gaussian means, down and then across."""
    window = _window().to(images.device)
    down = functional.conv2d(images, window.view(1, 1, -1, 1))
    return functional.conv2d(down, window.view(1, 1, 1, -1))


@lru_cache(maxsize=1)
def _window() -> Tensor:
    """Weights of the window along one axis."""
    places = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    weights = torch.exp(-(places**2) / (2 * SIGMA**2))
    return weights / weights.sum()
