"""Evolution on what a predictor expects, which costs no query."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, SearchSpace

Allowed = Callable[[Architecture], bool]
Worth = Callable[[Sequence[Architecture]], NDArray[np.float64]]


def evolve(
    space: SearchSpace,
    rng: np.random.Generator,
    start: Sequence[Architecture],
    worth: Worth,
    allowed: Allowed,
    *,
    generations: int,
    children: int,
    survivors: int,
) -> list[Architecture]:
    """Mutate and cross what is worth most, generation by generation.

    Two survivors are drawn for a child, with replacement; it is the crossover of both, or the
    mutation of the first, with equal probability. Parents compete with their children.

    Args:
        space: of the architectures.
        rng: the only source of randomness.
        start: the first generation, one at least.
        worth: of architectures, shape (n,).
        allowed: which children may live.
        generations: how many at most; fewer where none of one survives.
        children: drawn in a generation.
        survivors: that parents are drawn from.

    Returns:
        All that lived, the best first; of equal worth, the older first.
    """
    alive: dict[Architecture, float] = {}
    born = list(dict.fromkeys(start))
    ranked: list[Architecture] = []
    for _ in range(generations + 1):
        alive.update(zip(born, worth(born).tolist(), strict=True))
        before, ranked = ranked[:survivors], sorted(alive, key=lambda arch: -alive[arch])
        parents = ranked[:survivors]
        if parents == before:
            break
        drawn = [_child(space, rng, parents) for _ in range(children)]
        born = [arch for arch in dict.fromkeys(drawn) if arch not in alive and allowed(arch)]
        if not born:
            break
    return ranked


def _child(
    space: SearchSpace, rng: np.random.Generator, parents: Sequence[Architecture]
) -> Architecture:
    first, second, kind = rng.random(3).tolist()
    parent = parents[int(first * len(parents))]
    if kind < 0.5:
        return space.mutate(parent, rng)
    return space.crossover(parent, parents[int(second * len(parents))], rng)
