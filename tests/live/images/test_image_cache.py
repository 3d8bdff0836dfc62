"""Decoded images on disk: what is in them, what breaks off, what is damaged."""

from __future__ import annotations

import hashlib
import logging
import pickle
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from harness import HarnessError, InvalidTable
from harness.live.images import cache as image_cache
from harness.live.images.cache import decoded_images
from harness.live.images.folder import read_class_folders
from tests.live.images.image_files import WNIDS, write_part


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(image_cache, "CHUNK", 2)
    folder = tmp_path / "train"
    return SimpleNamespace(
        folder=folder,
        cache=tmp_path / "cache",
        written=write_part(folder, 3, 0),
        listed=lambda: read_class_folders(folder, WNIDS),
    )


def decoded(files, side=16, share=0.0):
    return decoded_images(files.listed(), side, share, files.cache)


def everything(images):
    return [images.image(number).tolist() for number in range(len(images))]


def test_images_are_those_of_pillow_with_a_short_side(files):
    images = decoded(files)
    assert len(images) == 9
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for number, (file, pixels) in enumerate(files.written.items()):
        height, width = pixels.shape[:2]
        # As torchvision computes the long side.
        size = (16, int(16 * height / width)) if width <= height else (int(16 * width / height), 16)
        expected = Image.open(files.folder / file).resize(size, Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(images.image(number), np.asarray(expected))
    assert min(images.heights.min(), images.widths.min()) == 16
    with pytest.raises(ValueError, match="read-only"):
        images.image(0)[0] = 0


def test_an_image_that_has_the_side_stays_as_it_is(files):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(files.folder / WNIDS[0] / "0.png")
    np.testing.assert_array_equal(decoded(files).image(0), pixels)


def test_grey_and_transparent_images_become_coloured(files):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(grey).save(files.folder / WNIDS[0] / "0.png")
    Image.fromarray(grey).convert("CMYK").save(files.folder / WNIDS[0] / "1.jpeg", quality=100)
    images = decoded(files)
    np.testing.assert_array_equal(images.image(0), np.repeat(grey[:, :, None], 3, 2))
    assert np.abs(images.image(1).astype(int) - grey[:, :, None]).max() <= 3


def test_nothing_is_decoded_twice(files, monkeypatch):
    first = decoded(files)
    monkeypatch.setattr(image_cache, "resized", lambda *_: pytest.fail("decoded again"))
    second = decoded(files)
    assert everything(first) == everything(second)
    assert first.checksum == second.checksum
    copy = pickle.loads(pickle.dumps(first))
    assert "_pixels" not in vars(copy)
    assert everything(copy) == everything(first)


def test_the_checksum_is_that_of_names_and_contents(files, tmp_path):
    images = decoded(files)
    chunks = []
    names = sorted(files.written)
    for start in range(0, 9, 2):
        digest = hashlib.sha256()
        for name in names[start : start + 2]:
            content = hashlib.sha256((files.folder / name).read_bytes()).hexdigest()
            digest.update(f"{name} {content}\n".encode())
        chunks.append(digest.hexdigest())
    expected = hashlib.sha256("\n".join([*WNIDS, *chunks]).encode()).hexdigest()
    assert images.checksum == expected == decoded(files, side=12).checksum
    elsewhere = tmp_path / "copy" / "train"
    shutil.copytree(files.folder, elsewhere)
    copied = decoded_images(read_class_folders(elsewhere, WNIDS), 16, 0.0, tmp_path / "c")
    assert copied.checksum == expected


def test_a_changed_file_is_decoded_anew(files):
    before = decoded(files)
    pixels = np.full((16, 16, 3), 7, np.uint8)
    Image.fromarray(pixels).save(files.folder / WNIDS[1] / f"{WNIDS[1]}_0.png")
    after = decoded(files)
    assert after.folder != before.folder
    assert after.checksum != before.checksum
    np.testing.assert_array_equal(after.image(3), pixels)


class Killed(BaseException):
    """What a test ends a build with."""


def broken_off(files, monkeypatch, after):
    """A build that dies when it has written so many chunks."""
    real, written = image_cache._decoded, []

    def dying(*arguments):
        for item in real(*arguments):
            if len(written) == after:
                raise Killed
            written.append(item)
            yield item

    with monkeypatch.context() as patch:
        patch.setattr(image_cache, "_decoded", dying)
        with pytest.raises(Killed):
            decoded(files)
    (folder,) = (path for path in files.cache.iterdir() if path.is_dir())
    assert not (folder / "index.npz").exists()
    return folder


@pytest.mark.parametrize(
    "damage", ["nothing", "half a chunk", "half a line", "lost pixels", "no pixels"]
)
def test_a_build_that_was_broken_off_goes_on(files, tmp_path, monkeypatch, damage):
    whole = decoded_images(files.listed(), 16, 0.0, tmp_path / "whole")
    folder = broken_off(files, monkeypatch, after=3)
    pixels, journal = folder / "pixels.bin", folder / "journal.jsonl"
    # Images that still have to be decoded.
    left = {"nothing": 3, "half a chunk": 3, "half a line": 5, "lost pixels": 5, "no pixels": 9}
    if damage == "half a chunk":
        pixels.write_bytes(pixels.read_bytes() + b"rest")
    elif damage == "half a line":
        journal.write_text(journal.read_text()[:-9])
    elif damage == "lost pixels":
        pixels.write_bytes(pixels.read_bytes()[:-1])
    elif damage == "no pixels":
        pixels.unlink()
    real, seen = image_cache.resized, []

    def counted(content, side):
        seen.append(content)
        return real(content, side)

    monkeypatch.setattr(image_cache, "resized", counted)
    again = decoded(files)
    assert len(seen) == left[damage]
    assert everything(again) == everything(whole)
    assert again.checksum == whole.checksum
    assert pixels.read_bytes() == (whole.folder / "pixels.bin").read_bytes()


def damaged(files, number):
    names = sorted(files.written)[:number]
    for place, name in enumerate(names):
        content = (files.folder / name).read_bytes()
        (files.folder / name).write_bytes(content[: len(content) // 2] if place else b"no image")
    return names


def test_one_damaged_image_is_named_and_left_out(files, caplog):
    (name,) = damaged(files, 1)
    with caplog.at_level(logging.WARNING):
        images = decoded(files)
    assert images.damaged == (name,)
    assert "1 of 9 images" in caplog.text
    assert name in caplog.text
    assert images.labels.tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
    assert images.image(0).shape[2] == 3


def test_more_damaged_images_than_allowed_are_refused(files):
    names = damaged(files, 3)
    for _ in range(2):  # The second time from the cache.
        with pytest.raises(InvalidTable, match=r"3 of 9 images .* at most 2 may be") as caught:
            decoded(files, share=0.3)
        assert all(name in str(caught.value) for name in names)
    assert decoded(files, share=0.34).damaged == tuple(names)


def test_a_full_disk_is_noticed_beforehand(files, monkeypatch):
    usage = SimpleNamespace(total=0, used=0, free=1000)
    monkeypatch.setattr(image_cache.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(HarnessError, match="HARNESS_CACHE"):
        decoded(files)


def test_a_disk_that_fills_up_keeps_what_is_there(files, monkeypatch):
    real, calls = image_cache.os.fsync, []

    def full(file):
        calls.append(file)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(image_cache.os, "fsync", full)
        with pytest.raises(HarnessError, match="No space left on device"):
            decoded(files)
    (folder,) = (path for path in files.cache.iterdir() if path.is_dir())
    assert len((folder / "journal.jsonl").read_text().splitlines()) == 2
    assert len(decoded(files)) == 9
