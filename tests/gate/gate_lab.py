"""A small baseline on real data, and a method that a test can change."""

from __future__ import annotations

from pathlib import Path

from harness.cli import main

BENCHMARK = "nasbench-graph/proteins"
MINE = '''
import numpy as np
from harness import Method

class Mine(Method):
    """Samples."""

    def search(self, problem):
        {setup}
        while True:
            problem.evaluate({draw})
'''
AS_IT_WAS = {"setup": "rng = problem.rng", "draw": "problem.space.sample(rng)"}


def write_method(folder: Path, **changes: str) -> None:
    """Write ``mine.py``, as it was or changed."""
    (folder / "mine.py").write_text(MINE.format(**{**AS_IT_WAS, **changes}))


def make(*more: str, seeds: str = "30", budget: str = "20") -> int:
    """Make ``base.toml`` of two methods on one benchmark."""
    words = ["check", "base.toml", "--update", "-b", BENCHMARK, "-m", "random-search"]
    words += ["-m", "mine.py:Mine", "--seeds", seeds, "--budget", budget, "--jobs", "1"]
    return main([*words, *more])


def check(*more: str) -> int:
    """Check it."""
    return main(["check", "base.toml", "--jobs", "1", *more])
