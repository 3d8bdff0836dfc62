"""Networks of two kinds of cells in a row, made of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Generator, Tensor, nn
from torch.nn.utils import skip_init

from harness.live.batches import channels_last
from harness.live.cell_chain import STEM, CellChain, CellPlace
from harness.live.cell_layers import (
    AuxiliaryHead,
    FactorizedReduction,
    Norms,
    ReluConvNorm,
    convolution,
    initialise,
)


class CellInputs(nn.Module):
    """What gives the outputs of the two cells before one number of channels and one size."""

    def __init__(self, place: CellPlace, norms: Norms) -> None:
        """Make it."""
        super().__init__()
        first = FactorizedReduction if place.halves else ReluConvNorm
        self.older = first(place.older, place.channels, norms)
        self.newer = ReluConvNorm(place.newer, place.channels, norms)

    def forward(self, older: Tensor, newer: Tensor) -> list[Tensor]:
        """Both inputs of the cell's nodes."""
        return [self.older(older), self.newer(newer)]


class CellNetwork(nn.Module):
    """Stem, cells and classifiers."""

    def __init__(
        self,
        chain: CellChain,
        cell: Callable[[CellPlace], nn.Module],
        norms: Norms,
        generator: Generator,
    ) -> None:
        """Make it with new weights.

        Args:
            chain: what surrounds the cells.
            cell: makes one, which is given two inputs, and then what the network is given besides
                images.
            norms: of the stem, whose scale and shift are trained in any case.
            generator: draws the weights.
        """
        super().__init__()
        stem = STEM * chain.channels
        self.stem = nn.Sequential(
            convolution(3, stem, 3, padding=1), Norms(norms.normalisation).layer(stem)
        )
        places = chain.places
        self.cells = nn.ModuleList(cell(place) for place in places)
        self._tapped = chain.reductions[-1] if chain.auxiliary else -1
        if chain.auxiliary:
            tapped = places[self._tapped]
            width = chain.width * tapped.channels
            self.auxiliary = AuxiliaryHead(width, tapped.inner, chain.classes)
        self.classifier = skip_init(nn.Linear, chain.width * places[-1].channels, chain.classes)
        initialise(self, generator)

    def forward(self, images: Tensor, *given: Any) -> Tensor | tuple[Tensor, Tensor]:
        """Logits, in training mode with those of the auxiliary classifier where there is one.

        Args:
            images: shape (n, 3, side, side).
            given: to each cell besides its inputs.

        Returns:
            Shape (n, classes), or two of them.
        """
        older = newer = self.stem(channels_last(images))
        auxiliary = None
        for number, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, *given)
            if number == self._tapped and self.training:
                auxiliary = self.auxiliary(newer)
        logits: Tensor = self.classifier(newer.mean((2, 3)))
        return logits if auxiliary is None else (logits, auxiliary)
