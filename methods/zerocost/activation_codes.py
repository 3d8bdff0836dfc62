"""Which ReLUs of a network are on for which image, and how well that tells images apart."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from methods.zerocost.networks import activations_seen

# Added to the diagonal of R, whose entries lie between 0 and 1: two images of the same code would
# make the determinant 0. Determinants without such images hardly change.
RIDGE = 1e-6


def agreements(network: nn.Module, images: Tensor) -> tuple[NDArray[np.float64], int]:
    """How many ReLUs are in the same state for each two images: K.

    A ReLU that several operations share is counted once, as it is computed.

    Args:
        network: is run once.
        images: B of them.

    Returns:
        K, shape (B, B), and the number N of ReLUs an image: K = N - Hamming distance.
    """
    count = len(images)
    kernel = torch.zeros(count, count, dtype=torch.float64)
    units = 0

    def see(output: Tensor) -> None:
        nonlocal units
        # Of n units a have the same sign and n - a not: the product is 2 a - n. Sums of float32 are
        # exact below 2^24.
        signs = (output > 0).reshape(count, -1).to(torch.float32).mul_(2).sub_(1)
        kernel.add_(signs @ signs.t())
        units += signs.shape[1]

    with torch.no_grad(), activations_seen(see):
        network(images)
    return ((units + kernel) / 2).numpy(), units


def distinction(network: nn.Module, images: Tensor) -> tuple[float, float]:
    """The two parts of the score of Mellor et al., whose sum it is (see `NASWOT`).

    Returns:
        log det R of R = K / N, with a ridge, and B log N; see `agreements`. Minus infinity for a
        network without a ReLU.
    """
    kernel, units = agreements(network, images)
    if units == 0:
        return -math.inf, -math.inf
    ratio = kernel / units + RIDGE * np.eye(len(kernel))
    return float(np.linalg.slogdet(ratio)[1]), len(kernel) * math.log(units)
