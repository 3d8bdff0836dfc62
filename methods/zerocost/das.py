"""DAS: distinguishing activation score (Liu et al., arXiv 2212.12132)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.zerocost.proxy import SHOWN, FloatArray, Inputs, Proxy, finite

if TYPE_CHECKING:
    from torch import nn


class DAS(Proxy):
    """How well activations tell images apart and how many there are, put together anew.

    `NASWOT` is the sum of the two, ``log det R + B log N``, with the batch size B as the arbitrary
    weight of the second. The paper takes them apart and weights them better, after a short
    training; its own rule is not publicly known, so `combination` offers three. Batches of 128 and
    at least three repeats were recommended; defaults are smaller for the processor's sake.

    Attributes:
        combination: ``sum`` is ``log det R + weight B log N``; ``ranks`` is the sum of the ranks
            of ``log det R`` and N, and ``product`` the product of the two after each was scaled to
            run from 0 to 1. The last two depend on the architectures that are scored together.
        weight: of the number of activations in the sum; 1 is `NASWOT`.
        steps: of training before, on batches of the same size; published: some.
        learning_rate: of that training; see `methods.zerocost.training` for the rest.
    """

    combination: Literal["sum", "ranks", "product"] = "ranks"
    weight: float = 1.0
    steps: int = 0
    learning_rate: float = 0.025

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, weight=(0, inf), steps=(0, inf), learning_rate=(0, inf))

    def images(self) -> float:
        """See `Proxy.images`."""
        return (SHOWN + self.steps) * super().images()

    def measure(self, network: nn.Module, inputs: Inputs) -> tuple[float, float]:
        """See `Proxy.measure`: log det R and B log N."""
        from methods.zerocost.activation_codes import distinction
        from methods.zerocost.networks import images_of

        images = images_of(inputs, "das")
        if self.steps:
            from methods.zerocost.training import train

            train(network, self.task, self.steps, self.batch, self.learning_rate, inputs.generator)
        return distinction(network, images)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        parts = self.measurements(archs, numbers=2)
        scores = np.full(len(parts), np.nan)
        known = np.isfinite(parts).all(axis=1)
        if known.any():
            scores[known] = self._combined(*parts[known].T)
        return finite(scores)

    def _combined(self, distinction: FloatArray, size: FloatArray) -> FloatArray:
        if self.combination == "sum":
            return distinction + self.weight * size
        if self.combination == "ranks":
            return _ranks(distinction) + _ranks(size)
        return _scaled(distinction) * _scaled(size)


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, of equal values their mean."""
    from scipy.stats import rankdata

    ranks: FloatArray = rankdata(values)
    return ranks


def _scaled(values: FloatArray) -> FloatArray:
    """From 0 to 1; all 1 where they are the same, so that they change no product's order."""
    width = values.max() - values.min()
    return (values - values.min()) / width if width > 0 else np.ones_like(values)
