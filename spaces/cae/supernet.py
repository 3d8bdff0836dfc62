"""The supernet of the autoencoders: a kernel for every kind of every node; needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness import Architecture, HarnessError
from harness.live.supernet import Plan, Supernet
from spaces.cae.costs import COLOURS, LAST_KERNEL, channels, scaled
from spaces.cae.network import Unit, autoencoded, initialise, stride
from spaces.cae.space import KERNELS, NODES, WHOLE_NUMBERS, CaeSpace, Layer


class CaeSupernet(Supernet):
    """Autoencoders whose kernels are cut out of larger ones.

    Each of the six kinds of a node (three kernels, with and without skip connection) has a
    convolution and a transposed one from and to the most channels. A path with fewer channels reads
    missing ones as zeros and drops what is too many, which is the same as using the first channels
    of the kernels only, and cheaper. Choices are steps in a chain, so there are paths and no
    mixtures.
    """

    joins = ()

    def __init__(self, space: CaeSpace, width: float, generator: torch.Generator) -> None:
        """Make it.

        Args:
            space: of the architectures.
            width: so many times the channels of the space.
            generator: draws the weights.
        """
        super().__init__()
        self.choices = tuple(decision.choices for decision in space.decisions)
        self._space, self._width = space, width
        most = channels(int(WHOLE_NUMBERS[-1]), width)
        kinds = [
            (node, Layer(int(kernel), most, skip))
            for node in range(1, NODES + 1)
            for kernel in KERNELS
            for skip in (False, True)
        ]
        shapes = {_name(node, kind): (most, most, kind.kernel, kind.kernel) for node, kind in kinds}
        self.encoder = nn.ParameterDict(
            {name: nn.Parameter(torch.empty(shape)) for name, shape in shapes.items()}
        )
        self.decoder = nn.ParameterDict(
            {name: nn.Parameter(torch.empty(shape)) for name, shape in shapes.items()}
        )
        self.last = nn.Parameter(torch.empty(most, COLOURS, LAST_KERNEL, LAST_KERNEL))
        initialise(self, generator)

    def forward(self, images: Tensor, plan: Plan) -> Tensor:
        """Completed images.

        Args:
            images: shape (n, 3, side, side).
            plan: a path.

        Returns:
            The same shape.

        Raises:
            HarnessError: a decision has no or several choices, or one with a weight.
        """
        if any(len(entry) != 1 or None not in entry.values() for entry in plan):
            raise HarnessError(
                f"{self._space.id} has paths only: choices cannot be weighed against each other. "
                "Take a method that draws paths, such as asng-nas, rsps or spos"
            )
        nodes = self._space.nodes(tuple(choice for entry in plan for choice in entry))
        layers = scaled([layer for _, layer in nodes], self._width)
        names = [_name(node, layer) for node, layer in nodes]
        given = [COLOURS, *(layer.channels for layer in layers)]
        encoder: list[Unit] = [
            partial(
                functional.conv2d,
                weight=self.encoder[name][: layer.channels, :inputs],
                stride=stride(layer),
                padding=layer.kernel // 2,
            )
            for name, layer, inputs in zip(names, layers, given, strict=False)
        ]
        decoder: list[Unit] = [
            partial(
                functional.conv_transpose2d,
                weight=self.decoder[name][:inputs, : layer.channels],
                stride=stride(layer),
                padding=layer.kernel // 2,
                output_padding=stride(layer) - 1,
            )
            for name, layer, inputs in zip(names, layers, [*given[2:], given[-1]], strict=True)
        ]
        last = partial(
            functional.conv_transpose2d, weight=self.last[: given[1]], padding=LAST_KERNEL // 2
        )
        return autoencoded(images, layers, encoder, decoder, last)

    def derive(self, strengths: Sequence[NDArray[np.float64]]) -> Architecture:
        """The strongest choice of each decision; the first one of equals."""
        return tuple(int(np.argmax(strength)) for strength in strengths)

    def path(self, arch: Architecture) -> Plan:
        """See `Supernet.path`."""
        return [{choice: None} for choice in arch]

    def reset_statistics(self) -> None:
        """There are none."""


def _name(node: int, layer: Layer) -> str:
    return f"node{node}-{layer.kernel}-{'skip' if layer.skip else 'no_skip'}"
