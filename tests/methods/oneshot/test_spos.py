"""SPOS: the evolution on the weights of a supernet."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from methods.oneshot.spos import SPOS
from tests.methods.oneshot.toy import WORTH, ToyBenchmark, ToySpace, opened, run

pytest.importorskip("torch")


class Wide(ToySpace):
    """Seven edges."""

    def __init__(self, valid=lambda arch: True):
        super().__init__((4,) * 7, valid)


def derived(method, space=None, truth=None):
    """What evolution finds where accuracy is known, and its generations."""
    search = opened(method, "100000epochs", benchmark=ToyBenchmark(space or Wide()))
    generations, batches = [], []

    def accuracies(archs, batch):
        generations.append(list(archs))
        batches.append(batch)
        return np.array([(truth or (lambda a: np.mean([WORTH[c] for c in a])))(a) for a in archs])

    search.accuracies = accuracies
    found = method.derive(search)
    assert all(batch is batches[0] for batch in batches)
    return found, generations


def test_judges_its_population_each_generation():
    found, generations = derived(SPOS())
    assert [len(g) for g in generations] == [50] * 20
    archs = [arch for generation in generations for arch in generation]
    assert len(set(archs)) == 1000  # Of 16,384 none is judged twice.
    assert found == (3,) * 7


def test_recommends_the_best_of_all_it_judged():
    rng = np.random.default_rng(0)
    worth = {arch: rng.random() for arch in product(range(4), repeat=7)}
    found, generations = derived(SPOS(), truth=worth.__getitem__)
    assert found == max((a for g in generations for a in g), key=worth.__getitem__)


def test_children_are_mutants_and_crossings_of_the_best():
    _, generations = derived(SPOS(mutation=0.3, parents=4))
    best = lambda archs: sorted(archs, key=lambda a: -np.mean([WORTH[c] for c in a]))  # noqa: E731
    # Of equals the one that was judged first; sorting is stable.
    parents = best(generations[0])[:4]
    crossed = set(product(*({p[i] for p in parents} for i in range(7))))
    # Half are mutants, then come crossings, as far as there are new ones.
    assert set(generations[1][25:]) <= crossed
    changed = [min(sum(x != y for x, y in zip(c, p, strict=True)) for p in parents)
               for c in generations[1][:25]]  # fmt: skip
    assert min(changed) >= 1
    assert np.mean(changed) < 3.5  # A random one differs from the nearest of four in about 4.


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_decisions_of_mutants_are_drawn_anew_with_their_probability(rate):
    method = SPOS(mutation=rate, population=200, generations=2, parents=1)
    _, (first, second) = derived(method, ToySpace((4,) * 30))
    parent = max(first, key=lambda a: np.mean([WORTH[c] for c in a]))
    mutants = second[:100]
    distance = [sum(x != y for x, y in zip(a, parent, strict=True)) for a in mutants]
    # A draw can give the same choice; a child in which nothing changed is no new one.
    p = 0.75 * rate
    expected = 30 * p / (1 - (1 - p) ** 30)
    assert np.mean(distance) == pytest.approx(expected, abs=0.25 * np.sqrt(expected))


def test_obeys_a_validity_rule():
    space = Wide(valid=lambda arch: sum(arch) % 2 == 0)
    found, generations = derived(SPOS(generations=6), space)
    assert all(sum(arch) % 2 == 0 for g in generations for arch in g)
    assert found in space.enumerate()


def test_candidates_that_cost_too_much_are_not_judged():
    # The toy's flops are the sum of the genotype.
    found, generations = derived(SPOS(max_flops=9.0))
    assert max(sum(arch) for g in generations for arch in g) == 9
    assert np.mean([WORTH[c] for c in found]) == pytest.approx(3 / 7)


def test_a_limit_that_nothing_meets():
    class Costly(Wide):
        def sample(self, rng):
            return (3, *super().sample(rng)[1:])

    search_space = Costly()
    record = run(
        SPOS(max_flops=2.0, population=2, generations=1, epochs=1),
        "50epochs",
        benchmark=ToyBenchmark(search_space),
    )
    assert "costs at most max_flops=2" in record.error


def test_a_benchmark_that_knows_no_flops():
    class Silent(ToyBenchmark):
        def oracle(self, noise_key):
            oracle = super().oracle(noise_key)
            oracle.properties = lambda arch: {}
            return oracle

    record = run(
        SPOS(max_flops=2.0, population=2, generations=1, epochs=1), "50epochs", benchmark=Silent()
    )
    assert "max_flops: this benchmark does not know" in record.error


def test_a_space_with_fewer_architectures_than_candidates():
    found, generations = derived(SPOS(population=6, generations=3), ToySpace((2, 2)))
    assert [len(g) for g in generations] == [6] * 3
    assert len(set(generations[0])) == 4
    assert found == (1, 1)


def test_recalibrates_by_default():
    record = run(SPOS(population=3, generations=2, epochs=2), "20epochs")
    assert record.counts["images without gradient"] == 6 * (200 + 100)
    assert len(record.logs["accuracy of the fittest path"]) == 2


def test_finds_paths_that_can_tell_the_classes():
    method = SPOS(population=10, generations=3, learning_rate=0.1)
    found = [run(method, "45epochs", seed=seed).recommended for seed in range(3)]
    assert all(3 in arch for arch in found)
