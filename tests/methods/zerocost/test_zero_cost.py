"""The search down a ranking, and evolution that starts from one."""

from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError
from methods.blackbox.regularized_evolution import RegularizedEvolution
from methods.zerocost.zero_cost import ZeroCost

SIZES = (4, 3, 5, 3)


def size(arch):
    """Parameters: different for all architectures."""
    return float(np.ravel_multi_index(arch[::-1], SIZES[::-1]))


@pytest.fixture
def sized(toy, toy_space, table, monkeypatch):
    """A benchmark that knows parameters, which say nothing about the scores."""
    benchmark = toy(toy_space(SIZES), table(SIZES))
    oracle = benchmark.oracle(0)
    monkeypatch.setattr(type(oracle), "properties", lambda self, arch: {"params": size(arch)})
    return benchmark


def drawn(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


def test_evaluates_the_best_first(sized, play):
    run = play(ZeroCost(scorer="parameters", samples=30), sized, 20)
    distinct = list(dict.fromkeys(drawn(sized.space, 200)))[:30]
    assert run.archs == sorted(distinct, key=size, reverse=True)[:20]
    assert run.ledger.total_seconds == 2 * 20


def test_goes_on_with_new_samples_until_all_are_evaluated(sized, play):
    run = play(ZeroCost(scorer="parameters", samples=50), sized, 1000)
    assert len(run.archs) == len(set(run.archs)) == 180
    for start in (0, 50, 100, 150):
        sizes = [size(arch) for arch in run.archs[start : start + 50]]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("make", [ZeroCost, RegularizedEvolution], ids=lambda cls: cls.__name__)
def test_refuses_a_scorer_of_labels(make):
    method = make(**{"scorer" if make is ZeroCost else "warm_start": "ridge"})
    with pytest.raises(HarnessError, match="ridge learns from labels"):
        method.needs()


@pytest.mark.parametrize("warm", [ZeroCost(), RegularizedEvolution(warm_start="naswot")], ids=str)
def test_a_method_depends_on_its_scorer_and_trains_as_it_does(warm):
    pytest.importorskip("torch")
    assert warm.uses() == ("naswot",)
    assert warm.trains()
    assert not ZeroCost(scorer="parameters").trains()
    assert not RegularizedEvolution(warm_start="flops").trains()
    assert not RegularizedEvolution().trains()
    assert RegularizedEvolution().uses() == ()


def test_evolution_starts_from_the_best(sized, play):
    method = RegularizedEvolution(population=6, warm_start="parameters", warm_samples=25)
    run = play(method, sized, 30, seed=4)
    best = sorted(set(drawn(sized.space, 25, seed=4)), key=size, reverse=True)
    assert run.archs[:6] == best[:6]
    # From there on it is evolution.
    for i in range(6, 30):
        distances = [
            sum(a != b for a, b in zip(run.archs[i], parent, strict=True))
            for parent in run.archs[i - 6 : i]
        ]
        assert 1 in distances


def test_evolution_fills_its_population_where_too_few_were_scored(sized, play):
    method = RegularizedEvolution(population=6, warm_start="parameters", warm_samples=2)
    run = play(method, sized, 30, seed=4)
    first = drawn(sized.space, 6, seed=4)
    assert run.archs[:2] == sorted(first[:2], key=size, reverse=True)
    assert run.archs[2:6] == first[2:]
