"""Ensembles of small fully connected networks that compute as one: their weights are stacked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

Loss = Literal["mae", "mse"]


class StackedMLP:
    """Networks of one shape: linear layers with a ReLU between them, and one number as output.

    The members share nothing but the operations: each layer of all of them is one batched product.
    The gradient is written out, since for layers this small the bookkeeping of automatic
    differentiation takes more time than the arithmetic.

    Attributes:
        parameters: all weights and biases of all members, one vector, so that a step of an
            optimiser is one operation too; its ``grad`` is what `differentiate` found.
        weights: of each layer, views of the parameters, shape (members, inputs, outputs).
        biases: of each layer, views of the parameters, shape (members, 1, outputs).
    """

    def __init__(self, members: int, sizes: Sequence[int], generator: torch.Generator) -> None:
        """Draw weights uniformly as Glorot and Bengio (AISTATS 2010); biases are 0.

        Args:
            members: number of networks.
            sizes: number of inputs, of units of each hidden layer, and 1 for the output.
            generator: of the weights.
        """
        self.members = members
        layers = list(pairwise(sizes))
        self.parameters = torch.zeros(members * sum((a + 1) * b for a, b in layers))
        self.parameters.grad = torch.zeros_like(self.parameters)
        self.weights, self.biases = _views(self.parameters, members, layers)
        self._weight_grads, self._bias_grads = _views(self.parameters.grad, members, layers)
        for weight, (inputs, outputs) in zip(self.weights, layers, strict=True):
            bound = math.sqrt(6 / (inputs + outputs))
            weight.uniform_(-bound, bound, generator=generator)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Outputs of all members, shape (members, n), for inputs of shape (n, features)."""
        return self._states(inputs.expand(self.members, -1, -1))[-1][..., 0]

    def differentiate(self, inputs: Tensor, targets: Tensor, loss: Loss) -> None:
        """Set the gradient of the mean loss of every member on examples of its own.

        Args:
            inputs: shape (members, n, features).
            targets: shape (members, n).
            loss: absolute or squared error.
        """
        states = self._states(inputs)
        error = states[-1] - targets[..., None]
        upper = error.sign_() if loss == "mae" else error.mul_(2)
        upper.div_(targets.shape[1])
        for i in range(len(self.weights) - 1, -1, -1):
            torch.bmm(states[i].mT, upper, out=self._weight_grads[i])
            torch.sum(upper, 1, keepdim=True, out=self._bias_grads[i])
            if i:
                upper = torch.bmm(upper, self.weights[i].mT)
                upper.mul_(states[i] > 0)

    def _states(self, inputs: Tensor) -> list[Tensor]:
        """The inputs of each layer, then the outputs."""
        states = [inputs]
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if i:
                states[-1].relu_()
            states.append(torch.baddbmm(bias, states[-1], weight))
        return states


def _views(
    vector: Tensor, members: int, layers: Sequence[tuple[int, int]]
) -> tuple[list[Tensor], list[Tensor]]:
    parts = iter(torch.split(vector, [members * k for a, b in layers for k in (a * b, b)]))
    weights, biases = [], []
    for inputs, outputs in layers:
        weights.append(next(parts).view(members, inputs, outputs))
        biases.append(next(parts).view(members, 1, outputs))
    return weights, biases


def member_batches(members: int, n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of n examples, each member's in an order of its own, in batches.

    Yields:
        Shape (members, size); the last one may be smaller.
    """
    order = torch.rand(members, n, generator=generator).argsort(dim=1)
    return iter(torch.split(order, size, dim=1))


def train_stacked(
    network: StackedMLP,
    inputs: Tensor,
    targets: Tensor,
    generator: torch.Generator,
    *,
    epochs: int,
    batch: int,
    rate: float,
    beta2: float,
    loss: Loss,
) -> None:
    """Train all members with Adam at a constant rate.

    Args:
        network: its parameters are changed.
        inputs: shape (n, features).
        targets: shape (n,).
        generator: of the order of the examples.
        epochs: passes over the examples.
        batch: examples a step.
        rate: of Adam.
        beta2: of Adam.
        loss: see `StackedMLP.differentiate`.
    """
    optimiser = torch.optim.Adam([network.parameters], lr=rate, betas=(0.9, beta2), fused=True)
    for _ in range(epochs):
        for index in member_batches(network.members, len(inputs), batch, generator):
            network.differentiate(inputs[index], targets[index], loss)
            optimiser.step()
