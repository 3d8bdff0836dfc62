from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness import HarnessError
from harness.core.registry import load_benchmark
from harness.testing.synthetic import SyntheticSpace
from methods.predictor.bananas import BANANAS
from methods.predictor.models.mlp import MLP

pytest.importorskip("torch")


def test_a_fit_after_every_ten_queries(knowing, play, toy, toy_space, decimal):
    fits = knowing(MLP)
    run = play(BANANAS(), toy(toy_space((6,) * 6), decimal), 45)
    assert fits == [10, 20, 30, 40]
    assert len(set(run.archs)) == 45


def test_takes_the_best_draws_of_the_mutations(knowing, play, toy, toy_space, decimal):
    knowing(MLP)
    run = play(BANANAS(), toy(toy_space((6,) * 6), decimal), 20)
    best = max(run.archs[:10])
    first = run.archs[10:]
    # Most of the 30 mutations of the best are among 100 draws, so that the best of them are known.
    assert first[0] == (5, *best[1:]) if best[0] < 5 else (5, 5, *best[2:])
    assert first == sorted(first, reverse=True)


def test_draws_as_far_from_the_mean_as_the_ensemble_is_unsure(
    knowing, play, toy, toy_space, decimal
):
    benchmark = toy(toy_space((6,) * 6), decimal)
    knowing(MLP, std=1e9)
    unsure = play(BANANAS(), benchmark, 20).archs[10:]
    knowing(MLP)
    sure = play(BANANAS(), benchmark, 20).archs[10:]
    assert unsure != sorted(unsure, reverse=True)
    assert set(unsure) != set(sure)


def test_networks_are_the_published_ones(monkeypatch, play, toy, toy_space, decimal):
    seen = []

    def learn(self, archs, scores):
        seen.append(self.parameters())

    monkeypatch.setattr(MLP, "learn", learn)
    monkeypatch.setattr(MLP, "guess_with_std", lambda self, a: (np.zeros(len(a)), np.ones(len(a))))
    play(BANANAS(), toy(toy_space((6,) * 6), decimal), 11)
    expected = {
        "members": 5,
        "layers": 10,
        "width": 20,
        "epochs": 150,
        "batch": 32,
        "rate": 0.01,
        "beta2": 0.99,
        "loss": "mae",
        "encoding": "features",
        "paths": 40,
        "targets": "standardised",
    }
    assert seen == [expected]


@pytest.mark.parametrize(
    ("sizes", "encoding"), [((3, 3), "paths"), ((4,), "paths"), ((3,) * 6, "features")]
)
def test_paths_where_they_tell_architectures_apart(sizes, encoding, toy, play, monkeypatch):
    """Of chains of six all paths are longer than those that are kept."""
    seen = []
    monkeypatch.setattr(MLP, "learn", lambda self, archs, scores: seen.append(self.encoding))
    monkeypatch.setattr(MLP, "guess_with_std", lambda self, a: (np.zeros(len(a)), np.ones(len(a))))
    benchmark = toy(SyntheticSpace(sizes), lambda arch, epochs: sum(arch))
    play(BANANAS(initial=3, batch=1), benchmark, 4)
    assert set(seen) == {encoding}


def test_short_paths_tell_cells_apart_but_not_longer_chains():
    spaces = [load_benchmark(id).space for id in ("nasbench201/digits", "nasbench-graph/cora")]
    seen = [BANANAS()._encoding(SimpleNamespace(space=space)) for space in spaces]
    assert seen == ["paths", "features"]


def test_ends_with_the_space(play, toy):
    benchmark = toy(SyntheticSpace((3, 3, 2)), lambda arch, epochs: sum(arch))
    run = play(BANANAS(epochs=5), benchmark, 1000)
    assert sorted(run.archs) == sorted(benchmark.space.enumerate())


def test_same_seed_same_trace(play, toy, smooth):
    sizes = (4,) * 6
    benchmark = toy(SyntheticSpace(sizes), smooth(sizes))
    first, again, other = (play(BANANAS(epochs=20), benchmark, 35, seed) for seed in (1, 1, 2))
    assert first.archs == again.archs
    assert first.archs != other.archs


@pytest.mark.parametrize("parameters", [{"initial": "0"}, {"members": "1"}, {"encoding": "graph"}])
def test_refuses_impossible_parameters(parameters):
    with pytest.raises(HarnessError, match=next(iter(parameters))):
        BANANAS.from_text(parameters)
