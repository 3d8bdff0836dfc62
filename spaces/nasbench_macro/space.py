"""The space of NAS-Bench-Macro (Su et al., CVPR 2021, section 5)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness import (
    Architecture,
    Architectures,
    Decision,
    Graphs,
    InvalidArchitecture,
    SearchSpace,
    chain,
)

OPERATIONS = ("identity", "MB3_K3", "MB6_K5")
# Layers of each stage. The first one of a stage changes the size of its input, even as an identity.
STAGES = (2, 3, 3)


class NasBenchMacroSpace(SearchSpace):
    """A chain of eight layers in three stages: 6,561 genotypes, 3,969 different networks.

    The notation is the official one, a digit a layer: 0 identity, 1 MB3_K3 (an inverted bottleneck
    with expansion 3 and kernel 3), 2 MB6_K5.
    """

    encodings: ClassVar[frozenset[str]] = SearchSpace.encodings | {"graph"}

    def __init__(self) -> None:
        """Make the space."""
        super().__init__("nasbench-macro", [Decision(f"layer{i}", OPERATIONS) for i in range(1, 9)])

    def canonical(self, arch: Architecture) -> str:
        """The notation with the identities of each stage at its end, except for its first layer.

        Where an identity stands between layers of one size does not matter. The authors trained
        each such network once and entered it at all its places.
        """
        layers = []
        start = 0
        for length in STAGES:
            first, *rest = arch[start : start + length]
            layers += [first, *sorted(rest, key=lambda layer: layer == 0)]
            start += length
        return self.to_str(tuple(layers))

    def graphs(self, archs: Architectures) -> Graphs:
        """A chain of eight layers between the input and the output.

        An operation is a kind of its own in each stage, since there its width and the size of its
        input are others: nine kinds, those of the first stage first.
        """
        stages = np.repeat(np.arange(len(STAGES)), STAGES)
        kinds = self.integers(archs) + len(OPERATIONS) * stages
        return chain(kinds, len(STAGES) * len(OPERATIONS))

    def to_str(self, arch: Architecture) -> str:
        """The official notation."""
        return "".join(map(str, arch))

    def from_str(self, text: str) -> Architecture:
        """Read the official notation.

        Raises:
            InvalidArchitecture: the text is no network of the space.
        """
        digits = text.strip()
        if len(digits) != len(self.sizes) or set(digits) - set("012"):
            raise InvalidArchitecture(
                f"'{text}' is no NAS-Bench-Macro network. The form is eight digits, one a layer: "
                + ", ".join(f"{i} {name}" for i, name in enumerate(OPERATIONS))
            )
        return tuple(map(int, digits))
