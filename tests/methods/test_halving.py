from __future__ import annotations

from itertools import pairwise

import pytest

from methods.blackbox.halving import rungs_of
from methods.blackbox.hyperband import Hyperband
from methods.blackbox.successive_halving import SuccessiveHalving

# Li et al. (JMLR 2018), R = 81 and eta = 3: (architectures, epochs) of each rung, by bracket.
PUBLISHED = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]
LADDER = (1, 3, 9, 27, 81)
SIZES = (7,) * 6


def parts(run, table):
    """Queries cut into the rungs of a table."""
    start = 0
    for count, epochs in table:
        assert run.fidelities[start : start + count] == [epochs] * count
        yield run.archs[start : start + count], run.scores[start : start + count]
        start += count


def test_hyperband_has_the_published_brackets(play, toy, toy_space, table):
    rungs = [rung for bracket in PUBLISHED for rung in bracket]
    queries = sum(count for count, _ in rungs)
    score = table(SIZES)
    run = play(Hyperband(), toy(toy_space(SIZES), score, LADDER), 2 * queries)
    assert run.fidelities[:queries] == run.fidelities[queries:]
    cut = list(parts(run, rungs))
    for bracket in PUBLISHED:
        here, cut = cut[: len(bracket)], cut[len(bracket) :]
        for (archs, scores), (promoted, _) in pairwise(here):
            ranked = sorted(zip(scores, archs, strict=True), reverse=True)
            assert promoted == [arch for _, arch in ranked[: len(promoted)]]


def test_successive_halving_repeats_the_widest_bracket(play, toy, toy_space, table):
    run = play(SuccessiveHalving(), toy(toy_space(SIZES), table(SIZES), LADDER), 242)
    assert [len(archs) for archs, _ in parts(run, 2 * PUBLISHED[0])] == 2 * [81, 27, 9, 3, 1]


def test_another_eta(play, toy, toy_space, table):
    run = play(SuccessiveHalving(eta=2), toy(toy_space(SIZES), table(SIZES), (1, 2, 4)), 7)
    assert run.fidelities == [1, 1, 1, 1, 2, 2, 4]


def test_of_equal_scores_the_earlier_goes_on(play, toy, toy_space):
    run = play(SuccessiveHalving(), toy(toy_space(SIZES), lambda a, e: 0.0, (1, 3, 9)), 13)
    assert run.archs[9:12] == run.archs[:3]
    assert run.archs[12] == run.archs[0]


@pytest.mark.parametrize(
    ("fidelities", "eta", "rungs"),
    [
        (LADDER, 3, list(LADDER)),
        (LADDER, 9, [1, 9, 81]),
        (tuple(range(1, 13)), 3, [1, 4, 12]),
        (tuple(range(1, 201)), 3, [2, 7, 22, 66, 200]),
        ((12, 200), 3, [12, 200]),
        ((10, 20), 3, [20]),
        ((None,), 3, [None]),
        ((4, 12, 36, 108), 3, [4, 12, 36, 108]),
    ],
)
def test_rungs(fidelities, eta, rungs):
    assert rungs_of(fidelities, eta) == rungs
