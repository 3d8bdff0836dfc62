from __future__ import annotations

import pytest

from harness import HarnessError
from harness.testing.synthetic import SyntheticSpace
from methods.predictor.models.gin import GIN
from methods.predictor.npenas import NPENAS

pytest.importorskip("torch")


@pytest.mark.parametrize("variant", ["np", "bo"])
def test_a_fit_after_every_ten_queries(knowing, play, toy, decimal, variant):
    fits = knowing(GIN)
    run = play(NPENAS(variant=variant), toy(SyntheticSpace((6,) * 6), decimal), 45)
    assert fits == [10, 20, 30, 40]
    assert len(set(run.archs)) == 45
    for start in (10, 20, 30):
        chosen = run.archs[start : start + 10]
        assert chosen == sorted(chosen, reverse=True)
    assert max(run.archs[20:30]) > max(run.archs[:10])


def test_only_one_variant_draws(knowing, play, toy, decimal):
    benchmark = toy(SyntheticSpace((6,) * 6), decimal)
    knowing(GIN, std=1e9)
    chosen = {v: play(NPENAS(variant=v), benchmark, 20).archs[10:] for v in ("np", "bo")}
    assert chosen["np"] == sorted(chosen["np"], reverse=True)
    assert chosen["bo"] != sorted(chosen["bo"], reverse=True)


def test_network_knows_how_sure_it_is_where_draws_are_made(monkeypatch, play, toy, decimal):
    seen = []
    learn = GIN.learn

    def spy(self, archs, scores):
        seen.append((self.uncertainty, self.schedule, self.targets))
        learn(self, archs, scores)

    monkeypatch.setattr(GIN, "learn", spy)
    for variant in ("np", "bo"):
        play(NPENAS(variant=variant), toy(SyntheticSpace((6,) * 6), decimal), 11)
    assert seen == [(False, "fast", "ranks"), (True, "fast", "ranks")]


def test_ends_with_the_space(play, toy):
    benchmark = toy(SyntheticSpace((3, 3, 2)), lambda arch, epochs: sum(arch))
    run = play(NPENAS(), benchmark, 1000)
    assert sorted(run.archs) == sorted(benchmark.space.enumerate())


def test_same_seed_same_trace(play, toy, smooth):
    sizes = (4,) * 6
    benchmark = toy(SyntheticSpace(sizes), smooth(sizes))
    runs = [play(NPENAS(variant="bo"), benchmark, 15, seed).archs for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("parameters", [{"initial": "0"}, {"batch": "0"}, {"variant": "ei"}])
def test_refuses_impossible_parameters(parameters):
    assert NPENAS().needs() == {"graph"}
    with pytest.raises(HarnessError, match=next(iter(parameters))):
        NPENAS.from_text(parameters)
