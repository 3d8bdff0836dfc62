"""The predictors of NPENAS (Wei et al., TNNLS 2022)."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, require
from methods.predictor.models.graph_predictor import GraphPredictor, Pace, fast
from methods.predictor.models.targets import FloatArray, Targets, targets_of

if TYPE_CHECKING:
    from torch import Tensor

    from methods.predictor.models.graph_networks import GraphNetwork, Inputs

# No standard deviation is below this, where the targets have about 1: a few examples can be met
# exactly, and their likelihood would grow without end.
LEAST_STD = 0.05


class GIN(GraphPredictor):
    """A graph isomorphism network, of which a variant says how sure it is.

    Published: 3 layers of 32 and a head of 16; ``schedule=published`` (300 epochs, with
    ``uncertainty`` 1,000, batches of 16, dropout of 0.1 in the head, Adam at 0.005 with betas of 0
    and 0.9, a weight decay of 1e-4, biases at twice the rate without decay, and a cosine).
    ``fast`` is ours: fewer and larger steps in one cycle (see `fast`), without dropout.

    Scores are losses in percent there, and the output a sigmoid times 10 or 100; here they are
    scaled, and the output is not bounded. Their standard deviation is at least about 0.6 percent;
    here it is a softplus with another floor, since the unit of a score must not matter.

    Attributes:
        hidden: numbers a node.
        layers: of convolution.
        head: numbers before the output.
        uncertainty: whether a standard deviation is predicted too, with the Gaussian likelihood as
            loss; else it is the squared error.
        schedule: of the training.
        targets: what is learned, see `targets_of`; predictions are in the unit of the scores only
            where it is ``standardised``.
    """

    hidden: int = 32
    layers: int = 3
    head: int = 16
    uncertainty: bool = False
    schedule: Pace = "fast"
    targets: Targets = "ranks"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, hidden=(1, inf), layers=(1, inf), head=(1, inf))

    @property
    def has_std(self) -> bool:
        """See `Predictor.has_std`."""
        return self.uncertainty

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        import torch

        from methods.predictor.models.graph_networks import GINetwork
        from methods.predictor.models.training import Schedule

        values, self._offset, self._factor = targets_of(scores, self.targets)
        targets = torch.from_numpy(values).float()
        published = self.schedule == "published"

        def loss(network: GraphNetwork, inputs: Inputs, index: Tensor) -> Tensor:
            outputs = network(*(rows[index] for rows in inputs))
            error = (outputs[:, 0] - targets[index]).square()
            if not self.uncertainty:
                mean: Tensor = error.mean()
                return mean
            std = _std(outputs)
            surprise: Tensor = (std.log() + 0.5 * error / std.square()).mean()
            return surprise

        self.train_network(
            archs,
            partial(
                GINetwork,
                hidden=self.hidden,
                layers=self.layers,
                head=self.head,
                dropout=0.1 if published else 0.0,
                outputs=2 if self.uncertainty else 1,
            ),
            loss,
            Schedule(
                1000 if self.uncertainty else 300,
                16,
                0.005,
                weight_decay=1e-4,
                betas=(0.0, 0.9),
                biases_apart=True,
            )
            if published
            else fast(len(archs)),
        )

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return self._offset + self._factor * self.outputs(archs)[:, 0]

    def guess_with_std(self, archs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """See `Predictor.guess_with_std`."""
        if not self.uncertainty:
            raise HarnessError("gin says how sure it is of a prediction only with uncertainty=true")
        import torch

        def mean_and_std(outputs: Tensor) -> Tensor:
            return torch.stack([outputs[:, 0], _std(outputs)], dim=1)

        mean, std = self.outputs(archs, mean_and_std).T
        return self._offset + self._factor * mean, self._factor * std


def _std(outputs: Tensor) -> Tensor:
    from torch.nn import functional

    return LEAST_STD + functional.softplus(outputs[:, 1])
