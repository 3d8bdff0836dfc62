"""PONAS (Huang and Chu, 2020, "Progressive One-shot Neural Architecture Search ...")."""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING

import numpy as np

from harness import Architecture, HarnessError, require
from methods.oneshot.evolution import flops_of
from methods.oneshot.one_shot import OneShot

if TYPE_CHECKING:
    from harness.live.supernet import Plan
    from methods.oneshot.engine import Search

# How often a path with a given beginning is proposed before a known one stands in for it.
TRIES = 100


class PONAS(OneShot):
    """A table of the accuracy of every choice at every decision (Huang and Chu, 2020).

    Training has two stages: `meta` training of uniformly drawn paths, then fine-tuning decision by
    decision, in which those before have their best choice and those after are drawn. At the end of
    its part of the epochs each choice of a decision is judged on one batch of up to 512 validation
    images, as the mean accuracy of some paths that have it; this is its entry in the table, and the
    best one stays. The recommendation is the best path that is left in the end. Where it costs more
    than `max_flops`, choices are exchanged one by one, each time for the least loss by the table
    for what it saves.

    Public are the abstract (arXiv:2003.05112) and code that evaluates the networks found: that
    there are two stages, the table, and the choice by least loss. The rest is ours: the shares of
    the stages, that decisions are settled in their order, by means over random paths, and how
    choices are exchanged. The authors' own budget is 210 GPU hours on ImageNet.

    Attributes:
        meta: share of the epochs in which all decisions are drawn.
        completions: paths by which a choice is judged.
        max_flops: what the recommendation may cost at most, in the unit of the benchmark's property
            ``flops`` or ``flops_m``; 0 for no limit.
    """

    meta: float = 0.5
    completions: int = 10
    max_flops: float = 0.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, meta=(0, 1), completions=(1, inf), max_flops=(0, inf))

    def begin(self, search: Search) -> None:
        """Nothing is settled."""
        self._base = search.space.sample(search.rng)
        self._table: list[list[float]] = []

    def paths(self, search: Search) -> list[Plan]:
        """A random path through what is settled."""
        return [search.supernet.path(self._drawn(search))]

    def _drawn(self, search: Search, choice: int | None = None) -> Architecture:
        """A random valid architecture that begins as settled.

        Args:
            search: draws.
            choice: for the first decision that is not; any where None, or where none is found.
        """
        head = self._base[: len(self._table)] + (() if choice is None else (choice,))
        for _ in range(TRIES):
            arch = head + search.space.sample(search.rng)[len(head) :]
            if search.space.is_valid(arch):
                return arch
        return self._base

    def end_epoch(self, search: Search) -> None:
        """Settle the decisions whose part of the epochs is over."""
        for decision in self._due(search, search.epoch, search.epochs):
            judged = self._judged(search, decision)
            choices = range(search.space.sizes[decision])
            archs = [self._drawn(search, c) for c in choices for _ in range(judged // len(choices))]
            scores = search.accuracies(archs)
            chosen = np.array([arch[decision] for arch in archs])
            # Where no valid path has a choice, nothing is known to be worse.
            row = [
                float(scores[chosen == c].mean() if c in chosen else scores.min()) for c in choices
            ]
            self._table.append(row)
            search.log(f"table of {search.space.decisions[decision].name}", row)
            best = max(set(chosen.tolist()), key=lambda c: (row[c], -c))
            self._base = archs[int(np.where(chosen == best, scores, -inf).argmax())]

    def _due(self, search: Search, epoch: int, epochs: int) -> list[int]:
        """Decisions that are settled at the end of an epoch, counted from 0."""
        count, start = len(search.space.sizes), round(self.meta * epochs)
        ends = [start + ceil((d + 1) * (epochs - start) / count) for d in range(count)]
        return [d for d, end in enumerate(ends) if end == epoch + 1]

    def _judged(self, search: Search, decision: int) -> int:
        """How many paths are judged for a decision; after the last one nothing is drawn."""
        sizes = search.space.sizes
        return sizes[decision] * (1 if decision == len(sizes) - 1 else self.completions)

    def derive(self, search: Search) -> Architecture:
        """What was settled, made affordable."""
        arch = self._base
        while self.max_flops and flops_of(search, arch) > self.max_flops:
            arch = self._cheaper(search, arch)
        return arch

    def _cheaper(self, search: Search, arch: Architecture) -> Architecture:
        """The neighbour that loses least for what it saves."""
        now, table = flops_of(search, arch), self._table

        def loss(other: Architecture) -> float:
            lost = sum(row[a] - row[b] for row, a, b in zip(table, arch, other, strict=True))
            return lost / (now - flops_of(search, other))

        near = [a for a in search.space.neighbours(arch) if flops_of(search, a) < now]
        if not near:
            raise HarnessError(
                f"max_flops={self.max_flops:g}: exchanging choices one by one ends at {now:g}. "
                "Allow more"
            )
        return min(near, key=loss)

    def cost(self, search: Search, epoch: int, epochs: int) -> float:
        """One path, and what is judged."""
        judged = sum(self._judged(search, d) for d in self._due(search, epoch, epochs))
        return 1.0 + search.judging_cost(judged)

    def distribution(self, search: Search) -> list[list[float]]:
        """Of the paths that are trained, but for the validity rule of the space."""
        settled = len(self._table)
        return [
            [float(c == self._base[d]) if d < settled else 1 / size for c in range(size)]
            for d, size in enumerate(search.space.sizes)
        ]
