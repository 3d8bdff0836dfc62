"""Sizes of networks as scores: what every other score has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, UnlabelledPredictor
from methods.zerocost.proxy import FloatArray


class Size(UnlabelledPredictor):
    """A property of an architecture that a table knows without training; labels are not looked at.

    A subclass says which one.
    """

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """Nothing."""

    def read(self, archs: NDArray[np.int64], names: Sequence[str]) -> FloatArray:
        """The first property of these names that the benchmark has, shape (n,).

        Raises:
            HarnessError: it has none of them.
        """
        found = [self.properties(arch) for arch in self.space.tuples(archs)]
        known = found[0] if found else {}
        for name in names:
            if name in known:
                return np.array([properties[name] for properties in found], np.float64)
        raise HarnessError(
            f"{self.class_name()} needs the property {' or '.join(names)}, which the benchmark "
            f"does not have (it has {', '.join(known) or 'none'})"
        )
