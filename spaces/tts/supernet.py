"""The supernet of the text-to-speech space: all operations in all layers; needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness import Architecture
from harness.live.examples import Values
from harness.live.stochastic import give_generator
from harness.live.supernet import Plan, Supernet
from spaces.tts.network import SpeechNetwork
from spaces.tts.shape import Shape
from spaces.tts.space import LAYERS, OPERATIONS


class SpeechSupernet(Supernet):
    """A speech network with every operation in every layer.

    Layers normalise each position by itself, so there are no statistics of batches, whatever a
    method asks for. The weights of a mixture multiply what operations add to a layer's input.
    """

    choices = (OPERATIONS,) * (2 * LAYERS)
    joins = ()

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        """Make it.

        Args:
            shape: of the network.
            generator: draws the weights, and what dropout leaves out until it is given another one.
        """
        super().__init__()
        self.network = SpeechNetwork([range(len(OPERATIONS))] * len(self.choices), shape, generator)
        give_generator(self, generator)

    def forward(self, images: Values, plan: Plan) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """See `SpeechNetwork.forward`."""
        found: tuple[Tensor, Tensor, Tensor] = self.network(images, plan)
        return found

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest operation of each layer; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{op: None} for op in arch]

    def reset_statistics(self) -> None:
        """There are none."""
