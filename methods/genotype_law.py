"""Distributions over genotypes, of which ASNG learns the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, SearchSpace
from methods.natural_gradient import Categories, Integers


class GenotypeLaw:
    """Independent decisions: categories, and integers where the choices are ordered.

    An integer is the index of a choice; in the released code of Akimoto et al. (ICML 2019) it is
    the value.

    Attributes:
        variables: the distributions, categories before integers; either can be missing.
    """

    def __init__(self, space: SearchSpace) -> None:
        """Start with every choice of a category equally probable, and integers in the middle.

        Args:
            space: of the genotypes.
        """
        ordered = np.array([decision.ordered for decision in space.decisions])
        sizes = np.array(space.sizes)
        self.variables: list[Categories | Integers] = []
        self._places: list[NDArray[np.int64]] = []
        if not ordered.all():
            self.variables.append(Categories(sizes[~ordered].tolist()))
            self._places.append(np.flatnonzero(~ordered))
        if ordered.any():
            self.variables.append(Integers([(0, last) for last in (sizes[ordered] - 1).tolist()]))
            self._places.append(np.flatnonzero(ordered))
        self._order = np.concatenate(self._places).argsort()

    def draw(self, rng: np.random.Generator, count: int) -> list[NDArray[Any]]:
        """What each of `variables` draws, each of shape (count, its decisions)."""
        return [law.draw(rng, count) for law in self.variables]

    def genotypes(self, drawn: Sequence[NDArray[Any]]) -> list[Architecture]:
        """What draws stand for."""
        parts = [law.decode(raw) for law, raw in zip(self.variables, drawn, strict=True)]
        rows = np.concatenate(parts, axis=1)[:, self._order]
        return [tuple(row) for row in rows.tolist()]

    def without_fractions(self, archs: Sequence[Architecture]) -> list[NDArray[Any]]:
        """Genotypes in the form of draws; those of categories are what was drawn."""
        rows = np.array(archs)
        return [rows[:, places] for places in self._places]

    @property
    def mode(self) -> Architecture:
        """The most probable genotype."""
        modes = [choice for law in self.variables for choice in law.mode]
        return tuple(modes[i] for i in self._order)

    def probabilities(self) -> list[list[float]]:
        """Of the choices of each decision."""
        rows = [row for law in self.variables for row in law.probabilities()]
        return [rows[i] for i in self._order]

    def log_probability(self, arch: Architecture) -> float:
        """Of a genotype."""
        parts = zip(self.variables, self._places, strict=True)
        return sum(law.log_probability([arch[i] for i in places]) for law, places in parts)
