"""Crops, resampling and colours against Pillow, the standard library and closed forms."""

from __future__ import annotations

import colorsys
import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("PIL")

from PIL import Image, ImageEnhance  # noqa: E402
from scipy import stats  # noqa: E402

from harness.live.images import transforms as image_transforms  # noqa: E402
from harness.live.images.transforms import (  # noqa: E402
    ColourJitter,
    brighten,
    change_contrast,
    random_crops,
    resample,
    saturate,
    turn_hue,
)
from tests.live.images.image_files import photograph  # noqa: E402

# Pillow rounds to a level after each of two passes.
LEVELS = 1.5


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tensor(pixels):
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div(255)[None]


def levels(images):
    return (images[0] * 255).permute(1, 2, 0).numpy()


@pytest.fixture
def pixels():
    return photograph(np.random.default_rng(3), 30, 44)


@pytest.mark.parametrize("side", [8, 16, 30, 37, 64])
def test_resampling_is_the_bilinear_filter_of_pillow(pixels, side):
    other = photograph(np.random.default_rng(4), 21, 17)
    batch = torch.zeros(2, 3, 30, 44)
    for own, image in zip(batch, (pixels, other), strict=True):
        own[:, : image.shape[0], : image.shape[1]] = tensor(image)[0]
    # What lies outside of an image must not matter.
    batch[1, :, 21:] = batch[1, :, :, 17:] = 1e3
    sizes = torch.tensor([30, 21]), torch.tensor([44, 17])
    found = resample(batch, *sizes, side, torch.tensor([False, True]))
    for own, image, mirrored in zip(found, (pixels, other), (False, True), strict=True):
        scaled = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
        expected = np.asarray(scaled, float)
        expected = expected[:, ::-1] if mirrored else expected
        assert np.abs(levels(own[None]) - expected).max() < LEVELS


def test_a_crop_of_the_wanted_size_is_only_copied(pixels):
    image = tensor(pixels[:20, :20])
    size = torch.tensor([20])
    np.testing.assert_allclose(
        resample(image, size, size, 20, torch.tensor([False])), image, atol=1e-6
    )


def crops(number, height, width, area=(0.08, 1.0), ratio=(3 / 4, 4 / 3)):
    sizes = torch.full((number,), height), torch.full((number,), width)
    found = random_crops(*sizes, area, ratio, generator())
    return [v.numpy() for v in (found.tops, found.lefts, found.heights, found.widths)]


def test_crops_lie_within_their_images_and_limits():
    tops, lefts, heights, widths = crops(5000, 300, 400)
    assert min(tops.min(), lefts.min()) == 0
    assert (tops + heights).max() <= 300
    assert (lefts + widths).max() <= 400
    ratios, areas = widths / heights, widths * heights / 120_000
    assert ratios.min() > 3 / 4 - 0.02
    assert ratios.max() < 4 / 3 + 0.02
    assert areas.min() > 0.08 - 0.001
    assert areas.max() <= 1


def test_crops_that_always_fit_are_uniform_in_area_and_log_ratio():
    # A half of the area of a square fits with any of the ratios.
    tops, _, heights, widths = crops(4000, 4000, 4000, area=(0.08, 0.5))
    areas = heights * widths / 16e6
    assert stats.kstest(areas, stats.uniform(0.08, 0.42).cdf).pvalue > 0.01
    logs = np.log(widths / heights)
    span = 2 * math.log(4 / 3)
    assert stats.kstest(logs, stats.uniform(-span / 2, span).cdf).pvalue > 0.01
    places = tops / (4001 - heights)
    assert stats.kstest(places, stats.uniform().cdf).pvalue > 0.01
    assert abs(np.corrcoef(areas, logs)[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(20, 200, (0, 86, 20, 27)), (200, 20, (86, 0, 27, 20)), (30, 30, (0, 0, 30, 30))],
)
def test_where_nothing_fits_it_is_the_middle(height, width, expected):
    # More than the whole area never fits.
    for own, value in zip(crops(3, height, width, area=(2.0, 2.0)), expected, strict=True):
        assert own.tolist() == [value] * 3


@pytest.mark.parametrize("amount", [-0.4, -0.1, 0.0, 0.25, 0.4])
@pytest.mark.parametrize(
    ("change", "enhance"),
    [
        (brighten, ImageEnhance.Brightness),
        (change_contrast, ImageEnhance.Contrast),
        (saturate, ImageEnhance.Color),
    ],
)
def test_colours_are_those_of_pillow(pixels, change, enhance, amount):
    expected = np.asarray(enhance(Image.fromarray(pixels)).enhance(1 + amount), float)
    found = levels(change(tensor(pixels), torch.tensor([[[[amount]]]])))
    assert np.abs(found - expected).max() < LEVELS


@pytest.mark.parametrize("amount", [-0.1, 0.03, 0.1, 0.5])
def test_hue_is_that_of_the_standard_library(amount):
    steps = np.linspace(0, 1, 6)
    colours = np.array(list(itertools.product(steps, repeat=3)))

    def turned(colour):
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        return colorsys.hsv_to_rgb((hue + amount) % 1, saturation, value)

    images = torch.tensor(colours).view(-1, 3, 1, 1)
    found = turn_hue(images, torch.full((len(images), 1, 1, 1), amount)).flatten(1)
    np.testing.assert_allclose(found, [turned(colour) for colour in colours], atol=1e-6)


def test_jitter_draws_amounts_and_orders_for_each_image(monkeypatch):
    seen = [[] for _ in range(4)]
    calls = []

    def recorded(which):
        def change(images, amount):
            seen[which] += amount.flatten().tolist()
            calls.append((which, images[:, 0, 0, 0].tolist()))
            return images

        return change

    monkeypatch.setattr(image_transforms, "_CHANGES", tuple(recorded(k) for k in range(4)))
    number = 2400
    images = torch.arange(number).float()[:, None, None, None].expand(-1, 3, 1, 1).clone()
    ColourJitter(0.4, 0.3, 0.2, 0.1)(images, generator())
    for amounts, limit in zip(seen, (0.4, 0.3, 0.2, 0.1), strict=True):
        assert len(amounts) == number
        assert stats.kstest(amounts, stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.01
    orders = {}
    for which, numbers in calls:
        for image in numbers:
            orders.setdefault(image, []).append(which)
    counts = dict.fromkeys(itertools.permutations(range(4)), 0)
    for order in orders.values():
        counts[tuple(order)] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


def test_jitter_is_its_changes_in_their_order(monkeypatch, pixels):
    image = tensor(pixels)
    ranges = torch.tensor([0.4, 0.4, 0.4, 0.1])
    found = ColourJitter(*ranges.tolist())(image.clone(), generator(5))
    again = generator(5)
    amounts = [-r + 2 * r * torch.rand(1, generator=again) for r in ranges]
    order = torch.rand(1, 4, generator=again).argsort(1)[0].tolist()
    expected = image
    for which in order:
        change = (brighten, change_contrast, saturate, turn_hue)[which]
        expected = change(expected, amounts[which].view(1, 1, 1, 1))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert float((found - image).abs().max()) > 0.05


def test_no_jitter_changes_nothing(pixels):
    image = tensor(pixels)
    found = ColourJitter(0, 0, 0, 0)(image.clone(), generator())
    np.testing.assert_allclose(found, image, atol=1e-6)
