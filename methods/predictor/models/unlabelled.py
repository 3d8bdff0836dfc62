"""Architectures without labels, of which semi-supervised predictors guess the scores."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, SearchSpace


def draw_unlabelled(
    space: SearchSpace,
    rng: np.random.Generator,
    labelled: NDArray[np.integer[Any]],
    count: int,
) -> NDArray[np.int64]:
    """Draw different genotypes, none of them the same architecture as a labelled one.

    Args:
        space: of the architectures.
        rng: draws them, uniformly.
        labelled: genotypes with labels, shape (n, decisions).
        count: how many; 0 leaves the generator alone. Fewer come back where the space has fewer,
            or repeats itself in as many draws where it cannot be listed.

    Returns:
        Genotypes, shape (at most `count`, decisions).
    """
    if count == 0:
        return space.integers([])
    known = {space.canonical(arch) for arch in space.tuples(labelled)}
    everything: Iterable[Architecture]
    if space.enumerable:
        order = rng.permutation(len(space.population))
        everything = (tuple(space.population[i].tolist()) for i in order)
    else:
        everything = dict.fromkeys(space.sample(rng) for _ in range(count))
    fresh = (arch for arch in everything if space.canonical(arch) not in known)
    return space.integers(list(islice(fresh, count)))
