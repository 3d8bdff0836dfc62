"""Distributions over genotypes of categories, of integers, and of both."""

from __future__ import annotations

import numpy as np
import pytest

from harness import Decision, SearchSpace
from methods.blackbox.asng import ASNG
from methods.genotype_law import GenotypeLaw
from methods.natural_gradient import AdaptiveNaturalGradient, Categories, Integers


def numbers(name, low, high):
    return Decision(name, tuple(map(str, range(low, high + 1))), ordered=True)


@pytest.fixture
def mixed():
    """The variables of an inpainting search in small, in an order of their own."""
    kinds = tuple("abc")
    decisions = [numbers("depth", 1, 20), Decision("x", kinds), numbers("width", 64, 256)]
    return SearchSpace("mixed", [*decisions, Decision("y", kinds)])


def test_of_categories_alone_is_these():
    space = SearchSpace(
        "plain", [Decision(f"d{i}", tuple("abcd")[:n]) for i, n in enumerate((4, 2))]
    )
    law, plain = GenotypeLaw(space), Categories((4, 2))
    first, second = np.random.default_rng(0), np.random.default_rng(0)
    for count in (1, 1, 3):
        drawn, expected = law.draw(first, count), plain.draw(second, count)
        assert law.genotypes(drawn) == list(map(tuple, expected.tolist()))
        (found,) = law.without_fractions(law.genotypes(drawn))
        assert (found == expected).all()
    assert law.probabilities() == plain.probabilities()
    assert law.log_probability((3, 1)) == plain.log_probability((3, 1))
    assert law.mode == plain.mode


def test_entries_return_to_their_places(mixed):
    law = GenotypeLaw(mixed)
    kinds, integers = law.variables
    assert (kinds.freedom, integers.freedom) == (4, 4)
    drawn = [np.array([[2, 1]]), np.array([[6.4, 300.0]])]
    # The index of 7 is 6; what lies above 256 is 256.
    assert law.genotypes(drawn) == [(6, 2, 192, 1)]
    assert mixed.to_str((6, 2, 192, 1)) == "7,c,256,b"
    kinds.theta[:] = [[0.1, 0.2, 0.7], [0.1, 0.5, 0.4]]
    integers.mean[:], integers.square[:] = [3.2, 191.9], [3.2**2 + 4, 191.9**2 + 9]
    assert law.mode == (3, 2, 192, 1)
    rows = law.probabilities()
    assert [len(row) for row in rows] == list(mixed.sizes)
    assert [int(np.argmax(row)) for row in rows] == list(law.mode)
    assert np.sum([sum(row) for row in rows]) == pytest.approx(4)
    assert {type(entry) for arch in law.genotypes(law.draw(np.random.default_rng(0), 9))
            for entry in arch} == {int}  # fmt: skip


def test_integers_alone():
    law = GenotypeLaw(SearchSpace("numbers", [numbers("n", 0, 9)]))
    (integers,) = law.variables
    assert isinstance(integers, Integers)
    assert law.mode == (4,)


def test_probabilities_of_integers_are_normal():
    integers = Integers([(0, 30)])
    integers.mean[:], integers.square[:] = 12.0, 12.0**2 + 4.0
    (row,) = integers.probabilities()
    assert row[12] / row[13] == pytest.approx(np.exp(1 / 8))
    assert row[12] == pytest.approx(1 / (2 * np.sqrt(2 * np.pi)), rel=1e-3)
    logs = [integers.log_probability([k]) for k in range(31)]
    assert np.subtract(logs, logs[12]) == pytest.approx(np.log(row) - np.log(row[12]))


def quadratic(arch, epochs=None):
    depth, x, width, y = arch
    loss = ((depth + 1 - 7) / 19) ** 2 + ((width + 64 - 100) / 192) ** 2
    return -loss - 0.1 * (x != 0) - 0.1 * (y != 0)


def test_settles_near_the_best_integers(mixed):
    # Two variables of three choices stay at probabilities of one half, so their mode still moves.
    for seed in range(2):
        rng, law = np.random.default_rng(seed), GenotypeLaw(mixed)
        learner = AdaptiveNaturalGradient(law.variables)
        for _ in range(2000):
            drawn = law.draw(rng, 2)
            learner.update(drawn, [-quadratic(arch) for arch in law.genotypes(drawn)])
        depth, _, width, _ = law.mode
        assert abs(depth - 6) <= 1.5
        assert abs(width - 36) <= 15


def test_black_box(mixed, play, toy):
    for seed in range(2):
        depth, _, width, _ = play(ASNG(), toy(mixed, quadratic), 2001, seed).best
        assert abs(depth - 6) <= 1.5
        assert abs(width - 36) <= 15
