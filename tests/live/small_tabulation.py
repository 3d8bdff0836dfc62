"""A table that is made in seconds, by a program that can be killed: ``python ... OUT``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness import Architecture, Decision, SearchSpace
from harness.live.tabulate import Tabulation, tabulate
from harness.live.training import TrialResult

EPOCHS, TRIALS = 3, 4


def train(arch: Architecture, trials: Sequence[int]) -> list[TrialResult]:
    """Scores that follow from the architecture and the trial alone, after a little while."""
    time.sleep(0.02)
    results = []
    for trial in trials:
        rng = np.random.default_rng([*arch, trial])
        curve = np.sort(rng.random(EPOCHS))
        results.append(
            TrialResult(trial, curve, -np.log(curve), float(rng.random()), 0.5, time.monotonic(),
                        0.1, 10, len(trials), failed=arch == (1, 2, 3) and trial == 2)
        )  # fmt: skip
    return results


def costs(arch: Architecture) -> dict[str, float]:
    """Made-up costs."""
    return {"params_small": float(sum(arch)), "flops_m_small": 1.5}


def small(recipe: str = "one", archs: int = 125) -> Tabulation:
    """A space of 125 architectures."""
    space = SearchSpace("small", [Decision(name, tuple("abcde")) for name in "xyz"])
    return Tabulation(
        "small/small", "small", space, tuple(space.enumerate())[:archs], EPOCHS,
        {"recipe": recipe, "data": "digits"}, train, costs, Path("nowhere"),
    )  # fmt: skip


if __name__ == "__main__":
    tabulate(small(), TRIALS, Path(sys.argv[1]), 2, lambda count: None)
