"""Drawing from a model that does not know the validity rule of a space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness import Architecture, SearchSpace

TRIES = 100


def first_valid(
    space: SearchSpace, rng: np.random.Generator, draw: Callable[[], Architecture]
) -> Architecture:
    """Repeat draws that give an invalid genotype.

    Args:
        space: knows which genotypes are valid.
        rng: the run's generator.
        draw: one draw from the model.

    Returns:
        The first valid draw; a uniform sample of the space where `TRIES` draws gave none, since a
        model can put all its mass on invalid genotypes.
    """
    for _ in range(TRIES):
        arch = draw()
        if space.is_valid(arch):
            return arch
    return space.sample(rng)
