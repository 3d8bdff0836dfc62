from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from methods.predictor.labels import Labels
from methods.predictor.proposals import mutants


@pytest.fixture
def asked(toy_space):
    """Labels of some architectures, in order of their scores, the best one first."""

    def ask(sizes, archs, valid=lambda arch: True):
        scores = {arch: -i for i, arch in enumerate(archs)}
        space = toy_space(sizes, valid)
        problem = SimpleNamespace(
            space=space, rng=np.random.default_rng(0), evaluate=lambda arch: scores[arch]
        )
        labels = Labels(problem)
        labels.ask(archs)
        return problem, labels

    return ask


def distance(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))


def test_are_new_and_one_mutation_away_from_the_best(asked):
    best, next_best = (0,) * 6, (4,) * 6
    problem, labels = asked((5,) * 6, [best, next_best, (0, 0, 0, 0, 0, 1)])
    found = mutants(problem, labels, 10)
    assert len(found) == len(set(found)) == 10
    assert not set(found) & set(labels.archs)
    near = [distance(arch, best) == 1 for arch in found]
    assert sum(near) >= 8
    # The rest is of the next best one, and comes behind.
    assert all(distance(arch, next_best) == 1 for arch in found[sum(near) :])
    assert near == sorted(near, reverse=True)


def test_the_next_best_one_fills_up(asked):
    # Both neighbours of the best one are known.
    archs = [(0, 0), (0, 1), (1, 0)]
    problem, labels = asked((2, 2), archs)
    assert mutants(problem, labels, 100) == [(1, 1)]


def test_no_more_parents_than_said(asked):
    best, other = (0,) * 6, (4,) * 6
    problem, labels = asked((5,) * 6, [best, other])
    found = mutants(problem, labels, 200, parents=1)
    assert {distance(arch, best) for arch in found} == {1}
    assert len(found) <= 24


def test_random_ones_where_all_mutations_are_known(asked):
    problem, labels = asked((2, 2), [(0, 0)], valid=lambda arch: arch[0] == arch[1])
    assert mutants(problem, labels, 100) == [(1, 1)]


def test_nothing_is_left(asked):
    problem, labels = asked((2, 2), [(0, 0), (0, 1), (1, 0), (1, 1)])
    assert mutants(problem, labels, 100) == []
