"""Kernel density of categorical decisions (Aitchison and Aitken, Biometrika 63, 1976)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class CategoricalKDE:
    """A mixture of one product kernel per observed genotype.

    The kernel of a decision with ``c`` choices and bandwidth ``h`` gives the observed choice
    ``1 - h`` and every other one ``h / (c - 1)``.

    Attributes:
        bandwidths: ``h`` of each decision.
    """

    def __init__(self, data: NDArray[np.int64], sizes: Sequence[int], min_bandwidth: float) -> None:
        """Fit a density.

        Args:
            data: observed genotypes, shape (n, decisions).
            sizes: number of choices of each decision.
            min_bandwidth: smallest bandwidth.
        """
        n, decisions = data.shape
        choices = np.array(sizes)
        # Normal reference rule, as BOHB's authors use it for indices of choices too. A bandwidth
        # of (c - 1) / c is uniform already; beyond it the kernel would shun what was observed.
        reference = 1.06 * data.std(axis=0) * n ** (-1 / (4 + decisions))
        self.bandwidths = np.minimum(np.maximum(reference, min_bandwidth), (choices - 1) / choices)
        self._data, self._choices = data, choices
        self._kernels = [
            np.where(np.arange(c)[:, None] == column, 1 - h, h / max(c - 1, 1))
            for c, h, column in zip(sizes, self.bandwidths, data.T, strict=True)
        ]

    def density(self, archs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probability of each genotype, shape (m,)."""
        product = np.ones((len(archs), len(self._data)))
        for kernel, column in zip(self._kernels, archs.T, strict=True):
            product *= kernel[column]
        mean: NDArray[np.float64] = product.mean(axis=1)
        return mean

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw genotypes, shape (count, decisions).

        Each is an observed one in which a decision is redrawn uniformly with probability ``h``.
        """
        chosen = self._data[(rng.random(count) * len(self._data)).astype(np.int64)]
        redrawn = (rng.random(chosen.shape) * self._choices).astype(np.int64)
        return np.where(rng.random(chosen.shape) < self.bandwidths, redrawn, chosen)
