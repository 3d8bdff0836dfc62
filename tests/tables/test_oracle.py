"""What a run sees of a table: the noise of its scores."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from harness import Architecture
from harness.tables.oracle import Level, MeanOracle, SampledOracle, mix

ROWS = 6
# Scores tell by themselves where they come from: epochs, row, trial.
TRIALS = [3, 3, 2, 3, 1, 3]


def score(epochs: int, row: int, trial: int) -> float:
    return 100.0 * epochs + 10 * row + trial


def levels(*, averaged: bool = False) -> dict[int | None, Level]:
    found: dict[int | None, Level] = {}
    for epochs in (1, 2):
        scores = np.full((ROWS, 3), np.nan)
        for row, trials in enumerate(TRIALS):
            scores[row, :trials] = [score(epochs, row, trial) for trial in range(trials)]
        seconds = np.arange(ROWS, dtype=float) * epochs
        found[epochs] = Level.of(scores, seconds, averaged=averaged)
    return found


def find(arch: Architecture) -> int:
    return arch[0]


def sampled(key: int) -> SampledOracle:
    return SampledOracle({}, find, levels(), dict, key)


def trial_of(seen: float) -> int:
    return int(seen) % 10


keys = st.integers(0, 2**64 - 1)
asks = st.lists(st.tuples(st.integers(0, ROWS - 1), st.sampled_from([1, 2])), max_size=60)


@given(keys, asks)
def test_a_score_depends_on_key_row_and_number_of_asks_only(
    key: int, queries: list[tuple[int, int]]
) -> None:
    """Whatever was asked in between, and in whichever order."""
    oracle = sampled(key)
    seen: dict[tuple[int, int], list[float]] = {}
    for row, epochs in queries:
        seen.setdefault((row, epochs), []).append(oracle.measure((row,), epochs)[0])
    for (row, epochs), scores in seen.items():
        alone = sampled(key)
        assert [alone.measure((row,), epochs)[0] for _ in scores] == scores


@given(keys, st.integers(0, ROWS - 1), st.integers(1, 10))
def test_a_higher_fidelity_continues_the_same_training_run(key: int, row: int, n: int) -> None:
    oracle = sampled(key)
    low = [trial_of(oracle.measure((row,), 1)[0]) for _ in range(n)]
    high = [trial_of(oracle.measure((row,), 2)[0]) for _ in range(n)]
    assert low == high


def test_runs_are_drawn_uniformly_over_keys() -> None:
    counts = Counter(
        trial_of(sampled(int(key)).measure((3,), 1)[0])
        for key in np.random.default_rng(0).integers(0, 2**63, size=6_000)
    )
    assert chisquare([counts[trial] for trial in range(3)]).pvalue > 1e-3


@pytest.mark.parametrize("key", [0, 1, 2**63, 12345678901234567])
def test_runs_are_drawn_uniformly_over_asks_and_rows(key: int) -> None:
    oracle = sampled(key)
    counts = Counter(trial_of(oracle.measure((3,), 1)[0]) for _ in range(6_000))
    assert chisquare([counts[trial] for trial in range(3)]).pvalue > 1e-3
    counts = Counter(mix(key, row, 0) % 3 for row in range(6_000))
    assert chisquare([counts[trial] for trial in range(3)]).pvalue > 1e-3


def test_successive_asks_are_independent() -> None:
    drawn = [mix(3, 17, nth) % 3 for nth in range(9_001)]
    pairs = Counter(pairwise(drawn))
    assert len(pairs) == 9
    assert chisquare(list(pairs.values())).pvalue > 1e-3


def test_neighbouring_seeds_and_rows_are_independent() -> None:
    table = np.array([[mix(key, row, 0) % 3 for row in range(300)] for key in range(300)])
    for first, second in ((table[:-1], table[1:]), (table[:, :-1], table[:, 1:])):
        agree = np.mean(first == second)
        assert abs(agree - 1 / 3) < 5 * np.sqrt(2 / 9 / first.size)


@given(keys, st.integers(0, 2**40), st.integers(0, 2**40))
def test_mix_is_a_64_bit_number(key: int, row: int, nth: int) -> None:
    assert 0 <= mix(key, row, nth) < 2**64


def test_only_trials_that_exist_are_drawn() -> None:
    oracle = sampled(0)
    for row, trials in enumerate(TRIALS):
        seen = {oracle.measure((row,), 2)[0] for _ in range(100)}
        assert seen == {score(2, row, trial) for trial in range(trials)}


def test_mean_is_over_the_trials_that_exist() -> None:
    oracle = MeanOracle({}, find, levels(averaged=True), dict)
    for row, trials in enumerate(TRIALS):
        expected = np.mean([score(1, row, trial) for trial in range(trials)])
        assert [oracle.measure((row,), 1) for _ in range(3)] == [(expected, float(row))] * 3


def test_one_trial_has_no_noise() -> None:
    level = Level.of(np.array([[1.0], [2.0]]), None, averaged=False)
    oracle = SampledOracle({}, find, {None: level}, dict, 5)
    score_, seconds = oracle.measure((1,), None)
    assert score_ == 2.0
    assert np.isnan(seconds)


@pytest.mark.parametrize("averaged", [False, True])
def test_rows_are_found_once(averaged: bool) -> None:
    found: list[Architecture] = []
    known: dict[Architecture, int] = {}

    def remember(arch: Architecture) -> int:
        found.append(arch)
        known[arch] = arch[0]
        return arch[0]

    made = levels(averaged=averaged)
    oracle = (
        MeanOracle(known, remember, made, dict)
        if averaged
        else SampledOracle(known, remember, made, dict, 0)
    )
    for _ in range(3):
        oracle.measure((2,), 1)
        oracle.properties((2,))
    assert found == [(2,)]


def test_properties_are_those_of_the_row() -> None:
    values = {"params": [float(10 * row) for row in range(ROWS)]}
    assert SampledOracle({}, find, levels(), lambda: values, 0).properties((4,)) == {"params": 40.0}
