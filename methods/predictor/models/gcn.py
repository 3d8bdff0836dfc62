"""The Neural Predictor (Wen et al., ECCV 2020)."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.graph_predictor import GraphPredictor, Pace, fast
from methods.predictor.models.targets import FloatArray, Targets, targets_of

if TYPE_CHECKING:
    from torch import Tensor

    from methods.predictor.models.graph_networks import GraphNetwork, Inputs


class GCN(GraphPredictor):
    """A graph convolutional network that takes edges in both directions.

    Published: 3 layers of 144, ``schedule=published`` (300 epochs, batches of 10, dropout of 0.1,
    Adam at 1e-4 with a weight decay of 1e-3 and a cosine; constants of the public reproduction of
    the paper's section 3.1), and accuracies less their mean, ``targets=standardised``. The defaults
    are ours: ``fast`` has fewer and larger steps in one cycle (see `fast`) and no dropout, and
    ranks as targets; on NAS-Bench-201 both order the space better.

    Attributes:
        hidden: numbers a node.
        layers: of convolution.
        head: numbers between the two linear layers behind them.
        schedule: of the training.
        targets: what is learned, see `targets_of`; predictions are in the unit of the scores only
            where it is ``standardised``.
    """

    hidden: int = 64
    layers: int = 3
    head: int = 128
    schedule: Pace = "fast"
    targets: Targets = "ranks"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, hidden=(1, inf), layers=(1, inf), head=(1, inf))

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        import torch

        from methods.predictor.models.graph_networks import DirectedGCN
        from methods.predictor.models.training import Schedule

        values, self._offset, self._factor = targets_of(scores, self.targets)
        targets = torch.from_numpy(values).float()
        published = self.schedule == "published"

        def loss(network: GraphNetwork, inputs: Inputs, index: Tensor) -> Tensor:
            outputs = network(*(rows[index] for rows in inputs))[:, 0]
            error: Tensor = (outputs - targets[index]).square().mean()
            return error

        self.train_network(
            archs,
            partial(
                DirectedGCN,
                hidden=self.hidden,
                layers=self.layers,
                head=self.head,
                dropout=0.1 if published else 0.0,
            ),
            loss,
            Schedule(300, 10, 1e-4, weight_decay=1e-3) if published else fast(len(archs)),
        )

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        return self._offset + self._factor * self.outputs(archs)[:, 0]
