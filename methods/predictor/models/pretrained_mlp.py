"""The predictor of FBNetV3 (Dai et al., CVPR 2021, "Joint Architecture-Recipe Search")."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.pretrained import FloatArray, PretrainedPredictor, Rows
from methods.predictor.models.targets import targets_of
from methods.predictor.models.weak_labels import of_properties

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from methods.predictor.models.pretrained_networks import Network
    from methods.predictor.models.training import Schedule

# Smallest mini-batch, and mini-batches an epoch at most: more labels make them larger, so that no
# fit takes more than so many steps.
BATCH, BATCHES = 16, 16


class PretrainedMLP(PretrainedPredictor):
    """A network over features that first learns what is known of architectures for free.

    The encoder learns the free properties of many architectures (parameters, FLOPs ...) through a
    proxy head with one output each, in the Huber loss; then a head for the score takes its place,
    which learns with the encoder frozen first and together with it then (Dai et al., CVPR 2021,
    section 3). ``pretrain=false`` is the same network without the first step and without the
    frozen one, whose epochs it trains as a whole. Where the benchmark knows no property of an
    architecture, the two are the same.

    Sizes and schedules of the paper are not public here, so all numbers are ours, chosen on
    NAS-Bench-201. So is what is learned: scores become normal by their ranks, because a few
    networks that do not train at all would set the scale otherwise. The predictions are on that
    scale.

    Attributes:
        width: of each layer.
        depth: layers of the encoder.
        dropout: in front of the head for the score.
        epochs: of learning scores, half of them with the encoder frozen.
        rate: largest learning rate of that.
        weak_epochs: of learning properties.
    """

    width: int = 128
    depth: int = 3
    dropout: float = 0.3
    epochs: int = 60
    rate: float = 2e-3
    weak_epochs: int = 20

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, width=(1, inf), depth=(1, inf), dropout=(0, 0.99))
        require(self, epochs=(2, inf), rate=(1e-12, inf), weak_epochs=(1, inf))

    def weak_labels(self, archs: Rows) -> FloatArray:
        """The free properties."""
        return of_properties(self.space, archs, self.properties)

    def inputs(self, archs: Rows) -> tuple[Tensor, ...]:
        """The features."""
        import torch

        return (torch.from_numpy(self.space.features(archs)).double(),)

    def network(self, inputs: tuple[Tensor, ...], generator: Generator) -> Network:
        """The encoder, dropout and a linear head."""
        import torch

        from methods.predictor.models import layers
        from methods.predictor.models import pretrained_networks as parts

        encoder = parts.FeatureEncoder(inputs[0], self.width, self.depth, generator)
        return parts.Network(
            encoder,
            torch.nn.Sequential(
                layers.Dropout(self.dropout, generator), layers.linear(self.width, 1, generator)
            ),
        )

    def learn_weak(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        labels: NDArray[np.float32],
        generator: Generator,
    ) -> None:
        """Huber loss, mini-batches of 128."""
        from torch.nn import functional

        from methods.predictor.models.pretrained_networks import learn_weak_labels
        from methods.predictor.models.training import Schedule

        schedule = Schedule(self.weak_epochs, batch=128, rate=3e-3)
        learn_weak_labels(
            network.encoder, inputs, labels, functional.huber_loss, schedule, generator
        )

    def tune(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        scores: FloatArray,
        pretrained: bool,
        generator: Generator,
    ) -> None:
        """Huber loss of the normal quantiles of the scores' ranks."""
        import torch
        from torch.nn import functional

        from methods.predictor.models.training import train

        targets = torch.from_numpy(targets_of(scores, "ranks")[0]).float()
        whole = self.epochs
        if pretrained:
            whole = self.epochs // 2
            with torch.no_grad():
                codes = network.encoder(*inputs)

            def head_loss(index: Tensor) -> Tensor:
                return functional.huber_loss(network.head(codes[index])[:, 0], targets[index])

            # What is linear in the codes bears ten times the rate of the whole network.
            schedule = self._schedule(self.epochs - whole, 10 * self.rate, len(scores))
            train(network.head, head_loss, len(scores), schedule, generator)

        def loss(index: Tensor) -> Tensor:
            return functional.huber_loss(
                network(*(given[index] for given in inputs)), targets[index]
            )

        train(network, loss, len(scores), self._schedule(whole, self.rate, len(scores)), generator)

    def _schedule(self, epochs: int, rate: float, n: int) -> Schedule:
        from methods.predictor.models.training import Schedule

        return Schedule(epochs, max(BATCH, ceil(n / BATCHES)), rate)
