"""An ensemble of fully connected networks (BANANAS: White, Neiswanger and Savani, AAAI 2021)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Predictor, require
from methods.predictor.models.targets import FloatArray, Targets, targets_of

if TYPE_CHECKING:
    from torch import Tensor

# Architectures predicted at once.
CHUNK = 2048


class MLP(Predictor):
    """An ensemble of fully connected networks on features or paths.

    The prediction is the mean of the members, how sure it is their standard deviation. Members
    differ in their initial weights and in the order of their examples. The networks of BANANAS
    have 10 layers of 20 units, beta2=0.99 and 150 epochs; the defaults here are ours: at 50 to 400
    labels of NAS-Bench-201 they order the space a little better, in half the time.

    Attributes:
        members: number of networks.
        layers: hidden layers of each.
        width: units of a layer.
        epochs: passes over the labels.
        batch: labels a step.
        rate: of Adam, which stays the same.
        beta2: of Adam.
        loss: mean absolute or squared error.
        encoding: what the networks see: the features of the space, or which paths of operations
            lead through a graph.
        paths: number of paths that are kept, the shortest ones.
        targets: what they learn, see `targets_of`; predictions are in the unit of the scores only
            where it is ``standardised``.
    """

    extra: ClassVar[str] = "neural"

    members: int = 5
    layers: int = 3
    width: int = 64
    epochs: int = 100
    batch: int = 32
    rate: float = 0.01
    beta2: float = 0.999
    loss: Literal["mae", "mse"] = "mae"
    encoding: Literal["features", "paths"] = "features"
    paths: int = 40
    targets: Targets = "ranks"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, members=(1, inf), layers=(0, inf), width=(1, inf), epochs=(1, inf))
        require(self, batch=(1, inf), rate=(0, inf), beta2=(0, 1), paths=(1, inf))

    def needs(self) -> frozenset[str]:
        """See `Predictor.needs`."""
        return frozenset({"graph" if self.encoding == "paths" else "features"})

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        import torch

        from harness.live.torch_tools import one_thread, torch_generator
        from methods.predictor.models.stacked import StackedMLP, train_stacked

        targets, self._offset, self._factor = targets_of(scores, self.targets)
        features = self._encode(archs)
        low, high = features.min(0), features.max(0)
        # Zeros and ones stay what they are; what is measured in other units comes to their range.
        scaled = (low < 0) | (high > 1)
        self._low = np.where(scaled, low, 0.0)
        self._span = np.where(scaled & (high > low), high - low, 1.0)
        inputs = self._inputs(archs)
        generator = torch_generator(self.rng)
        sizes = [inputs.shape[1], *[self.width] * self.layers, 1]
        with one_thread():
            self._network = StackedMLP(self.members, sizes, generator)
            train_stacked(
                self._network,
                inputs,
                torch.from_numpy(targets).float(),
                generator,
                epochs=self.epochs,
                batch=self.batch,
                rate=self.rate,
                beta2=self.beta2,
                loss=self.loss,
            )

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return self.guess_with_std(archs)[0]

    def guess_with_std(self, archs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """See `Predictor.guess_with_std`."""
        from harness.live.torch_tools import one_thread

        guesses = np.empty((self.members, len(archs)))
        with one_thread():
            for start in range(0, len(archs), CHUNK):
                part = slice(start, start + CHUNK)
                guesses[:, part] = self._network(self._inputs(archs[part])).numpy()
        return self._offset + self._factor * guesses.mean(0), self._factor * guesses.std(0)

    def _encode(self, archs: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        if self.encoding == "paths":
            return self.space.paths(archs, self.paths)
        return self.space.features(archs)

    def _inputs(self, archs: NDArray[np.int64]) -> Tensor:
        import torch

        return torch.from_numpy(((self._encode(archs) - self._low) / self._span).astype(np.float32))
