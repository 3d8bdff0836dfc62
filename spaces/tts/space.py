"""The search space of SemiNAS for text to speech."""

from __future__ import annotations

from harness import Architecture, Decision, Panel, SearchSpace

KERNELS = (1, 5, 9, 13, 17, 21, 25)
HEADS = (2, 4, 8)
OPERATIONS = (
    *(f"conv{kernel}" for kernel in KERNELS),
    *(f"attention{heads}" for heads in HEADS),
    "lstm",
)
LAYERS = 6


class TtsSpace(SearchSpace):
    """Six layers of an encoder and six of a decoder (Luo et al., SemiNAS, NeurIPS 2020).

    Each layer is a convolution with one of seven kernels, self-attention with 2, 4 or 8 heads, or
    an LSTM: 11^12 = 3.1e12 architectures, all of them different.
    """

    def __init__(self) -> None:
        """Make it."""
        decisions = [
            Decision(f"{side} layer{layer}", OPERATIONS)
            for side in ("encoder", "decoder")
            for layer in range(1, LAYERS + 1)
        ]
        super().__init__("tts", decisions)

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """The layers of the encoder, and those of the decoder."""
        names = [OPERATIONS[op] for op in arch]
        return Panel.chain("encoder", names[:LAYERS]), Panel.chain("decoder", names[LAYERS:])
