"""How E2NAS explores: complements, novelty and how long (Zhang et al., NeurIPS 2020)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness import Architecture

if TYPE_CHECKING:
    from torch import Tensor

# Deviation of the kernels of the density: that of the autoencoder's prior.
BANDWIDTH = 1.0


def exploration_weight(progress: float, slope: float) -> float:
    """The weight of novelty, ``1 - sigmoid(slope * (2 * progress - 1))``.

    Args:
        progress: share of the search that is over.
        slope: 10 in Sig(10).
    """
    return 1 - 1 / (1 + math.exp(-slope * (2 * progress - 1)))


def complement(
    current: Architecture, previous: Architecture, sizes: Sequence[int], rng: np.random.Generator
) -> Architecture:
    """An architecture that differs from the previous one in every decision.

    Where the current one differs it is kept; where not, another choice is drawn uniformly. A
    decision with a single choice stays.
    """
    pairs = zip(current, previous, sizes, strict=True)
    return tuple(
        now if now != before or size == 1 else (now + 1 + int(rng.integers(size - 1))) % size
        for now, before, size in pairs
    )


def log_density(point: Tensor, archive: Tensor) -> Tensor:
    """Log-density of a point among others, up to a constant, by normal kernels.

    The released code fits generalised normal distributions to each dimension instead; the value has
    no gradient there.

    Args:
        point: shape (latent,).
        archive: shape (n, latent).
    """
    squared = (point - archive).square().sum(dim=1) / BANDWIDTH**2
    return (-squared / 2).logsumexp(dim=0) - math.log(len(archive))
