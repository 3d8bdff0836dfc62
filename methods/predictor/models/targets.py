"""What networks are trained on in place of scores, so that no unit of a score matters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Targets = Literal["ranks", "standardised"]


def targets_of(scores: FloatArray, kind: Targets) -> tuple[FloatArray, float, float]:
    """Targets of about mean 0 and deviation 1.

    Args:
        scores: shape (n,); may be constant.
        kind: ``ranks`` for the normal quantile of each score's rank (Salinas, Shen and Perrone,
            ICML 2020), which networks that hardly train at all do not stretch; ``standardised``
            for scores less their mean, divided by their standard deviation.

    Returns:
        The targets, shape (n,), and what brings predictions of them back to the unit of the scores:
        an offset and a factor. Nothing brings ranks back; they keep 0 and 1.
    """
    if kind == "ranks":
        from scipy.special import ndtri
        from scipy.stats import rankdata

        return ndtri((rankdata(scores) - 0.5) / len(scores)), 0.0, 1.0
    mean, std = float(scores.mean()), float(scores.std())
    # What is left of equal numbers by rounding is no difference.
    factor = std if std > 1e-12 * abs(mean) else 1.0
    return (scores - mean) / factor, mean, factor
