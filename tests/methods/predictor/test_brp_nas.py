from __future__ import annotations

import pytest

from harness import HarnessError
from harness.testing.synthetic import SyntheticSpace
from methods.predictor.brp_nas import BRPNAS
from methods.predictor.models.binary_relation import BinaryRelation

pytest.importorskip("torch")

SIZES = (5, 5, 5, 5)


def test_half_of_a_round_is_the_top_and_half_of_a_shrinking_part(knowing, play, toy, decimal):
    fits = knowing(BinaryRelation)
    space = SyntheticSpace((5,) * 5)
    order = sorted(space.enumerate(), reverse=True)
    run = play(BRPNAS(), toy(space, decimal), 140)
    assert fits == [20, 40, 60, 80, 100]
    assert len(set(run.archs)) == 140
    for i in (1, 2, 3, 4):
        known, new = set(run.archs[: 20 * i]), run.archs[20 * i : 20 * i + 20]
        left = [arch for arch in order if arch not in known]
        assert new[:10] == left[:10]
        top = set(order[: -(-3125 // 2**i)])
        assert set(new[10:]) <= top
        assert new[10:] != [arch for arch in order if arch not in known | set(new[:10])][:10]
    # Ten of the best half, all of them among the best quarter: once in a thousand.
    assert min(run.archs[30:40]) < order[3125 // 4]


def test_the_next_best_where_little_of_the_top_is_new(knowing, play, toy, decimal):
    fits = knowing(BinaryRelation)
    run = play(BRPNAS(), toy(SyntheticSpace((6, 6, 6)), decimal), 120)
    assert fits == [20, 40, 60, 80, 100]
    order = sorted(SyntheticSpace((6, 6, 6)).enumerate(), reverse=True)
    left = [arch for arch in order if arch not in run.archs[:80]]
    # Nothing of the best 14 is left in the last round.
    assert run.archs[80:100] == left[:20]


def test_then_the_ranking_without_what_was_asked(knowing, play, toy, decimal):
    knowing(BinaryRelation)
    space = SyntheticSpace(SIZES)
    run = play(BRPNAS(), toy(space, decimal), 1000)
    known = set(run.archs[:100])
    order = sorted(space.enumerate(), reverse=True)
    assert run.archs[100:] == [arch for arch in order if arch not in known]


def test_labels_are_shared_out_evenly(knowing, play, toy, decimal):
    fits = knowing(BinaryRelation)
    play(BRPNAS(labels=11, rounds=3), toy(SyntheticSpace(SIZES), decimal), 20)
    assert fits == [4, 8, 11]


def test_a_space_that_cannot_be_listed_is_sampled(knowing, play, toy, decimal):
    knowing(BinaryRelation)
    space = SyntheticSpace((9,) * 8)
    assert not space.enumerable
    run = play(BRPNAS(labels=10, rounds=2, samples=50), toy(space, decimal), 200)
    assert len(set(run.archs)) == 200
    # The first samples are asked for to the end, the best of them first; then there are new ones.
    (drop,) = [i for i in range(11, 100) if run.archs[i] > run.archs[i - 1]][:1]
    assert 45 <= drop - 10 <= 50


def test_ends_with_the_space(play, toy):
    benchmark = toy(SyntheticSpace((3, 3, 2)), lambda arch, epochs: sum(arch))
    for method in (BRPNAS(hidden=8), BRPNAS(labels=6, rounds=3, hidden=8)):
        run = play(method, benchmark, 1000)
        assert sorted(run.archs) == sorted(benchmark.space.enumerate())


def test_same_seed_same_trace(play, toy, smooth):
    benchmark = toy(SyntheticSpace(SIZES), smooth(SIZES))
    method = BRPNAS(labels=20, rounds=2, hidden=8)
    runs = [play(method, benchmark, 30, seed).archs for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("parameters", [{"rounds": "0"}, {"labels": "4"}, {"hidden": "0"}])
def test_refuses_impossible_parameters(parameters):
    assert BRPNAS().needs() == {"graph"}
    with pytest.raises(HarnessError, match=next(iter(parameters))):
        BRPNAS.from_text(parameters)
