"""Images of CIFAR-10 as examples: parts, normalisation and augmentation."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from harness import HarnessError
from harness.live.images.cifar import normalised
from harness.live.images.cifar_examples import Augmentation, CifarExamples, CifarRecipe, checksum
from harness.live.recipe import InvalidRecipe

torch = pytest.importorskip("torch")

from harness.live.images.cifar_examples import cutout  # noqa: E402

CPU = torch.device("cpu")


def pixels(count=40, side=32, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 3, side, side), dtype=np.uint8)
    return images, np.arange(count) % 10


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_without_generator_images_are_normalised_and_nothing_else():
    images, labels = pixels()
    examples = CifarExamples(images, labels, Augmentation(4, 16))
    found, classes = examples.batch(torch.tensor([3, 1, 3]), CPU)
    np.testing.assert_allclose(found, normalised(images[[3, 1, 3]]), rtol=1e-6)
    assert classes.tolist() == [3, 1, 3]
    assert len(examples) == 40
    again = pickle.loads(pickle.dumps(examples))
    assert not again._copies
    assert torch.equal(again.batch(torch.tensor([3, 1, 3]), CPU)[0], found)


def test_cutout_erases_squares_that_are_whole_inside_and_clipped_at_borders():
    """The areas and places of all 32 x 32 centres, by enumeration; all are equally probable."""
    count, side = 20_000, 16
    kept = cutout(torch.ones(count, 1, 32, 32), generator(), side)[:, 0].numpy()
    erased = kept == 0
    rows, columns = erased.any(2), erased.any(1)
    # Each is a rectangle.
    np.testing.assert_array_equal(erased, rows[:, :, None] & columns[:, None, :])
    heights = rows.sum(1)
    # A centre of c erases from max(0, c - 8) to min(32, c + 8).
    possible = [min(32, c + 8) - max(0, c - 8) for c in range(32)]
    assert set(heights.tolist()) == set(possible) == {*range(8, 17)}
    inside = rows[:, 1:-1].sum(1) == heights
    whole = inside & (columns[:, 1:-1].sum(1) == columns.sum(1))
    assert (erased.sum((1, 2))[whole] == side**2).all()
    assert whole.any()
    frequencies = np.array([possible.count(h) / 32 for h in range(8, 17)])
    observed = np.bincount(heights, minlength=17)[8:17]
    expected = frequencies * count
    # Chi-square with 8 degrees of freedom: 26.1 in one of a thousand draws.
    assert ((observed - expected) ** 2 / expected).sum() < 26.1
    assert erased.sum((1, 2)).mean() == pytest.approx(np.mean(possible) ** 2, rel=0.01)


def test_training_erases_a_square_of_zeros_by_its_own_draw():
    images, labels = pixels(1)
    plain = CifarExamples(images, labels, Augmentation(0, 0))
    cut = CifarExamples(images, labels, Augmentation(0, 6))
    index = torch.zeros(200, dtype=torch.long)
    found = cut.batch(index, CPU, generator())[0]
    shown = torch.from_numpy(normalised(images[0]))
    same = (found - shown).abs().amax(1) < 1e-6
    mirrored = (found - shown.flip(2)).abs().amax(1) < 1e-6
    erased = (found == 0).all(1)
    # Either the image or its mirror image, but for one square.
    assert ((same | erased).all((1, 2)) | (mirrored | erased).all((1, 2))).all()
    assert len({tuple(e.flatten().tolist()) for e in erased}) > 150
    assert not (plain.batch(index, CPU, generator())[0] == 0).all(1).any()


def test_the_same_draws_give_the_same_images():
    images, labels = pixels()
    examples = CifarExamples(images, labels, Augmentation(4, 8))
    index = torch.arange(40)
    first, again, other = (examples.batch(index, CPU, generator(s))[0] for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_parts_in_the_order_of_the_files():
    images, labels = pixels(41)
    train, valid = CifarRecipe(split="order").searched((images, labels))
    assert train.labels.tolist() == labels[:21].tolist()
    assert valid.labels.tolist() == labels[21:].tolist()
    np.testing.assert_array_equal(valid.images, images[21:])
    train, valid = CifarRecipe(split="order", train_images=5, valid_images=7).searched(
        (images, labels)
    )
    assert train.labels.tolist() == labels[:5].tolist()
    assert valid.labels.tolist() == labels[21:28].tolist()


def test_parts_with_all_classes_in_proportion():
    images, labels = pixels(100)
    recipe = CifarRecipe(split="stratified", train_images=40, valid_images=20, search_cutout=6)
    train, valid = recipe.searched((images, labels))
    assert np.bincount(train.labels).tolist() == [4] * 10
    assert np.bincount(valid.labels).tolist() == [2] * 10
    assert not {i.tobytes() for i in train.images} & {i.tobytes() for i in valid.images}
    # Both are changed for training, if a method asks for it.
    assert train.augmentation == valid.augmentation == Augmentation(4, 6)


@pytest.mark.parametrize(
    "wanted",
    [
        {"split": "order", "train_images": 21},
        {"split": "order", "valid_images": 21},
        {"split": "stratified", "train_images": 30, "valid_images": 11},
        {"split": "stratified", "valid_images": 41},
    ],
)
def test_too_few_images(wanted):
    with pytest.raises(HarnessError, match="40 training images in live/cifar10"):
        CifarRecipe(**wanted).searched(pixels(40))


def test_first_images_of_a_part():
    images, labels = CifarRecipe(test_images=3).limited(pixels(), "test")
    assert len(images) == len(labels) == 3
    assert len(CifarRecipe(test_images=3).limited(pixels(), "final")[0]) == 40
    with pytest.raises(HarnessError, match=r"takes 41 test images, of which live/cifar10 has 40"):
        CifarRecipe(test_images=41).limited(pixels(), "test")


def test_small_images_are_means_over_squares():
    images, _ = pixels(3)
    found = CifarRecipe(side=16).shrunk(images)
    expected = images[:, :, 4:6, 10:12].astype(float).mean((2, 3))
    np.testing.assert_allclose(found[:, :, 2, 5], expected, atol=0.5)
    assert CifarRecipe().shrunk(images) is images


def test_recipes_that_are_none():
    with pytest.raises(InvalidRecipe, match="side 12 does not divide 32"):
        CifarRecipe(side=12)
    with pytest.raises(InvalidRecipe, match="All: order, stratified"):
        CifarRecipe(split="random")


def test_checksum_is_of_images_and_classes():
    images, labels = pixels(4)
    other = images.copy()
    other[0, 0, 0, 0] ^= 1
    sums = {
        checksum((images, labels), (images, labels)),
        checksum((other, labels), (images, labels)),
        checksum((images, labels[::-1]), (images, labels)),
        checksum((images, labels)),
    }
    assert len(sums) == 4
    assert checksum((images, labels)) == checksum(pixels(4))
