"""Batches of photographs, for training and for judging."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("PIL")

from PIL import Image  # noqa: E402

from harness.live.images.cache import decoded_images  # noqa: E402
from harness.live.images.folder import read_class_folders  # noqa: E402
from harness.live.images.photographs import (  # noqa: E402
    DEVIATIONS,
    MEANS,
    PhotographRecipe,
    Photographs,
)
from tests.live.images.image_files import WNIDS, write_part  # noqa: E402

CPU = torch.device("cpu")
RECIPE = PhotographRecipe(16, (0.08, 1.0), (3 / 4, 4 / 3), (0.4, 0.4, 0.4, 0.1))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_part(folder / "train", 4, 0)
    return folder


@pytest.fixture
def photographs(files):
    images = decoded_images(read_class_folders(files / "train", WNIDS), 20, 0, files / "cache")
    return Photographs(images, np.arange(len(images)), RECIPE)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def as_levels(inputs):
    deviations, means = torch.tensor(DEVIATIONS), torch.tensor(MEANS)
    return ((inputs.permute(0, 2, 3, 1) * deviations + means) * 255).numpy()


def test_judging_shows_the_middle(photographs):
    inputs, labels = photographs.batch(torch.tensor([7, 0]), CPU)
    assert labels.tolist() == [1, 0]
    for own, number in zip(as_levels(inputs), (7, 0), strict=True):
        image = photographs.images.image(number)
        height, width = image.shape[:2]
        left, top = round((width - 16) / 2), round((height - 16) / 2)
        expected = Image.fromarray(image).crop((left, top, left + 16, top + 16))
        np.testing.assert_allclose(own, np.asarray(expected), atol=1e-3)


def test_training_draws_from_the_given_generator_alone(photographs):
    index = torch.arange(12)
    before = torch.get_rng_state()
    first, labels = photographs.batch(index, CPU, generator())
    again, _ = photographs.batch(index, CPU, generator())
    other, _ = photographs.batch(index, CPU, generator(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert labels.tolist() == photographs.labels.tolist()
    assert first.shape == (12, 3, 16, 16)


def test_whole_images_without_jitter_are_those_of_pillow(photographs):
    plain = PhotographRecipe(16, (1.0, 1.0), (0.1, 10.0), (0, 0, 0, 0))
    # Where no draw fits it is the largest part that is allowed: the whole image.
    own = Photographs(photographs.images, photographs.chosen, plain)
    inputs, _ = own.batch(torch.arange(12), CPU, generator())
    mirrored = []
    for number, found in enumerate(as_levels(inputs)):
        image = Image.fromarray(photographs.images.image(number))
        expected = np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR), float)
        errors = [np.abs(found - e).max() for e in (expected, expected[:, ::-1])]
        assert min(errors) < 1.5
        mirrored.append(errors[1] < errors[0])
    assert 0 < sum(mirrored) < 12


def test_a_part_has_its_own_images(photographs):
    part = photographs.part(np.array([8, 2, 5])).part(np.array([0, 2]))
    assert len(part) == 2
    assert part.labels.tolist() == [2, 1]
    whole, _ = photographs.batch(torch.tensor([8, 5]), CPU)
    assert torch.equal(part.batch(torch.arange(2), CPU)[0], whole)
