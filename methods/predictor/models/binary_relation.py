"""The binary relation predictor of BRP-NAS (Dudziak et al., NeurIPS 2020, section 4.2)."""

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

    from methods.predictor.models.graph_networks import Inputs, RelationNetwork


class BinaryRelation(GraphPredictor):
    """A graph convolutional network that learns which of two architectures is better.

    The target of an ordered pair is the softmax of its two scores, the loss the Kullback-Leibler
    divergence. Published: 4 layers of 600 numbers in double precision, raw accuracies, dropout of
    0.2, AdamW at 3.5e-4 with a weight decay of 5e-4 and a cosine, 60 pairs a batch and 250 epochs
    over all ordered pairs in the last round (fewer in the rounds before), which is what
    ``schedule=published`` does, without early stopping. ``fast`` is ours (see `fast`): batches of
    architectures with all their pairs, so that each is read once for all of them, and no dropout.

    The released code sorts the space with the comparator as it was trained, which is neither
    antisymmetric nor transitive. Here both orders of a pair count, which makes it both, and sorting
    is sorting by one score an architecture (see `scores` of the network). Raw accuracies would
    make the unit matter: in fractions, all targets are nearly even.

    Attributes:
        hidden: numbers a node.
        layers: of convolution.
        schedule: of the training.
        targets: whose softmax is learned, see `targets_of`; predictions are in no unit.
    """

    hidden: int = 64
    layers: int = 4
    schedule: Pace = "fast"
    targets: Targets = "ranks"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, hidden=(1, inf), layers=(1, inf))

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`."""
        import torch

        from methods.predictor.models.graph_networks import RelationNetwork
        from methods.predictor.models.training import Schedule

        targets = torch.from_numpy(targets_of(scores, self.targets)[0]).float()
        n = len(archs)
        # A single architecture makes no pair.
        published = self.schedule == "published" and n > 1

        def loss_within(network: RelationNetwork, inputs: Inputs, index: Tensor) -> Tensor:
            codes = network(*(rows[index] for rows in inputs))
            values = targets[index]
            lost = divergence(
                network.logits(codes[:, None], codes[None]), values[:, None] - values[None]
            )
            different = 1 - torch.eye(len(index))
            return (lost * different).sum() / different.sum().clamp(min=1)

        def loss_of_pairs(network: RelationNetwork, inputs: Inputs, index: Tensor) -> Tensor:
            first, second = ordered_pairs(index, n)
            archs, place = torch.unique(torch.stack([first, second]), return_inverse=True)
            codes = network(*(rows[archs] for rows in inputs))[place]
            return divergence(
                network.logits(codes[0], codes[1]), targets[first] - targets[second]
            ).mean()

        self.train_network(
            archs,
            partial(
                RelationNetwork,
                hidden=self.hidden,
                layers=self.layers,
                dropout=0.2 if published else 0.0,
            ),
            loss_of_pairs if published else loss_within,
            Schedule(250, 60, 3.5e-4, weight_decay=5e-4, decoupled=True) if published else fast(n),
            n * (n - 1) if published else n,
        )

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        from methods.predictor.models.graph_networks import RelationNetwork

        assert isinstance(self._network, RelationNetwork)
        return self.outputs(archs, self._network.scores)


def ordered_pairs(index: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The pairs with these numbers, among the ``n * (n - 1)`` of two different of n."""
    first, second = index // (n - 1), index % (n - 1)
    return first, second + (second >= first)


def divergence(logits: Tensor, differences: Tensor) -> Tensor:
    """Of the predicted distribution from the softmax of two targets, for each pair.

    Args:
        logits: of the first or the second being better, shape (..., 2).
        differences: target of the first less that of the second, shape (...).

    Returns:
        The Kullback-Leibler divergence, shape (...).
    """
    import torch
    from torch.nn import functional

    wanted = torch.stack([differences.sigmoid(), (-differences).sigmoid()], dim=-1)
    return functional.kl_div(logits.log_softmax(-1), wanted, reduction="none").sum(-1)
