"""The space of NAAP-440 (Hakim, arXiv 2209.06626)."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Architectures, Decision, SearchSpace


def _layers(widths: tuple[int, ...], residual: tuple[int, ...]) -> tuple[str, ...]:
    """Choices of one layer, in the authors' order.

    Args:
        widths: numbers of channels.
        residual: those of them for which a layer can have its input added to its output.
    """
    ends = {width: ("s1", "s1r", "s2") if width in residual else ("s1", "s2") for width in widths}
    return tuple(
        f"k{kernel}w{width}{end}"
        for kernel, width in product((1, 3), widths)
        for end in ends[width]
    )


class Naap440Space(SearchSpace):
    """Three or four convolutions, the first two 3x3 with stride 2: 440 networks.

    A layer is written ``k3w16s1r``: kernel, width (channels), stride, and ``r`` where its input is
    added to its output, which needs stride 1 and the width of the layer before. At most one of
    layers 3 and 4 has stride 2, and layer 4 may be missing. This rule gives the authors' 440
    networks in their order, so that nothing has to be read to know which row is which network.

    Attributes:
        encodings: ``features``, which is what the authors compare predictors on, and ``sequence``.
    """

    def __init__(self, shown: NDArray[np.float64] | None = None) -> None:
        """Make the space.

        Args:
            shown: what `features` shows of each network, shape (440, features), in the authors'
                order; None for the one-hot layers.
        """
        super().__init__(
            "naap440",
            [
                Decision("layer1", ("k3w12s2", "k3w16s2")),
                Decision("layer2", ("k3w16s2", "k3w24s2")),
                Decision("layer3", _layers((16, 24, 32), residual=(16, 24))),
                Decision("layer4", ("none", *_layers((32, 40), residual=(32,)))),
            ],
        )
        self._shown = shown
        self._numbers = np.zeros(self.sizes, np.int64)
        self._numbers[tuple(self.population.T)] = np.arange(1, len(self.population) + 1)

    def is_valid(self, arch: Architecture) -> bool:
        """Whether what is added has the right width, and at most three layers have stride 2."""
        _, second, third, fourth = self.words(arch)
        fits = all(
            _width(layer) == _width(before)
            for before, layer in ((second, third), (third, fourth))
            if layer.endswith("r")
        )
        return fits and not (third.endswith("s2") and fourth.endswith("s2"))

    def words(self, arch: Architecture) -> list[str]:
        """The layers of a genotype."""
        return [decision.choices[i] for decision, i in zip(self.decisions, arch, strict=True)]

    def number(self, arch: Architecture) -> int:
        """The authors' number of a valid genotype, 1 to 440."""
        return int(self._numbers[arch])

    def params(self, arch: Architecture) -> int:
        """Learnable parameters: convolutions without bias, batch normalisation, a linear layer."""
        total, inputs = 0, 3
        for layer in self.words(arch):
            if layer != "none":
                width = _width(layer)
                total += inputs * width * int(layer[1]) ** 2 + 2 * width
                inputs = width
        return total + 10 * inputs + 10

    def features(self, archs: Architectures) -> NDArray[np.floating[Any]]:
        """What the benchmark's setting ``epochs`` shows, in float64.

        In single precision some published numbers would change in their last digit. Without a
        table these are the one-hot layers.
        """
        if self._shown is None:
            return self.one_hot(archs)
        shown: NDArray[np.float64] = self._shown[self._numbers[tuple(self.integers(archs).T)] - 1]
        return shown


def _width(layer: str) -> int:
    """Channels of a layer."""
    return int(layer[3:5])
