"""Widths of a speech network, and what its layers cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness import Architecture, HarnessError
from harness.live.speech.mel import MELS
from harness.live.speech.phonemes import SYMBOLS
from spaces.tts.space import HEADS, KERNELS, LAYERS

# The utterance whose cost is stated: about the mean of LJSpeech, 6.6 s.
TOKENS, FRAMES = 90, 570


@dataclass(frozen=True)
class Cost:
    """What is counted of layers.

    Attributes:
        parameters: weights, scales, shifts and biases.
        multiply_adds: of convolutions, LSTMs and matrix products for one utterance.
    """

    parameters: int = 0
    multiply_adds: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


def _linear(inputs: int, outputs: int, positions: int) -> Cost:
    """A linear layer with biases."""
    return Cost((inputs + 1) * outputs, inputs * outputs * positions)


@dataclass(frozen=True)
class Shape:
    """Everything about a network that is not its operations.

    Attributes:
        width: of all layers.
        feed_forward: inner width of what follows self-attention.
        prenet: width of the two layers that the decoder reads frames through.
        heads: of the attention of the decoder to the encoder.
        group: frames that a step of the decoder gives.
        dropout: share of what layers add that training leaves out.
        prenet_dropout: the same of the prenet's activations.
    """

    width: int
    feed_forward: int
    prenet: int
    heads: int
    group: int
    dropout: float
    prenet_dropout: float

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Shape:
        """The shape that a table of a recipe describes.

        Raises:
            HarnessError: heads do not divide the width.
        """
        shape = cls(**table)
        if wrong := [heads for heads in (*HEADS, shape.heads) if shape.width % heads]:
            raise HarnessError(f"width {shape.width} cannot be parted among {wrong[0]} heads")
        return shape

    @property
    def norm(self) -> Cost:
        """A layer normalisation."""
        return Cost(2 * self.width)

    def steps(self, frames: int) -> int:
        """Steps of the decoder for so many frames."""
        return -(-frames // self.group)

    def operation_cost(self, operation: int, positions: int) -> Cost:
        """An operation of the space over so many positions, with its normalisations."""
        width = self.width
        if operation < len(KERNELS):
            return self.norm + _linear(KERNELS[operation] * width, width, positions)
        if operation < len(KERNELS) + len(HEADS):
            inner = _linear(width, self.feed_forward, positions)
            outer = _linear(self.feed_forward, width, positions)
            attention = self._attention_cost(positions, positions)
            return attention + self.norm + inner + outer
        # Four gates that read the input and the state, with two biases each.
        return self.norm + Cost(8 * width * (width + 1), 8 * width**2 * positions)

    def _attention_cost(self, queries: int, keys: int) -> Cost:
        width = self.width
        own, others = _linear(width, width, queries), _linear(width, width, keys)
        products = Cost(0, 2 * queries * keys * width)
        return self.norm + own + own + others + others + products

    def cost(self, arch: Architecture, tokens: int = TOKENS, frames: int = FRAMES) -> Cost:
        """Of the network of an architecture, for one utterance whose frames are all known."""
        width, prenet, steps = self.width, self.prenet, self.steps(frames)
        total = self.norm + self.norm + Cost(len(SYMBOLS) * width + 2)
        total += _linear(MELS, prenet, steps) + _linear(prenet, prenet, steps)
        total += _linear(prenet, width, steps)
        total += _linear(width, self.group * MELS + 1, steps)
        for operation in arch[:LAYERS]:
            total += self.operation_cost(operation, tokens)
        for operation in arch[LAYERS:]:
            total += self.operation_cost(operation, steps) + self._attention_cost(steps, tokens)
        return total

    def properties(self, arch: Architecture) -> dict[str, float]:
        """``parameters``, and ``flops``: twice the multiply-adds."""
        cost = self.cost(arch)
        return {"parameters": float(cost.parameters), "flops": 2.0 * cost.multiply_adds}
