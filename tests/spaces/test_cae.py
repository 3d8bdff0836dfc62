"""The autoencoders of the inpainting experiment of ASNG-NAS, and the experiment as data."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import chain

import numpy as np
import pytest

from methods.genotype_law import GenotypeLaw
from spaces.cae import CaeSpace
from spaces.cae.space import CHANNELS, KERNELS, LEVELS_BACK, NODES, WHOLE_NUMBERS, Layer

PLAIN, MIXED = CaeSpace(), CaeSpace(mixed=True)


@pytest.fixture(scope="module")
def asng():
    return tomllib.loads((files("spaces.cae") / "asng.toml").read_text())


def test_numbers_of_the_categorical_experiment(asng):
    expected, sizes = asng["expected"], np.array(PLAIN.sizes)
    assert len(sizes) + asng["space"]["stored_without_choice"] == expected["stored"] == 63
    assert (sizes > 1).sum() == expected["variables"] == 60
    (law,) = GenotypeLaw(PLAIN).variables
    assert law.freedom == expected["freedom"] == 214


def test_numbers_of_the_mixed_experiment(asng):
    expected = asng["expected_mixed"]
    categories = [d for d in MIXED.decisions if not d.ordered]
    assert len(categories) == expected["categorical"] == 41
    opened = [d for d in categories if len(d.choices) > 1]
    assert len(opened) == expected["categorical_variables"] == 40
    assert len(MIXED.decisions) - len(categories) == expected["integers"] == 40
    kinds, numbers = GenotypeLaw(MIXED).variables
    assert kinds.freedom == expected["categorical_freedom"] == 94
    assert kinds.freedom + numbers.freedom == expected["freedom"] == 174


def test_spaces_of_the_experiment(asng):
    plain, mixed = asng["space"], asng["space_mixed"]
    assert (plain["id"], mixed["id"]) == (PLAIN.id, MIXED.id)
    assert (plain["nodes"], plain["levels_back"]) == (NODES, LEVELS_BACK)
    assert tuple(map(str, plain["kernels"])) == KERNELS
    assert tuple(map(str, plain["channels"])) == CHANNELS
    assert [int(WHOLE_NUMBERS[0]), int(WHOLE_NUMBERS[-1])] == mixed["channels"]
    assert len(KERNELS) == mixed["kernel_index"][1]


def test_recipe_and_masks_of_the_experiment(asng):
    assert set(asng["masks"]) == {"center", "pixel", "half"} == set(asng["e_cae"]["psnr"])
    assert 2 * asng["masks"]["center"]["side"] == asng["data"]["side"] == 64
    assert len(asng["masks"]["half"]["halves"]) == 4
    assert 0 < asng["masks"]["pixel"]["probability"] < 1
    retraining = asng["retraining"]
    assert max(retraining["learning_rate_changes"]) < retraining["iterations"] == 500_000
    # An epoch is half of the images.
    images = asng["data"]["train_images"] * asng["search"]["train_share"]
    assert asng["search"]["iterations"] * asng["search"]["batch"] / images == 16


def plain(nodes, output):
    """A genotype whose nodes are (kernel, channels, skip) with an input."""
    entries = [(0, 0, 0)] * NODES
    for number, (kernel, channels, skip, source) in nodes.items():
        kind = 2 * KERNELS.index(str(kernel)) + skip
        entries[number - 1] = (
            kind,
            CHANNELS.index(str(channels)),
            source - max(0, number - LEVELS_BACK),
        )
    return (*chain(*entries), output - 16)


CHAIN = {
    16: (3, 128, 0, 11),
    11: (5, 64, 1, 8),
    8: (1, 256, 0, 3),
    3: (3, 64, 1, 0),
}
LAYERS = (Layer(3, 64, True), Layer(1, 256, False), Layer(5, 64, True), Layer(3, 128, False))


def test_layers_lie_on_the_way_from_the_output_to_the_image():
    assert PLAIN.layers(PLAIN.check(plain(CHAIN, 16))) == LAYERS


def test_layers_of_the_mixed_space():
    entries = [[0, 0, 0, 0] for _ in range(NODES)]
    for number, (kernel, channels, skip, source) in CHAIN.items():
        place = source - max(0, number - LEVELS_BACK)
        entries[number - 1] = [skip, place, KERNELS.index(str(kernel)), channels - 64]
    arch = MIXED.check((*chain(*entries), 0))
    assert MIXED.layers(arch) == LAYERS
    # Node 20 takes node 16, its second choice.
    assert MIXED.layers((*arch[:-5], 1, 1, 2, 100, 4)) == (*LAYERS, Layer(5, 164, True))


def test_what_is_not_active_makes_no_difference():
    arch = plain(CHAIN, 16)
    others = {}
    for i, decision in enumerate(PLAIN.decisions[:-1]):
        number = int(decision.name.split()[0].removeprefix("node"))
        for choice in range(len(decision.choices)):
            child = (*arch[:i], choice, *arch[i + 1 :])
            if child != arch:
                others.setdefault(number in CHAIN, []).append(PLAIN.canonical(child))
    assert set(others[False]) == {PLAIN.canonical(arch)}
    assert PLAIN.canonical(arch) not in others[True]
    # The same layers at other places.
    moved = {17: (*CHAIN[16][:3], 12), 12: (*CHAIN[11][:3], 8), 8: CHAIN[8], 3: CHAIN[3]}
    assert PLAIN.canonical(plain(moved, 17)) == PLAIN.canonical(arch)


def test_a_pixel_is_not_halved():
    halving = {i: (3, 64, 0, i - 1) for i in range(1, 17)} | {9: (5, 128, 1, 8)}
    layers = PLAIN.layers(plain(halving, 16))
    assert [layer.skip for layer in layers] == [False] * 6 + [True]
    small = CaeSpace(side=16).layers(plain(halving, 16))
    assert [layer.skip for layer in small] == [False] * 4 + [True]


def test_every_genotype_has_layers():
    rng = np.random.default_rng(0)
    for space in (PLAIN, MIXED):
        counts = [len(space.layers(space.sample(rng))) for _ in range(300)]
        assert min(counts) >= 1
        assert max(counts) > 6
        arch = space.sample(rng)
        assert space.from_str(space.to_str(arch)) == arch


def test_laws_draw_genotypes_of_their_space():
    rng = np.random.default_rng(1)
    for space in (PLAIN, MIXED):
        law = GenotypeLaw(space)
        for arch in [*law.genotypes(law.draw(rng, 20)), law.mode]:
            space.check(arch)
