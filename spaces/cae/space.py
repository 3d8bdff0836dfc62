"""Symmetric convolutional autoencoders (Suganuma et al., ICML 2018) as ASNG-NAS searches them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2

from harness import Architecture, Decision, Panel, SearchSpace

NODES = 20
LEVELS_BACK = 5
KERNELS = ("1", "3", "5")
CHANNELS = ("64", "128", "256")
WHOLE_NUMBERS = tuple(map(str, range(64, 257)))
SKIPS = ("no_skip", "skip")


@dataclass(frozen=True)
class Layer:
    """A convolution of the encoder, which has a transposed one as its mirror image.

    Attributes:
        kernel: its size, 1, 3 or 5.
        channels: of its output.
        skip: True: stride 1, and its output is added in the mirror image. False: stride 2.
    """

    kernel: int
    channels: int
    skip: bool


class CaeSpace(SearchSpace):
    """Twenty nodes in a row, of which those on the way from the output to the image are layers.

    A node takes its input from the image or one of the five nodes before it, the output is one of
    the last five. The categorical space has three decisions a node (kernel and skip, channels,
    input), the mixed one four (skip, input, kernel, channels), of which kernel and channels, from
    64 to 256, are ordered. Images are halved by layers without skip connection; where nothing is
    left to halve, such a layer is left out (Akimoto et al., ICML 2019, and the released code).

    Attributes:
        side: pixels of an image's side.
    """

    def __init__(self, mixed: bool = False, side: int = 64) -> None:
        """Make the space.

        Args:
            mixed: whether kernels and channels are integers.
            side: pixels of an image's side.
        """
        super().__init__("cae-mixed" if mixed else "cae", list(_decisions(mixed)))
        self.side = side
        self._mixed, self._halvings = mixed, ceil(log2(side))

    def layers(self, arch: Architecture) -> tuple[Layer, ...]:
        """The encoder from the image on; never empty."""
        return tuple(layer for _, layer in self.nodes(arch))

    def nodes(self, arch: Architecture) -> tuple[tuple[int, Layer], ...]:
        """The layers of the encoder with the numbers of their nodes, from 1."""
        each = (len(arch) - 1) // NODES
        # Outputs are numbered: 0 is the image, and i is node i.
        place, found = NODES - LEVELS_BACK + 1 + arch[-1], []
        while place > 0:
            entries = arch[each * (place - 1) : each * place]
            found.append((place, self._layer(entries)))
            source = entries[1] if self._mixed else entries[2]
            place = max(0, place - LEVELS_BACK) + source
        halved, kept = 0, []
        for node, layer in reversed(found):
            if layer.skip or halved < self._halvings:
                kept.append((node, layer))
            halved += not layer.skip
        return tuple(kept)

    def _layer(self, entries: Architecture) -> Layer:
        if self._mixed:
            skip, _, kernel, channels = entries
            return Layer(int(KERNELS[kernel]), int(WHOLE_NUMBERS[channels]), bool(skip))
        kind, channels, _ = entries
        kernel, skip = divmod(kind, len(SKIPS))
        return Layer(int(KERNELS[kernel]), int(CHANNELS[channels]), bool(skip))

    def canonical(self, arch: Architecture) -> tuple[Layer, ...]:
        """The layers: where in the row they stand makes no difference."""
        return self.layers(arch)

    def drawing(self, arch: Architecture) -> tuple[Panel, ...]:
        """Convolutions, their mirror images, and which of them are joined by skip connections."""
        layers = self.layers(arch)
        words = [
            f"{own.kernel}x{own.kernel}, {own.channels}" + ("" if own.skip else ", stride 2")
            for own in layers
        ]
        mirrored = [f"transposed {word}" for word in reversed(words)]
        boxes = ("image", *(f"conv {word}" for word in words), *mirrored, "restored image")
        chain = Panel.chain("autoencoder", boxes)
        skips = [(i, len(boxes) - 1 - i, "") for i, own in enumerate(layers, 1) if own.skip]
        # The last layer and its mirror image follow each other in any case.
        edges = dict.fromkeys((*chain.edges, *skips))
        return (Panel(chain.name, boxes, tuple(edges)),)


def _decisions(mixed: bool) -> Iterator[Decision]:
    outputs = ("image", *(f"node{i}" for i in range(1, NODES + 1)))
    kinds = tuple(f"conv{kernel}_{skip}" for kernel in KERNELS for skip in SKIPS)
    for node in range(1, NODES + 1):
        earlier = Decision(f"node{node} input", outputs[max(0, node - LEVELS_BACK) : node])
        if mixed:
            yield Decision(f"node{node} skip", SKIPS)
            yield earlier
            yield Decision(f"node{node} kernel", KERNELS, ordered=True)
            yield Decision(f"node{node} channels", WHOLE_NUMBERS, ordered=True)
        else:
            yield Decision(f"node{node} type", kinds)
            yield Decision(f"node{node} channels", CHANNELS)
            yield earlier
    yield Decision("output", outputs[-LEVELS_BACK:])
