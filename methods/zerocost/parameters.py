"""The number of parameters as a score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.zerocost.proxy import FloatArray
from methods.zerocost.size import Size


class Parameters(Size):
    """The number of parameters: a baseline for scores without training."""

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return self.read(archs, ["params"])
