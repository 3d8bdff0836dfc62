"""The predictor of AceNAS (Zhang et al. 2021, "Learning to Rank Ace Neural Architectures")."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from methods.predictor.models.pretrained import FloatArray, PretrainedPredictor, Rows
from methods.predictor.models.weak_labels import of_graphs, of_properties

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from methods.predictor.models.pretrained_networks import Network

# Graph convolutions, numbers a node, numbers an architecture, and dropout in the head.
DEPTH, HIDDEN, WIDTH, DROPOUT = 4, 64, 128, 0.5

# Smallest list that is ranked, and lists an epoch at most where the schedule is the fast one.
LIST, LISTS = 20, 16


class LambdaRank(PretrainedPredictor):
    """A graph network that learns cheap labels first, then the order of scores by LambdaRank.

    The encoder is that of AceNAS (Zhang et al. 2021, released code): four graph convolutions of 64
    with self-loops and ReLU, and a linear layer to 128 numbers. Its sort-pooling keeps ten nodes,
    more than most cells have; here mean and maximum of the nodes stand in for it. Edges count in
    both directions. Weak labels are the counts of the graph, which any space with graphs has, and
    the free properties of the benchmark, with a linear head and the mean squared error for each;
    those from a supernet, the first ones in the paper, with ``weak=supernet``. The encoder is kept,
    and a new head of two layers with dropout 0.5 ranks mini-batches as lists. The released code
    keeps the head of the supernet's label instead, and goes on from the weights of the round
    before; here, every fit starts from the pretrained encoder.

    Deviations of the default, for speed, are in the schedule: 12 epochs of weak labels in batches
    of 64 and 40 of lists. ``schedule=published`` has 300 of each in batches of 20, which takes
    minutes. The rates fall as a cosine; the published end of tuning by the NDCG of its own
    training data is left out.

    Attributes:
        discount: what a place in the list is taken from: ``standard`` is LambdaRank; ``released``
            is the true order, the worst first, as in the released code.
        schedule: how long both steps take.
    """

    discount: Literal["standard", "released"] = "standard"
    schedule: Literal["fast", "published"] = "fast"

    def needs(self) -> frozenset[str]:
        """Graphs."""
        return frozenset({"graph"})

    def weak_labels(self, archs: Rows) -> FloatArray:
        """Counts of the graph, and the free properties."""
        counted = of_graphs(self.space.graphs(archs))
        known = of_properties(self.space, archs, self.properties)
        return np.concatenate([counted, known], axis=1)

    def inputs(self, archs: Rows) -> tuple[Tensor, ...]:
        """Operations and edges."""
        from methods.predictor.models.pretrained_networks import GraphEncoder

        return GraphEncoder.inputs(self.space.graphs(archs))

    def network(self, inputs: tuple[Tensor, ...], generator: Generator) -> Network:
        """The encoder and a head of two layers."""
        import torch

        from methods.predictor.models import layers
        from methods.predictor.models import pretrained_networks as parts

        kinds = inputs[0].shape[2]
        return parts.Network(
            parts.GraphEncoder(kinds, HIDDEN, DEPTH, WIDTH, generator),
            torch.nn.Sequential(
                layers.linear(WIDTH, WIDTH, generator),
                torch.nn.ReLU(),
                layers.Dropout(DROPOUT, generator),
                layers.linear(WIDTH, 1, generator),
            ),
        )

    def learn_weak(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        labels: NDArray[np.float32],
        generator: Generator,
    ) -> None:
        """Mean squared error of a linear head for each label."""
        from torch.nn import functional

        from methods.predictor.models.pretrained_networks import learn_weak_labels
        from methods.predictor.models.training import Schedule

        schedule = (
            Schedule(epochs=300, batch=20, rate=1e-3)
            if self.schedule == "published"
            else Schedule(epochs=12, batch=64, rate=3e-3)
        )
        learn_weak_labels(network.encoder, inputs, labels, functional.mse_loss, schedule, generator)

    def tune(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        scores: FloatArray,
        pretrained: bool,
        generator: Generator,
    ) -> None:
        """Lists are the mini-batches."""
        import torch

        from methods.predictor.models.lambda_gradients import lambdas, relevance
        from methods.predictor.models.training import Schedule, train

        relevant = torch.from_numpy(relevance(scores)).float()
        schedule = (
            Schedule(epochs=300, batch=20, rate=5e-3, weight_decay=5e-4)
            if self.schedule == "published"
            else Schedule(40, max(LIST, ceil(len(scores) / LISTS)), rate=5e-3, weight_decay=5e-4)
        )

        def loss(index: Tensor) -> Tensor:
            predicted = network(*(given[index] for given in inputs))
            # A number whose gradient is the lambdas: LambdaRank has no cost function of its own.
            cost: Tensor = lambdas(predicted.detach(), relevant[index], self.discount) @ predicted
            return cost

        train(network, loss, len(scores), schedule, generator)
