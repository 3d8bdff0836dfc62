"""Images of which a part is missing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness.live.images.masks import MASKS, MaskedImages, center, half, pixel  # noqa: E402

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(1, 256, size=(40, 3, 16, 16), dtype=np.uint8)


def examples(pixels, mask, rows=None):
    names = [f"{i}.jpg" for i in range(len(pixels))]
    return MaskedImages(pixels, names, np.arange(len(pixels)) if rows is None else rows, mask)


@pytest.mark.parametrize(("side", "inner"), [(64, 32), (32, 16), (16, 8)])
def test_the_middle_is_missing(side, inner):
    known = center(2, side, generator())
    assert known.shape == (2, 1, side, side)
    missing = (known == 0).nonzero()
    assert len(missing) == 2 * inner**2
    assert missing[:, 2:].min() == side // 4
    assert missing[:, 2:].max() == side - side // 4 - 1


def test_each_pixel_is_missing_with_its_probability():
    known = pixel(100, 32, generator())
    share = known.mean().item()
    # Six standard deviations of a mean of 102,400 draws.
    assert abs(share - 0.2) < 6 * np.sqrt(0.2 * 0.8 / known.numel())
    assert len(known.unique(dim=0)) == 100
    assert set(known.unique().tolist()) == {0, 1}


def test_halves_are_missing():
    known = half(400, 8, generator())[:, 0]
    expected = torch.zeros(4, 8, 8)
    expected[0, :, 4:] = expected[1, 4:, :] = expected[2, :, :4] = expected[3, :4, :] = 1
    counts = [(known == mask).all((1, 2)).sum().item() for mask in expected]
    assert sum(counts) == 400
    assert min(counts) > 70


@pytest.mark.parametrize("name", MASKS)
def test_inputs_are_masked_images(pixels, name):
    inputs, (images, known) = examples(pixels, MASKS[name]).batch(
        torch.arange(40), CPU, generator()
    )
    assert inputs.shape == images.shape == (40, 3, 16, 16)
    assert known.shape == (40, 1, 16, 16)
    assert torch.equal(inputs, images * known)
    assert torch.equal(inputs == 0, (known == 0).expand_as(inputs))


def test_half_of_the_images_are_mirrored_in_training(pixels):
    _, (images, _) = examples(np.repeat(pixels[:1], 400, 0), center).batch(
        torch.arange(400), CPU, generator()
    )
    plain = torch.from_numpy(pixels[0]) / 255
    straight = (images == plain).all(3).all(2).all(1)
    mirrored = (images == plain.flip(2)).all(3).all(2).all(1)
    assert (straight ^ mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_masks_are_drawn_anew_in_training_and_fixed_when_judged(pixels):
    data, index = examples(pixels, pixel), torch.tensor([3, 7])
    drawn = [data.batch(index, CPU, generator(seed))[1][1] for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0][0], drawn[0][1])
    inputs, (images, judged) = data.batch(index, CPU)
    assert torch.equal(images, torch.from_numpy(pixels[[3, 7]]) / 255)
    assert not torch.equal(judged[0], judged[1])
    # Whatever else is judged with it, and wherever in the data it is.
    alone = examples(pixels, pixel, rows=np.array([7])).batch(torch.tensor([0]), CPU)
    assert torch.equal(alone[0][0], inputs[1])


def test_no_image_is_a_batch_too(pixels):
    inputs, (images, known) = examples(pixels, half).batch(torch.arange(0), CPU)
    assert len(inputs) == len(images) == len(known) == 0
