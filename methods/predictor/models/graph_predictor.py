"""What predictors share that show architectures to a network as graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness import Predictor

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from methods.predictor.models.graph_networks import GraphNetwork, Inputs
    from methods.predictor.models.training import Schedule

Network = TypeVar("Network", bound="GraphNetwork")

# Trained as published, or with fewer and larger steps.
Pace = Literal["fast", "published"]

# What `fast` was measured to need: labels a step, passes over the labels, and the largest rate.
SMALLEST, LARGEST = 10, 64
EPOCHS = 80
RATE = 0.01
WEIGHT_DECAY = 1e-4

# Architectures predicted at once: their states stay in the cache of one core.
CHUNK = 512


def fast(n: int) -> Schedule:
    """One cycle for n labels: a quarter of them a step, within bounds.

    Fewer than 60 labels are passed over less often: in the first rounds of a search nothing can be
    learned that would be worth more steps.
    """
    from methods.predictor.models.training import Schedule

    batch = min(LARGEST, max(SMALLEST, n // 4))
    epochs = min(EPOCHS, EPOCHS - 60 + n)
    return Schedule(epochs, batch, RATE, "one-cycle", weight_decay=WEIGHT_DECAY)


class GraphPredictor(Predictor):
    """A predictor with a network that reads graphs."""

    extra: ClassVar[str] = "neural"

    def needs(self) -> frozenset[str]:
        """See `Predictor.needs`."""
        return frozenset({"graph"})

    def train_network(
        self,
        archs: NDArray[np.int64],
        make: Callable[[int, Generator], Network],
        loss: Callable[[Network, Inputs, Tensor], Tensor],
        schedule: Schedule,
        examples: int | None = None,
    ) -> None:
        """Make a network and train it; it is asked by `outputs` then.

        Args:
            archs: shape (n, decisions).
            make: takes the number of kinds of operations and a generator.
            loss: the mean loss of examples, of the network, all its inputs and the indices of the
                examples.
            schedule: of the training.
            examples: number of examples; one an architecture where None.
        """
        from harness.live.torch_tools import one_thread, torch_generator
        from methods.predictor.models.training import train

        generator = torch_generator(self.rng)
        graphs = self.space.graphs(archs)
        with one_thread():
            network = make(graphs.operations.shape[2], generator)
            inputs = network.prepare(graphs)
            count = len(archs) if examples is None else examples

            def loss_of(index: Tensor) -> Tensor:
                return loss(network, inputs, index)

            train(network, loss_of, count, schedule, generator)
            network.settle(inputs)
        self._network: GraphNetwork = network

    def outputs(
        self, archs: NDArray[np.int64], of: Callable[[Tensor], Tensor] | None = None
    ) -> NDArray[np.float64]:
        """Outputs of the network for architectures, or a function of these, one row each."""
        import torch

        from harness.live.torch_tools import one_thread

        parts = []
        with one_thread(), torch.no_grad():
            for start in range(0, len(archs), CHUNK):
                graphs = self.space.graphs(archs[start : start + CHUNK])
                part = self._network(*self._network.prepare(graphs))
                parts.append(part if of is None else of(part))
            return np.asarray(torch.cat(parts).double().numpy())
