"""Encoders of architectures, with heads for weak labels or scores behind them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness import Graphs
from methods.predictor.models.layers import linear
from methods.predictor.models.training import Schedule, train

Loss = Callable[[Tensor, Tensor], Tensor]


class FeatureEncoder(torch.nn.Module):
    """Linear layers with ReLU over features that are scaled to a range from 0 to 1."""

    low: Tensor
    span: Tensor

    def __init__(
        self, features: Tensor, width: int, depth: int, generator: torch.Generator
    ) -> None:
        """Draw weights, and take the ranges from features of shape (n, features)."""
        super().__init__()
        low, high = features.amin(0), features.amax(0)
        self.register_buffer("low", low)
        self.register_buffer("span", torch.where(high > low, high - low, 1.0))
        sizes = [features.shape[1]] + [width] * depth
        self.layers = torch.nn.ModuleList(
            linear(before, after, generator) for before, after in pairwise(sizes)
        )
        self.width = width

    def forward(self, features: Tensor) -> Tensor:
        """Codes of architectures, shape (n, width)."""
        x = ((features - self.low) / self.span).float()
        for layer in self.layers:
            x = functional.relu(layer(x))
        return x


class GraphEncoder(torch.nn.Module):
    """Graph convolutions with ReLU, and a linear layer over the mean and maximum of the nodes."""

    def __init__(
        self, kinds: int, hidden: int, depth: int, width: int, generator: torch.Generator
    ) -> None:
        """Draw weights."""
        super().__init__()
        sizes = [kinds] + [hidden] * depth
        self.convolutions = torch.nn.ModuleList(
            linear(before, after, generator) for before, after in pairwise(sizes)
        )
        self.out = linear(2 * hidden, width, generator)
        self.width = width

    @staticmethod
    def inputs(graphs: Graphs) -> tuple[Tensor, Tensor]:
        """Operations, and what each node takes from each: the normalised adjacency.

        Edges count in both directions and each node has one to itself; an entry is divided by the
        roots of both nodes' degrees (Kipf and Welling, ICLR 2017, section 2).
        """
        nodes, edges = torch.from_numpy(graphs.operations), torch.from_numpy(graphs.adjacency)
        both = ((edges + edges.mT) > 0).float() + torch.eye(edges.shape[1])
        scale = both.sum(2).rsqrt()
        return nodes, scale[:, :, None] * both * scale[:, None]

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Codes of architectures, shape (n, width)."""
        real = nodes.sum(2, keepdim=True)
        x = nodes
        for layer in self.convolutions:
            x = functional.relu(adjacency @ layer(x))
        # All are positive here, so that padding, set to zero, is never the maximum.
        x = x * real
        pooled = torch.cat([x.sum(1) / real.sum(1), x.amax(1)], dim=1)
        return functional.relu(self.out(pooled))


class Network(torch.nn.Module):
    """An encoder and a head behind it."""

    def __init__(self, encoder: FeatureEncoder | GraphEncoder, head: torch.nn.Module) -> None:
        """Put the head, with one output, behind the encoder."""
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, *inputs: Tensor) -> Tensor:
        """Scores, shape (n,)."""
        scores: Tensor = self.head(self.encoder(*inputs))[:, 0]
        return scores


def learn_weak_labels(
    encoder: FeatureEncoder | GraphEncoder,
    inputs: tuple[Tensor, ...],
    labels: NDArray[np.float32],
    loss: Loss,
    schedule: Schedule,
    generator: torch.Generator,
) -> None:
    """Teach an encoder labels through a linear head for each, which is thrown away.

    Args:
        encoder: its weights are changed.
        inputs: n rows in each.
        labels: shape (n, labels), standardised.
        loss: of predictions and labels, a mean.
        schedule: of the training.
        generator: the only source of randomness.
    """
    targets = torch.from_numpy(labels)
    network = torch.nn.ModuleList([encoder, linear(encoder.width, labels.shape[1], generator)])

    def loss_of(index: Tensor) -> Tensor:
        encoded = encoder(*(given[index] for given in inputs))
        return loss(network[1](encoded), targets[index])

    train(network, loss_of, len(targets), schedule, generator)
