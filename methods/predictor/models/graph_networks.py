"""Networks that read architectures as graphs, in dense batches padded to one size."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from harness import Graphs
from methods.predictor.models.layers import Dropout, linear

# One row an architecture in each.
Inputs = tuple[Tensor, ...]


class GraphNetwork(torch.nn.Module, ABC):
    """Outputs of graphs: `prepare` once what needs no weights, then compute on rows of it."""

    @staticmethod
    @abstractmethod
    def prepare(graphs: Graphs) -> Inputs:
        """What `forward` takes, made of n graphs."""

    @abstractmethod
    def forward(self, *inputs: Tensor) -> Tensor:
        """Outputs, shape (n, outputs)."""

    def settle(self, inputs: Inputs) -> None:
        """Fix what depends on all examples at once, when the weights are learned."""


def _read(graphs: Graphs) -> tuple[Tensor, Tensor, Tensor]:
    """Operations, edges and which nodes are no padding, of shapes (n, V, K), (n, V, V), (n, V)."""
    nodes = torch.from_numpy(graphs.operations)
    return nodes, torch.from_numpy(graphs.adjacency), nodes.sum(2)


def _mean_of(real: Tensor) -> Tensor:
    """The row vectors which the nodes' states are multiplied with for their mean, (n, 1, V)."""
    return (real / real.sum(1, keepdim=True))[:, None]


class DirectedGCN(GraphNetwork):
    """The network of the Neural Predictor (Wen et al., ECCV 2020, section 3.1).

    A layer takes the mean of a node and its successors, and with other weights that of a node and
    its predecessors; each goes through a ReLU, and the two are averaged. The mean of all nodes goes
    through two linear layers with nothing between them but dropout. There are no biases, so that
    padding stays 0.
    """

    def __init__(
        self,
        kinds: int,
        generator: torch.Generator,
        *,
        hidden: int,
        layers: int,
        head: int,
        dropout: float,
    ) -> None:
        """Draw weights uniformly as Glorot and Bengio (AISTATS 2010).

        Args:
            kinds: of operations.
            generator: of weights and dropout.
            hidden: numbers a node.
            layers: of convolution.
            head: numbers between the two linear layers.
            dropout: probability that a number is dropped, after each layer but the last.
        """
        super().__init__()

        def weight(inputs: int, outputs: int) -> torch.nn.Parameter:
            bound = math.sqrt(6 / (inputs + outputs))
            drawn = torch.empty(inputs, outputs).uniform_(-bound, bound, generator=generator)
            return torch.nn.Parameter(drawn)

        sizes = [kinds] + [hidden] * layers
        shapes = list(pairwise(sizes))
        self.along = torch.nn.ParameterList(weight(*shape) for shape in shapes)
        self.against = torch.nn.ParameterList(weight(*shape) for shape in shapes)
        self.inner, self.outer = weight(hidden, head), weight(head, 1)
        self.dropout = Dropout(dropout, generator)

    @staticmethod
    def prepare(graphs: Graphs) -> Inputs:
        """Operations, what a node takes along edges and against them, and the mean of the nodes."""
        nodes, edges, real = _read(graphs)
        loops = edges + torch.eye(edges.shape[1])
        # The average of two directions is halved here, once: a ReLU lets factors through.
        along = 0.5 * loops / loops.sum(2, keepdim=True)
        against = 0.5 * loops.mT / loops.mT.sum(2, keepdim=True)
        return nodes, along, against.contiguous(), _mean_of(real)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Outputs, shape (n, 1)."""
        x, along, against, mean = inputs
        n, size, _ = x.shape
        for forth, back in zip(self.along, self.against, strict=True):
            flat = x.reshape(n * size, -1)
            forwards = torch.relu(torch.bmm(along, (flat @ forth).view(n, size, -1)))
            backwards = torch.relu(torch.bmm(against, (flat @ back).view(n, size, -1)))
            x = self.dropout(forwards + backwards)
        pooled = torch.bmm(mean, x)[:, 0]
        outputs: Tensor = self.dropout(pooled @ self.inner) @ self.outer
        return outputs


class GINetwork(GraphNetwork):
    """The network of NPENAS (Wei et al., TNNLS 2022): graph isomorphism layers.

    A layer (Xu et al., ICLR 2019, equation 4.1, with epsilon 0) sends the sum of a node and its
    predecessors through two linear layers, an activation and batch normalisation. The mean of all
    nodes goes through a linear layer, the activation, dropout and a linear layer; with two outputs,
    the second one has a linear layer of its own between. Batches are normalised over their nodes
    without padding; predictions use the statistics of all examples, see `settle`.
    """

    def __init__(
        self,
        kinds: int,
        generator: torch.Generator,
        *,
        hidden: int,
        layers: int,
        head: int,
        dropout: float,
        outputs: int,
    ) -> None:
        """Draw weights.

        Args:
            kinds: of operations.
            generator: of weights and dropout.
            hidden: numbers a node.
            layers: of convolution.
            head: numbers between the last two linear layers.
            dropout: probability that one of these is dropped.
            outputs: 1, with ReLU as activation, or 2, with CELU.
        """
        super().__init__()
        sizes = [kinds] + [hidden] * layers
        self.first = torch.nn.ModuleList(linear(size, hidden, generator) for size in sizes[:-1])
        self.second = torch.nn.ModuleList(linear(hidden, hidden, generator) for _ in sizes[:-1])
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(hidden) for _ in sizes[:-1])
        self.inner = torch.nn.ModuleList(linear(hidden, head, generator) for _ in range(outputs))
        self.outer = torch.nn.ModuleList(linear(head, 1, generator) for _ in range(outputs))
        self.dropout = Dropout(dropout, generator)
        self.activation = functional.relu if outputs == 1 else functional.celu

    @staticmethod
    def prepare(graphs: Graphs) -> Inputs:
        """Operations, what a node sums up, what is no padding, and the mean of the nodes."""
        nodes, edges, real = _read(graphs)
        sums = edges.mT + torch.eye(edges.shape[1])
        return nodes, sums.contiguous(), real > 0, _mean_of(real)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Outputs, shape (n, outputs)."""
        x, sums, real, mean = inputs
        n, size, _ = x.shape
        padded = None if bool(real.all()) else real.flatten().logical_not().nonzero()[:, 0]
        kept = None if padded is None else real.flatten().nonzero()[:, 0]
        for first, second, norm in zip(self.first, self.second, self.norms, strict=True):
            flat = torch.bmm(sums, x).view(n * size, -1)
            if kept is not None:
                flat = flat[kept]
            flat = norm(self.activation(second(functional.relu(first(flat)))))
            if kept is not None:
                flat = flat.new_zeros(n * size, flat.shape[1]).index_copy(0, kept, flat)
            x = flat.view(n, size, -1)
        pooled = torch.bmm(mean, x)[:, 0]
        codes = [self.activation(inner(pooled)) for inner in self.inner]
        codes[0] = self.dropout(codes[0])
        return torch.cat([o(code) for o, code in zip(self.outer, codes, strict=True)], dim=1)

    def settle(self, inputs: Inputs) -> None:
        """Take the statistics of all examples for batch normalisation.

        Running averages would be those of weights that few steps changed a lot.
        """
        for norm in self.norms:
            norm.momentum = 1.0  # type: ignore[assignment]
        self.train()
        with torch.no_grad():
            self(*inputs)
        self.eval()


