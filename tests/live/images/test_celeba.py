"""The faces of CelebA on disk: complete, in part, damaged."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from harness import HarnessError
from harness.core.errors import InvalidTable, MissingData
from harness.live.images import celeba as celeba_module
from harness.live.images import faces as faces_module
from harness.live.images.celeba import (
    IMAGES,
    CelebAFiles,
    celeba_folder,
    how_to_get,
    official_partition,
    read_celeba,
)
from harness.live.images.faces import cropped, read_faces
from tests.live.images.faces_on_disk import FACES, PARTITION, write_faces

MOST = {"train": 100, "valid": 100, "test": 100}


def read(folder, tmp_path, most=MOST, crop=96, side=16, share=0.0):
    return read_faces(read_celeba(folder), most, crop, side, tmp_path / "cache", share)


@pytest.fixture
def folder(tmp_path):
    write_faces(tmp_path / "celeba")
    return tmp_path / "celeba"


@pytest.fixture
def everything(tmp_path, monkeypatch):
    """A folder that seems to hold all official images."""
    (tmp_path / FACES).mkdir()
    names = [f"{i:06d}.jpg" for i in range(1, IMAGES + 1)]
    monkeypatch.setattr(celeba_module, "images_in", lambda folder: names)
    return tmp_path


def test_the_official_partition_has_the_published_checksum():
    found = hashlib.md5(official_partition().encode()).hexdigest()
    assert found == "d32c9cbf5e040fd4025c592c306e6668"
    counts = np.bincount([int(line[-1]) for line in official_partition().splitlines()])
    assert counts.tolist() == [162_770, 19_867, 19_962]


def test_all_images_are_in_the_parts_of_the_experiments(everything):
    found = read_celeba(everything)
    assert found.official
    assert {part: len(names) for part, names in found.files.items()} == {
        "train": 100_000,
        "valid": 1_000,
        "test": 2_000,
    }
    ends = [(names[0], names[-1]) for names in found.files.values()]
    assert ends == [
        ("000001.jpg", "100000.jpg"),
        ("100001.jpg", "101000.jpg"),
        ("101001.jpg", "103000.jpg"),
    ]
    for text in (official_partition(), official_partition().replace("\r", "")):
        (everything / PARTITION).write_text(text, newline="")
        assert read_celeba(everything) == found
    (everything / PARTITION).write_text(
        official_partition().replace("162770.jpg 0", "162770.jpg 1")
    )
    with pytest.raises(InvalidTable, match="not the official partition"):
        read_celeba(everything)


def test_a_subset_has_the_parts_of_its_partition_file(folder):
    found = read_celeba(folder)
    assert not found.official
    assert found.files == {
        "train": tuple(f"{i:06d}.jpg" for i in range(1, 7)),
        "valid": ("000007.jpg", "000008.jpg"),
        "test": ("000009.jpg", "000010.jpg"),
    }
    assert str(found) == "a part of CelebA: 6 images to train on, 2 to validate, 2 to test"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda f: (f / FACES).rename(f / "faces"), MissingData, "mmlab"),
        (lambda f: (f / PARTITION).unlink(), MissingData, "10 of the 202,599"),
        (lambda f: (f / FACES / "000003.jpg").unlink(), InvalidTable, "not there: 000003.jpg"),
        (
            lambda f: (f / FACES / "000003.jpg").rename(f / FACES / "x.jpg"),
            InvalidTable,
            "not there: 000003.jpg",
        ),
        (
            lambda f: (f / PARTITION).write_text("".join(lines(f)[:-1])),
            InvalidTable,
            "are for: 000010.jpg",
        ),
        (
            lambda f: (f / PARTITION).write_text("".join(lines(f) + lines(f)[:1])),
            InvalidTable,
            "more than once: 000001.jpg",
        ),
        (
            lambda f: (f / PARTITION).write_text("000001.jpg 3\n"),
            InvalidTable,
            r"line 1: '000001.jpg 3' is not",
        ),
        (
            lambda f: (f / PARTITION).write_text("".join(lines(f)).replace(" 2", " 1")),
            InvalidTable,
            "no image for test",
        ),
    ],
)
def test_what_is_wrong_is_said(folder, change, kind, words):
    change(folder)
    with pytest.raises(kind, match=words):
        read_celeba(folder)


def lines(folder):
    return (folder / PARTITION).read_text().splitlines(keepends=True)


def test_layouts_that_archives_lead_to(tmp_path):
    (tmp_path / "img_align_celeba.zip").touch()
    with pytest.raises(MissingData, match=r"Unpack .*img_align_celeba\.zip"):
        read_celeba(tmp_path)
    (tmp_path / FACES / FACES).mkdir(parents=True)
    with pytest.raises(InvalidTable, match="move the images up"):
        read_celeba(tmp_path)
    assert str(celeba_folder()) in how_to_get()


def jpeg(image):
    stream = io.BytesIO()
    image.save(stream, "png")
    return stream.getvalue()


def test_a_crop_lies_around_the_eyes():
    """Of an image whose colours are its coordinates."""
    x, y = np.meshgrid(np.arange(178), np.arange(218))
    pixels = np.stack([x, y, 0 * x], 2).astype(np.uint8)
    size, found = cropped(jpeg(Image.fromarray(pixels)), 96, 96)
    assert size == (178, 218)
    np.testing.assert_array_equal(found, pixels[63:159, 41:137].transpose(2, 0, 1))
    # 64 pixels of 1.5: the first one's centre is 0.75 from the edge, a quarter right of a centre.
    _, smaller = cropped(jpeg(Image.fromarray(pixels)), 96, 64)
    expected = 41 + 1.5 * np.arange(64) + 0.25
    assert np.abs(smaller[0, 32] - expected)[3:-3].max() <= 0.75
    half = pixels[1::2, 1::2]
    size, found = cropped(jpeg(Image.fromarray(half)), 96, 64)
    assert size == (89, 109)
    assert found.shape == (3, 64, 64)
    # Half the pixels of the same crop: the same coordinates.
    assert np.abs(found[:2].astype(int) - smaller[:2])[:, 3:-3, 3:-3].max() <= 1


def test_faces_are_decoded_once(folder, tmp_path, monkeypatch):
    found = read(folder, tmp_path)
    assert found.images.shape == (10, 3, 16, 16)
    assert {part: rows.tolist() for part, rows in found.rows.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "valid": [6, 7],
        "test": [8, 9],
    }
    for name, image in zip(found.names, found.images, strict=True):
        expected = cropped((folder / FACES / name).read_bytes(), 96, 16)[1]
        np.testing.assert_array_equal(image, expected)
    monkeypatch.setattr(faces_module, "_decode", None)
    again = read(folder, tmp_path)
    np.testing.assert_array_equal(again.images, found.images)
    assert again.checksum == found.checksum


def test_a_cache_is_of_its_files(folder, tmp_path):
    first = read(folder, tmp_path)
    content = (folder / FACES / "000002.jpg").read_bytes()
    (folder / FACES / "000001.jpg").write_bytes(content)
    second = read(folder, tmp_path)
    assert second.checksum != first.checksum
    np.testing.assert_array_equal(second.images[0], first.images[1])
    small = read(folder, tmp_path, {"train": 2, "valid": 1, "test": 1})
    assert small.names == ("000001.jpg", "000002.jpg", "000007.jpg", "000009.jpg")
    assert small.rows["test"].tolist() == [3]


def test_damaged_images_are_counted(folder, tmp_path, caplog):
    (folder / FACES / "000002.jpg").write_bytes(b"no image")
    found = read(folder, tmp_path)
    assert found.rows["train"].tolist() == [0, 2, 3, 4, 5]
    assert "1 of 10 images cannot be decoded (000002.jpg); left out" in caplog.text
    whole = (folder / FACES / "000008.jpg").read_bytes()
    (folder / FACES / "000008.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidTable, match=r"2 of 10 .*000002.jpg, 000008.jpg\); at most 1"):
        read(folder, tmp_path)
    assert read(folder, tmp_path, share=0.2).rows["valid"].tolist() == [6]


@pytest.mark.parametrize(
    ("size", "words"),
    [((178, 218), "take images of one size"), ((64, 64), "178 by 218 or 89 by 109")],
)
def test_sizes_that_differ_are_refused(folder, tmp_path, size, words):
    Image.new("RGB", size).save(folder / FACES / "000004.jpg")
    with pytest.raises(InvalidTable, match=f"000004.jpg has {size[0]} by .*{words}"):
        read(folder, tmp_path)
    assert not list((tmp_path / "cache").iterdir())


def test_a_disk_without_room_is_said(folder, tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(HarnessError, match="HARNESS_CACHE"):
        read(folder, tmp_path)


def test_the_real_sample(harness_data, tmp_path):
    files = read_celeba(harness_data / "live" / "celeba")
    found = read_faces(files, MOST, 96, 64, tmp_path, 0.0)
    mean = found.images.mean((0, 1))
    # Eyes are darker than what is between, above and below them.
    rows, left, right = mean[28:36], slice(15, 23), slice(41, 49)
    eyes = rows[:, left].mean() + rows[:, right].mean()
    assert rows[:, 28:36].mean() > eyes / 2 + 20
    assert mean[40:46, left].mean() > rows[:, left].mean() + 20
    assert abs(rows[:, left].mean() - rows[:, right].mean()) < 10
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["damaged"] == []
    assert isinstance(files, CelebAFiles)
