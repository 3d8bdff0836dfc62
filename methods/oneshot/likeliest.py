"""The most probable architectures of independent decisions."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from harness import Architecture, SearchSpace


def likeliest(
    space: SearchSpace, distribution: Sequence[Sequence[float]], count: int
) -> list[Architecture]:
    """The valid architectures of largest probability, largest first.

    They are found from the mode on, decision by decision less probable, without a list of the
    space, which can be any size.

    Args:
        space: of the architectures.
        distribution: probabilities of each decision's choices.
        count: how many at most.
    """
    with np.errstate(divide="ignore"):
        logs = [np.log(np.asarray(row, np.float64)) for row in distribution]
    orders = [np.argsort(-row, kind="stable") for row in logs]
    start = (0,) * len(orders)

    def entry(ranks: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        total = sum(row[order[k]] for row, order, k in zip(logs, orders, ranks, strict=True))
        return -float(total), ranks

    found: list[Architecture] = []
    queue, seen = [entry(start)], {start}
    while queue and len(found) < count:
        _, ranks = heapq.heappop(queue)
        arch = tuple(int(order[k]) for order, k in zip(orders, ranks, strict=True))
        if space.is_valid(arch):
            found.append(arch)
        for i, k in enumerate(ranks):
            following = (*ranks[:i], k + 1, *ranks[i + 1 :])
            if k + 1 < len(orders[i]) and following not in seen:
                seen.add(following)
                heapq.heappush(queue, entry(following))
    return found
