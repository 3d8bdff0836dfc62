"""The label noise of the NAS-Bench-101 studies: with it random search finds what was published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.tables.open import open_benchmark

RUNS, QUERIES = 2000, 2000
PUBLISHED, PUBLISHED_DEVIATION = 93.64, 0.25  # SemiNAS (Luo et al., NeurIPS 2020), table 1.


def test_random_search_is_what_was_published(
    harness_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(harness_data))
    true = open_benchmark("nasbench101/cifar10").reported_means()
    rng = np.random.default_rng(0)
    found = np.empty(RUNS)
    for run in range(RUNS):
        drawn = true[rng.integers(0, len(true), QUERIES)]
        found[run] = 100 * drawn[np.argmax(drawn + 0.0036 * rng.standard_normal(QUERIES))]
    assert found.mean() == pytest.approx(PUBLISHED, abs=0.02)
    assert found.std() == pytest.approx(PUBLISHED_DEVIATION, abs=0.02)
