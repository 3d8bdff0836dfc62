"""The mobile space: notation, what is the same, costs and their limit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from harness import HarnessError, InvalidArchitecture
from spaces.mobile import MobileSpace
from spaces.mobile.shape import BLOCKS, SKIP, Shape
from tests.spaces.mobile_shapes import (
    FINAL,
    GBDT_NAS_3S,
    MOBILENET_V2,
    MOBILENET_V2_SHAPE,
    SEARCHED,
    SEMINASNET,
    TINY,
)

SPACE = MobileSpace()


def test_the_size_is_the_published_one():
    assert SPACE.cardinality == 6**6 * 7**15
    assert f"{SPACE.cardinality:.1e}" == "2.2e+17"
    assert len(SPACE.decisions) == sum(BLOCKS) == 21
    opening = [i for i, decision in enumerate(SPACE.decisions) if "skip" not in decision.choices]
    assert opening == [0, 4, 8, 12, 16, 20]


def test_the_notation_is_the_published_one():
    arch = SPACE.from_str(SEMINASNET)
    assert arch[:5] == (5, 4, 0, 6, 3)
    assert SPACE.to_str(arch) == SEMINASNET
    assert SPACE.from_str(f"  {SEMINASNET.replace(' ', '  ')} ") == arch
    assert SPACE.decisions[0].choices[5] == "mb6-7x7"
    assert SPACE.decisions[1].choices == (
        "mb3-3x3",
        "mb6-3x3",
        "mb3-5x5",
        "mb6-5x5",
        "mb3-7x7",
        "mb6-7x7",
        "skip",
    )


def test_tokens_are_the_published_numbers():
    arch = SPACE.from_str(SEMINASNET)
    assert " ".join(map(str, SPACE.sequences([arch])[0])) == SEMINASNET
    assert SPACE.from_sequences(SPACE.sequences([arch])) == [arch]
    assert SPACE.one_hot([arch]).shape == (1, 21 * 7 - 6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SEMINASNET[:-2],
        SEMINASNET + " 1",
        SEMINASNET.replace(" ", ","),
        "7" + SEMINASNET[1:],
        "0" + SEMINASNET[1:],
        "8" + SEMINASNET[1:],
        "x" + SEMINASNET[1:],
        # As GBDT-NAS printed it in the end, a number short.
        GBDT_NAS_3S[:-2],
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidArchitecture):
        SPACE.from_str(text)


def test_what_is_left_of_a_stage_is_what_counts():
    stage = [list(ops) for ops in itertools.product(range(7), repeat=3)]
    found = {SPACE.canonical((0, *ops, *[0] * 17)) for ops in stage}
    assert len(found) == 1 + 6 + 36 + 216
    arch = SPACE.from_str(SEMINASNET)
    # The skip of the first stage and its neighbour change places; then over the end of a stage.
    assert SPACE.canonical((*arch[:2], SKIP, 0, *arch[4:])) == SPACE.canonical(arch)
    skipped = (0, 1, 2, SKIP, 3, *arch[5:]), (0, 1, 2, 3, SKIP, *arch[5:])
    assert SPACE.canonical(skipped[0]) != SPACE.canonical(skipped[1])


@pytest.mark.parametrize(
    ("sequence", "shape", "multiply_adds", "parameters", "published"),
    [
        (SEMINASNET, FINAL, 598_952_544, 6_319_360, (599.0, 6.32)),
        (SEMINASNET, SEARCHED, 339_168_320, 3_884_640, (339.2, 3.88)),
        (GBDT_NAS_3S, FINAL, 576_942_528, 6_462_904, None),
        (MOBILENET_V2, MOBILENET_V2_SHAPE, 300_774_272, 3_504_872, (300.8, 3.5)),
    ],
)
def test_costs_are_the_published_ones(sequence, shape, multiply_adds, parameters, published):
    cost = shape.cost(SPACE.from_str(sequence))
    assert (cost.multiply_adds, cost.parameters) == (multiply_adds, parameters)
    assert shape.properties(SPACE.from_str(sequence)) == {
        "parameters": parameters,
        "flops": 2 * multiply_adds,
    }
    if published:
        assert (round(multiply_adds / 1e6, 1), round(parameters / 1e6, 2)) == published


def test_a_limit_refuses_what_costs_more():
    arch = SPACE.from_str(SEMINASNET)
    exact = FINAL.properties(arch)["flops"]
    assert MobileSpace(FINAL, exact).is_valid(arch)
    assert not MobileSpace(FINAL, exact - 2).is_valid(arch)
    with pytest.raises(InvalidArchitecture):
        MobileSpace(FINAL, exact - 2).check(arch)


def test_everything_that_is_drawn_keeps_the_limit():
    space, rng = MobileSpace(FINAL, 1.2e9), np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(50)]
    archs += [space.mutate(arch, rng) for arch in archs]
    archs += [space.crossover(*pair, rng) for pair in itertools.pairwise(archs)]
    costs = [FINAL.properties(arch)["flops"] for arch in archs]
    assert max(costs) <= 1.2e9
    free = [FINAL.properties(SPACE.sample(rng))["flops"] for _ in range(100)]
    assert max(free) > 1.2e9
    heavy = tuple([5] * 21)
    assert space.from_sequences(space.sequences([heavy, archs[0]])) == [None, archs[0]]


def test_a_limit_that_leaves_nearly_nothing_is_refused():
    with pytest.raises(HarnessError, match="Allow more"):
        MobileSpace(FINAL, 6e8)
    cheapest = FINAL.properties(tuple(0 if i % 4 == 0 else SKIP for i in range(21)))["flops"]
    assert cheapest < 6e8


def test_a_shape_is_what_a_recipe_says():
    table = {"stem": 4, "first": 4, "widths": [4, 4, 6, 6, 8, 8], "head": 12, "dropout": 0.3}
    assert Shape.of(table, 24, 5) == Shape(24, 5, 4, 4, (4, 4, 6, 6, 8, 8), 12, 0.3)
    assert [place.side for place in TINY.places if place.opens] == [12, 6, 3, 2, 2, 1]
