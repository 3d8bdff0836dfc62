"""Autoencoders of one architecture; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from harness.live.batches import channels_last
from spaces.cae.costs import COLOURS, LAST_KERNEL
from spaces.cae.space import Layer

Unit = Callable[[Tensor], Tensor]


class Autoencoder(nn.Module):
    """A convolution and its mirror image for each layer, and a last layer to colours.

    The mirror of a layer has its kernel, stride and channels, and reads what the mirror of the next
    layer gives. No layer has a bias (released code of Akimoto et al., ICML 2019).
    """

    def __init__(self, layers: Sequence[Layer], generator: torch.Generator) -> None:
        """Make it with new weights.

        Args:
            layers: of the encoder, from the image on.
            generator: draws the weights.
        """
        super().__init__()
        self._layers = tuple(layers)
        widths = [COLOURS, *(layer.channels for layer in layers)]
        mirrored = [*widths[2:], widths[-1]]
        self.encoder = nn.ModuleList(
            skip_init(nn.Conv2d, given, layer.channels, layer.kernel, **geometry(layer))
            for given, layer in zip(widths, layers, strict=False)
        )
        self.decoder = nn.ModuleList(
            skip_init(
                nn.ConvTranspose2d,
                given,
                layer.channels,
                layer.kernel,
                output_padding=stride(layer) - 1,
                **geometry(layer),
            )
            for given, layer in zip(mirrored, layers, strict=True)
        )
        self.last = skip_init(
            nn.ConvTranspose2d,
            widths[1],
            COLOURS,
            LAST_KERNEL,
            padding=LAST_KERNEL // 2,
            bias=False,
        )
        initialise(self, generator)

    def forward(self, images: Tensor) -> Tensor:
        """Images of the same shape, (n, 3, side, side); values can be below 0 and above 1."""
        return autoencoded(images, self._layers, list(self.encoder), list(self.decoder), self.last)


def autoencoded(
    images: Tensor,
    layers: Sequence[Layer],
    encoder: Sequence[Unit],
    decoder: Sequence[Unit],
    last: Unit,
) -> Tensor:
    """Compress images and restore them.

    Args:
        images: shape (n, 3, side, side).
        layers: of the encoder.
        encoder: the convolution of each layer.
        decoder: the mirror of each layer, in the same order.
        last: gives the colours.
    """
    x, added = channels_last(images), []
    for layer, convolve in zip(layers, encoder, strict=True):
        x = functional.relu(convolve(x))
        added.append(x if layer.skip else None)
    for restore, skipped in zip(reversed(decoder), reversed(added), strict=True):
        x = restore(x)
        x = functional.relu(x if skipped is None else x + skipped)
    return last(x)


def stride(layer: Layer) -> int:
    """1 with a skip connection, 2 without."""
    return 1 if layer.skip else 2


def geometry(layer: Layer) -> dict[str, int]:
    """Stride, padding and bias of a layer and its mirror."""
    return {"stride": stride(layer), "padding": layer.kernel // 2, "bias": False}


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights from ``uniform(-b, b)``, ``b = 1 / sqrt(fan_in)``.

    That is torch's default, for which the second dimension of a kernel counts as its inputs, also
    where a transposed convolution has its outputs there.
    """
    with torch.no_grad():
        for weight in network.parameters():
            bound = weight[0].numel() ** -0.5
            weight.uniform_(-bound, bound, generator=generator)
