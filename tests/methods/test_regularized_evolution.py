from __future__ import annotations

import numpy as np
import pytest

from methods.blackbox.regularized_evolution import RegularizedEvolution


def bare(score, sizes, population, sample, queries, seed):
    """Aging evolution on plain lists, with the draws in the same order."""
    rng = np.random.default_rng(seed)
    history, alive = [], []
    while len(history) < queries:
        if len(history) < population:
            arch = [int(u * n) for u, n in zip(rng.random(len(sizes)), sizes, strict=True)]
        else:
            parent = None
            for u in rng.random(sample):
                rival = alive[int(u * population)]
                if parent is None or score(rival, None) > score(parent, None):
                    parent = rival
            u, v = rng.random(2)
            i = int(u * len(sizes))
            others = [choice for choice in range(sizes[i]) if choice != parent[i]]
            arch = list(parent)
            arch[i] = others[int(v * len(others))]
        alive = [*alive, tuple(arch)][-population:]
        history.append(tuple(arch))
    return history


@pytest.mark.parametrize(("population", "sample"), [(10, 3), (1, 1), (50, 10), (3, 40)])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_a_bare_implementation(population, sample, seed, play, toy, toy_space, table):
    sizes = (5, 2, 4, 3)
    score = table(sizes)
    method = RegularizedEvolution(population=population, sample=sample)
    run = play(method, toy(toy_space(sizes), score), 150, seed)
    assert run.archs == bare(score, sizes, population, sample, 150, seed)


def test_a_child_stems_from_the_living(play, toy, toy_space, smooth):
    sizes = (6,) * 10
    run = play(RegularizedEvolution(population=4), toy(toy_space(sizes), smooth(sizes)), 100)
    for i in range(4, 100):
        distances = [
            sum(a != b for a, b in zip(run.archs[i], parent, strict=True))
            for parent in run.archs[i - 4 : i]
        ]
        assert 1 in distances


def test_the_oldest_dies_however_good(play, toy, toy_space):
    # The very first architecture is best of all; its line must not be continued once it is dead.
    sizes = (9,) * 12
    first = play(RegularizedEvolution(), toy(toy_space(sizes), lambda a, e: 0.0), 1).archs[0]
    run = play(
        RegularizedEvolution(population=5, sample=1),
        toy(toy_space(sizes), lambda arch, epochs: float(arch == first)),
        200,
    )
    assert run.archs[0] == first
    late = [sum(a != b for a, b in zip(first, arch, strict=True)) for arch in run.archs[100:]]
    assert min(late) > 1
