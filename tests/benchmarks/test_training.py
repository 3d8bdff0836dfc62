"""Training networks stacked is faster than training them one at a time, on the same cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import pytest
from joblib import Parallel, delayed

pytest.importorskip("torch")

from harness.live.tasks import digits
from harness.live.training import train_stack
from spaces.nasbench201.digits import digits_setup
from spaces.nasbench201.network import Network
from spaces.nasbench201.space import NasBench201Space

STACK = 8
CORES = 2
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.skipif((os.cpu_count() or 1) < CORES, reason="needs two cores")
def test_stacks_are_four_times_as_fast_as_one_at_a_time() -> None:
    """Real cells by the real recipe; seconds of wall time per network on two cores."""
    rng = np.random.default_rng(0)
    setup, space = digits_setup(), NasBench201Space()
    cells = [partial(Network, space.sample(rng), setup.skeleton) for _ in range(4)]
    with Parallel(n_jobs=CORES) as workers:

        def stacked() -> None:
            workers(
                delayed(train_stack)(cell, range(STACK), setup.recipe, digits()) for cell in cells
            )

        def alone(threads: int) -> None:
            for cell in cells:
                train_stack(cell, range(1), setup.recipe, digits(), threads=threads)

        stacked()  # imports and caches, in the workers and here
        alone(1)
        rounds = [
            (
                min(seconds(lambda: alone(1)), seconds(lambda: alone(CORES))) / len(cells),
                seconds(stacked) / len(cells) / STACK,
            )
            for _ in range(ROUNDS)
        ]
    ratio = median(single / many for single, many in rounds)
    single, many = np.median(rounds, axis=0) * 1000
    print(f"{single:.0f} ms a network alone, {many:.0f} ms stacked: {ratio:.1f} times as fast")
    assert ratio >= 4