class RelationNetwork(GraphNetwork):
    """The network of BRP-NAS (Dudziak et al., NeurIPS 2020, sections 3 and 4.2).

    A layer sends the sum of a node and its successors through a linear layer, layer normalisation,
    a ReLU and dropout. One more node takes from all the others, and its last state stands for the
    graph. A linear layer on the states of two graphs gives the logits of which one is better.
    """

    def __init__(
        self,
        kinds: int,
        generator: torch.Generator,
        *,
        hidden: int,
        layers: int,
        dropout: float,
    ) -> None:
        """Draw weights.

        Args:
            kinds: of operations, without that of the added node.
            generator: of weights and dropout.
            hidden: numbers a node.
            layers: of convolution.
            dropout: probability that a number is dropped, after each layer.
        """
        super().__init__()
        sizes = [kinds + 1] + [hidden] * layers
        self.layers = torch.nn.ModuleList(
            linear(inputs, hidden, generator) for inputs in sizes[:-1]
        )
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(hidden) for _ in sizes[:-1])
        self.dropout = Dropout(dropout, generator)
        self.head = linear(2 * hidden, 2, generator)

    @staticmethod
    def prepare(graphs: Graphs) -> Inputs:
        """Operations and what a node sums up, with the node that takes from all as the first."""
        nodes, edges, real = _read(graphs)
        n, size, kinds = nodes.shape
        operations = torch.zeros(n, size + 1, kinds + 1)
        operations[:, 1:, 1:] = nodes
        operations[:, 0, 0] = 1.0
        sums = torch.zeros(n, size + 1, size + 1)
        sums[:, 1:, 1:] = edges
        sums[:, 0, 1:] = real
        return operations, sums + torch.eye(size + 1)

    def forward(self, *inputs: Tensor) -> Tensor:
        """What stands for a graph, shape (n, hidden)."""
        x, sums = inputs
        for i, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True), start=1):
            # The last layer is only asked for what the first node takes.
            taken = sums[:, :1] if i == len(self.layers) else sums
            x = self.dropout(torch.relu(norm(layer(torch.bmm(taken, x)))))
        return x[:, 0]

    def logits(self, first: Tensor, second: Tensor) -> Tensor:
        """Of the first or the second of two graphs being better.

        Args:
            first: what stands for them, shape (..., hidden).
            second: the same of those they are compared with; the shapes are broadcast.

        Returns:
            Shape (..., 2).
        """
        of_first, of_second = self.head.weight.chunk(2, dim=1)
        logits: Tensor = first @ of_first.mT + second @ of_second.mT + self.head.bias
        return logits

    def scores(self, codes: Tensor) -> Tensor:
        """Numbers whose differences are the log-odds of being better, over both orders of a pair.

        The layer on a pair is linear, so that the log-odds of the first graph are a sum of a number
        of each graph and a constant. The mean of them and of those that the second graph is worse
        when it stands first is a difference, hence antisymmetric and transitive: sorting by these
        numbers is what a comparison sort with that comparator does.

        Args:
            codes: shape (n, hidden).

        Returns:
            Shape (n,).
        """
        odds = self.head.weight[0] - self.head.weight[1]
        first, second = odds.chunk(2)
        scores: Tensor = codes @ (0.5 * (first - second))
        return scores
