"""The contract of a zero-cost proxy: a number that is measured on a network with new weights."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import UnlabelledPredictor, require

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor, nn

    from harness.live.examples import Values

FloatArray = NDArray[np.float64]

# Share of the work of a loss with its gradient that showing an image to the network is.
SHOWN = 1 / 3

# The score of networks that have none, which no score is below. Not infinite, so that means of
# predictions and of their errors stay numbers.
WORST = -1e9

# Images on which a network is asked whether it looks at them at all.
LOOKED_AT = 8


@dataclass(frozen=True)
class Inputs:
    """What a proxy may look at besides the network; the same for all architectures.

    Attributes:
        images: training images, not augmented, shape (n, channels, height, width); or whatever
            else the task shows to its networks.
        labels: their classes, shape (n,); or what else is expected.
        generator: gives the same numbers to every architecture.
        loss: of outputs and labels; see `harness.live.learning.Learning.loss`.
    """

    images: Values
    labels: Values
    generator: torch.Generator
    loss: Callable[[Values, Values], Tensor]


class Proxy(UnlabelledPredictor):
    """A score of a network with new weights; labels of architectures are not looked at.

    Each fit draws `repeats` batches of training images and as many seeds of weights. All
    architectures are scored on these, so that their differences are paired and a score does not
    depend on what else is scored. A score is the mean over the repeats. Networks compute in
    training mode, on one thread of the processor: normalisations use the statistics of the batch.

    A network whose logits are the same for all images, as a cell is that passes nothing on, has
    the score `WORST`, and so has one whose score is no finite number.

    Attributes:
        batch: images a repeat; all training images where there are fewer.
        repeats: number of batches, each with weights of its own.
    """

    extra: ClassVar[str] = "neural"

    batch: int = 64
    repeats: int = 1

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, batch=(2, inf), repeats=(1, inf))

    def trains(self) -> bool:
        """It needs networks and images."""
        return True

    def cost(self) -> float:
        """See `Predictor.cost`."""
        return self.repeats * self.images() / len(self.task.train)

    def images(self) -> float:
        """Images of a repeat, as `Predictor.cost` counts them; by default a loss for the batch."""
        return min(self.batch, len(self.task.train))

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """Draw images and weights."""
        images = len(self.task.train)
        self._drawn = [
            (
                self.rng.choice(images, min(self.batch, images), replace=False),
                *self.rng.integers(2**63, size=2).tolist(),
            )
            for _ in range(self.repeats)
        ]

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return finite(self.measurements(archs)[:, 0])

    @abstractmethod
    def measure(self, network: nn.Module, inputs: Inputs) -> float | tuple[float, ...]:
        """The score of a network whose logits depend on its images; it may be changed.

        Args:
            network: in training mode, with new weights.
            inputs: images, labels and a source of random numbers.

        Returns:
            Higher is better. Several numbers where `guess` makes one score of them.
        """

    def measurements(self, archs: NDArray[np.int64], numbers: int = 1) -> FloatArray:
        """Means over the repeats of what `measure` gives, shape (n, numbers).

        Args:
            archs: genotypes, shape (n, decisions).
            numbers: how many it gives; all are NaN for a network that looks at no image.
        """
        import torch

        from harness.live.examples import changed
        from harness.live.stochastic import give_generator
        from harness.live.torch_tools import one_thread
        from methods.zerocost.networks import laid_out

        found = np.full((len(self._drawn), len(archs), numbers), np.nan)
        with one_thread():
            for own, (chosen, weights, noise) in zip(found, self._drawn, strict=True):
                shown = self.task.train.batch(torch.from_numpy(chosen), torch.device("cpu"))
                images, labels = laid_out(shown[0]), shown[1]
                few = changed(images, lambda tensor: tensor[:LOOKED_AT])
                for row, arch in zip(own, self.space.tuples(archs), strict=True):
                    network = self.task.network(arch, torch.Generator().manual_seed(weights))
                    if _looks(network, few):
                        generator = torch.Generator().manual_seed(noise)
                        give_generator(network, generator)
                        inputs = Inputs(images, labels, generator, self.task.loss)
                        row[:] = self.measure(network, inputs)
        means: FloatArray = found.mean(axis=0)
        return means


def finite(scores: FloatArray) -> FloatArray:
    """Scores with `WORST` in the place of what is no finite number, or below it."""
    return np.where(np.isfinite(scores), np.maximum(scores, WORST), WORST)


def _looks(network: nn.Module, images: Values) -> bool:
    """Whether the logits of a network depend on the image."""
    import torch

    from methods.zerocost.networks import first

    # In evaluation mode, which leaves the statistics of normalisations as they are.
    network.eval()
    with torch.inference_mode():
        logits = first(network(images))
    network.train()
    return not bool((logits == logits[:1]).all())
