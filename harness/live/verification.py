"""Is a table what training gives? A sample of its rows is trained again and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.live.tabulate import Tabulation, read_stamp
from harness.tables.source import FileSource

FloatArray = NDArray[np.float64]

PERMUTATIONS = 9_999

ALPHA = 0.01
"""Below this p value stored and new scores disagree."""


@dataclass(frozen=True)
class Retrained:
    """One architecture, stored and trained again.

    Attributes:
        arch: in the notation of its space.
        stored: test accuracies of the table in percent, shape (trials,).
        fresh: those of new trials, shape (trials,).
    """

    arch: str
    stored: FloatArray
    fresh: FloatArray


def stored_scores(tabulation: Tabulation, table: Path) -> tuple[list[str], FloatArray]:
    """Notations of all rows, and their test accuracies in percent, shape (rows, trials)."""
    source, trials = FileSource(table), read_stamp(table)["trials"]
    stem = f"{tabulation.dataset}_test_{tabulation.epochs}ep_seed"
    read = source.read(["arch", *(f"{stem}{trial}" for trial in range(trials))])
    archs: list[str] = read.pop("arch").tolist()
    return archs, np.stack(list(read.values()), axis=1).astype(np.float64)


def retrain(
    tabulation: Tabulation,
    table: Path,
    sample: int,
    rng: np.random.Generator,
    progress: Callable[[int], None],
) -> list[Retrained]:
    """Train a random sample of a table's architectures again, in as many new trials as it has.

    Args:
        tabulation: how the table is made.
        table: the table.
        sample: number of architectures.
        rng: draws them.
        progress: is told how many more have been trained.
    """
    archs, scores = stored_scores(tabulation, table)
    trials = scores.shape[1]
    found = []
    for row in sorted(rng.choice(len(archs), size=min(sample, len(archs)), replace=False)):
        arch = tabulation.space.from_str(archs[row])
        results = tabulation.train(arch, range(trials, 2 * trials))
        fresh = np.array([100 * result.test_accuracy for result in results])
        found.append(Retrained(archs[row], scores[row], fresh))
        progress(1)
    return found


def same_distribution_p(
    rows: Sequence[Retrained], rng: np.random.Generator, permutations: int = PERMUTATIONS
) -> float:
    """Do stored and fresh scores come from the same distributions?

    A permutation test in which scores change places within their architecture only. It looks at
    the mean difference and at the mean difference of the logarithm of the spread, and corrects for
    looking twice (Bonferroni).

    Args:
        rows: architectures with the same number of stored and of fresh scores.
        rng: draws the permutations.
        permutations: how many are drawn.

    Returns:
        The p value.
    """
    pooled = np.stack([np.concatenate([row.stored, row.fresh]) for row in rows])
    half = pooled.shape[1] // 2
    observed = _differences(pooled, half)
    extreme = np.zeros(2)
    for _ in range(permutations):
        extreme += _differences(rng.permuted(pooled, axis=1), half) >= observed - 1e-12
    p = (extreme + 1) / (permutations + 1)
    return float(min(1.0, 2 * p.min()))


def _differences(pooled: FloatArray, half: int) -> FloatArray:
    """Absolute mean difference of the means and of the log deviations of both halves."""
    first, second = pooled[:, :half], pooled[:, half:]
    shift = (first.mean(axis=1) - second.mean(axis=1)).mean()
    # A hundredth of a point keeps the logarithm of equal scores finite.
    spread = (np.log(first.std(axis=1) + 0.01) - np.log(second.std(axis=1) + 0.01)).mean()
    return np.abs([shift, spread])
