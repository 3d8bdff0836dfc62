"""The number of operations as a score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods.zerocost.proxy import FloatArray
from methods.zerocost.size import Size


class FLOPs(Size):
    """The operations of one image, as the benchmark counts them: a baseline without training."""

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return self.read(archs, ["flops", "flops_m"])
