"""What an autoencoder costs, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spaces.cae.space import Layer

COLOURS = 3
LAST_KERNEL = 3


def scaled(layers: Sequence[Layer], width: float) -> tuple[Layer, ...]:
    """The layers with so many times their channels, rounded, at least one."""
    return tuple(replace(layer, channels=channels(layer.channels, width)) for layer in layers)


def channels(number: int, width: float) -> int:
    """So many times a number of channels, rounded, at least one."""
    return max(1, round(width * number))


def properties(layers: Sequence[Layer], side: int) -> dict[str, float]:
    """Parameters, and FLOPs of one image, a multiply-add counted as two.

    A transposed convolution multiplies each of its inputs with its whole kernel.

    Args:
        layers: of the encoder.
        side: pixels of an image's side.
    """
    inputs = [COLOURS, *(layer.channels for layer in layers)]
    # The mirror of a layer reads what the mirror of the next one gives.
    mirrored = [*inputs[2:], inputs[-1]]
    parameters = LAST_KERNEL**2 * inputs[1] * COLOURS
    flops = parameters * side**2
    for layer, given, mirror in zip(layers, inputs, mirrored, strict=False):
        side = side if layer.skip else -(-side // 2)
        weights = layer.kernel**2 * layer.channels * (given + mirror)
        parameters += weights
        flops += weights * side**2
    return {"parameters": float(parameters), "flops": float(2 * flops)}
