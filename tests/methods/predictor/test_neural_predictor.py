from __future__ import annotations

import pytest

from harness import HarnessError
from harness.testing.synthetic import SyntheticSpace
from methods.blackbox.random_search import RandomSearch
from methods.predictor.models.gcn import GCN
from methods.predictor.neural_predictor import NeuralPredictor

pytest.importorskip("torch")

SIZES = (5, 5, 5, 5)


@pytest.mark.parametrize(
    ("method", "budget", "labels"),
    [
        (NeuralPredictor(), 100, 50),
        (NeuralPredictor(), 400, 172),
        (NeuralPredictor(share=0.2), 100, 20),
        (NeuralPredictor(labels=30), 100, 30),
        (NeuralPredictor(share=0), 5, 1),
    ],
)
def test_random_labels_then_the_predicted_order(
    method, budget, labels, knowing, play, toy, decimal
):
    fits = knowing(GCN)
    space = SyntheticSpace(SIZES)
    run = play(method, toy(space, decimal), budget)
    assert fits == [labels]
    assert len(run.archs) == budget
    known = set(run.archs[:labels])
    assert len(known) == labels
    order = sorted(space.enumerate(), reverse=True)
    assert run.archs[labels:] == [arch for arch in order if arch not in known][: budget - labels]


def test_a_share_of_seconds(knowing, play, toy, decimal):
    fits = knowing(GCN)
    # A query takes 20 seconds.
    run = play(NeuralPredictor(), toy(SyntheticSpace(SIZES), decimal, (10,)), "1000s")
    assert fits == [25]
    assert len(run.archs) == 50


def test_ends_with_the_space(play, toy):
    benchmark = toy(SyntheticSpace((3, 3, 2)), lambda arch, epochs: sum(arch))
    run = play(NeuralPredictor(), benchmark, 1000)
    assert sorted(run.archs) == sorted(benchmark.space.enumerate())


def test_finds_better_ones_than_random_search(play, toy):
    sizes = (4,) * 6
    benchmark = toy(
        SyntheticSpace(sizes), lambda arch, epochs: sum(map((0, 3, 1, 2).__getitem__, arch))
    )
    ours = [play(NeuralPredictor(hidden=16), benchmark, 60, seed).scores[30:] for seed in range(3)]
    theirs = [play(RandomSearch(), benchmark, 60, seed).scores[30:] for seed in range(3)]
    assert min(sum(scores) / 30 for scores in ours) > max(sum(scores) / 30 for scores in theirs) + 3


def test_same_seed_same_trace(play, toy, smooth):
    benchmark = toy(SyntheticSpace(SIZES), smooth(SIZES))
    runs = [play(NeuralPredictor(hidden=8), benchmark, 40, seed).archs for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("parameters", [{"labels": "0"}, {"share": "1.5"}, {"schedule": "slow"}])
def test_refuses_impossible_parameters(parameters):
    assert NeuralPredictor().needs() == {"graph"}
    with pytest.raises(HarnessError, match=next(iter(parameters))):
        NeuralPredictor.from_text(parameters)
