from __future__ import annotations

import pytest

from methods.blackbox.genetic_algorithm import GeneticAlgorithm

SIZES = (4,) * 6


@pytest.fixture
def couples(toy_space):
    """A space that remembers whom it crossed, and how many queries there were by then."""

    class Recorded(toy_space):
        def __init__(self, sizes):
            super().__init__(sizes)
            self.couples, self.mutated = [], 0

        def crossover(self, first, second, rng):
            self.couples.append((first, second))
            return super().crossover(first, second, rng)

        def mutate(self, arch, rng):
            self.mutated += 1
            return super().mutate(arch, rng)

    return Recorded(SIZES)


def best_of(archs, score):
    return max(archs, key=lambda arch: score(arch, None))


def test_an_elite_is_never_lost(couples, play, toy, table):
    # A tournament of this size is won by the best who is alive.
    score = table(SIZES)
    method = GeneticAlgorithm(population=6, tournament=200, elite=1)
    run = play(method, toy(couples, score), 106)
    for i, couple in enumerate(couples.couples):
        generation = i // 5
        best = best_of(run.archs[: 6 + 5 * generation], score)
        assert couple == (best, best)


def test_without_elite_a_generation_dies(couples, play, toy, table):
    score = table(SIZES)
    method = GeneticAlgorithm(population=6, tournament=200, elite=0, mutation=1.0)
    run = play(method, toy(couples, score), 126)
    losses = 0
    for i, couple in enumerate(couples.couples):
        start = 6 * (i // 6)
        best = best_of(run.archs[start : start + 6], score)
        assert couple == (best, best)
        losses += score(best, None) < score(best_of(run.archs[: start + 6], score), None)
    assert losses > 0


def test_elites_are_not_evaluated_again(couples, play, toy, table):
    run = play(GeneticAlgorithm(population=10, elite=4), toy(couples, table(SIZES)), 70)
    # 10 at first, then 6 children a generation; each was born of one crossover.
    assert len(couples.couples) == 70 - 10 + 1
    assert len(run.archs) == 70


def test_children_take_each_decision_from_a_parent(couples, play, toy, table):
    run = play(GeneticAlgorithm(mutation=0.0), toy(couples, table(SIZES)), 200)
    for child, couple in zip(run.archs[20:], couples.couples, strict=False):
        assert all(c in pair for c, pair in zip(child, zip(*couple, strict=True), strict=True))
    assert couples.mutated == 0


@pytest.mark.parametrize(("mutation", "least", "most"), [(1.0, 381, 381), (0.5, 150, 230)])
def test_mutation_probability(mutation, least, most, couples, play, toy, table):
    play(GeneticAlgorithm(mutation=mutation), toy(couples, table(SIZES)), 400)
    assert least <= couples.mutated <= most
