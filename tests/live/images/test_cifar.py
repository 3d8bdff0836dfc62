"""The reader of CIFAR-10's official files."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import HarnessError, InvalidTable, MissingData
from harness.live.images.cifar import DEVIATIONS, MEANS, crop_and_flip, normalised, read_cifar10

Batch = dict[str, Any]


def batch(rows: int = 10, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    return {
        "batch_label": "training batch",
        "labels": (np.arange(rows) % 10).tolist(),
        "data": rng.integers(0, 256, (rows, 3072), dtype=np.uint8),
        "filenames": [f"{i}.png" for i in range(rows)],
    }


def write(folder: Path, content: object, name: str = "test_batch") -> None:
    (folder / name).write_bytes(pickle.dumps(content))


def test_pixels_and_order(tmp_path: Path) -> None:
    """Files in the order of their numbers; channels, then rows, then columns."""
    batches = [batch(rows=4 + i, seed=i) for i in range(5)]
    for i, content in enumerate(batches, start=1):
        write(tmp_path, content, f"data_batch_{i}")
    images, labels = read_cifar10(tmp_path, "train")
    assert images.shape == (4 + 5 + 6 + 7 + 8, 3, 32, 32)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert labels.tolist() == [label for b in batches for label in b["labels"]]
    assert images[4, 2, 3, 1] == batches[1]["data"][0, 2 * 1024 + 3 * 32 + 1]


def test_files_of_python_2(tmp_path: Path) -> None:
    """Texts and arrays as bytes of no encoding, which is how the official files have them."""

    def text(value: bytes) -> bytes:  # opcode SHORT_BINSTRING
        return b"U" + bytes([len(value)]) + value

    def long_text(value: bytes) -> bytes:  # opcode BINSTRING
        return b"T" + len(value).to_bytes(4, "little") + value

    pixels = bytes(range(256)) * 12
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        b"(K\x01(K\x01M\x00\x0ct"
        b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR(K\x03" + text(b"|") + b"NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + long_text(pixels) + b"tb"
    )
    content = b"\x80\x02}(" + text(b"data") + array + text(b"labels") + b"]K\x07au."
    (tmp_path / "test_batch").write_bytes(content)
    images, labels = read_cifar10(tmp_path, "test")
    assert images.tobytes() == pixels
    assert labels.tolist() == [7]


def test_the_real_files(harness_data: Path) -> None:
    folder = harness_data / "live" / "cifar10" / "cifar-10-batches-py"
    if not folder.is_dir():
        pytest.skip("no images of CIFAR-10 in HARNESS_DATA")
    images, labels = read_cifar10(folder, "train")
    assert len(set(np.bincount(labels))) == 1
    values = normalised(images)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values.mean((0, 2, 3)), 0, atol=0.05)
    np.testing.assert_allclose(values.std((0, 2, 3)), 1, atol=0.03)


def test_normalised_by_the_published_numbers() -> None:
    images = np.full((1, 3, 1, 1), 200, np.uint8)
    expected = (200 - np.array([125.3, 123.0, 113.9])) / np.array([63.0, 62.1, 66.7])
    np.testing.assert_allclose(normalised(images).ravel(), expected, rtol=1e-6)


def without(key: str) -> Callable[[Batch], object]:
    return lambda content: {k: v for k, v in content.items() if k != key}


def changed(**values: object) -> Callable[[Batch], object]:
    return lambda content: content | values


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: list(content), "no dictionary with data and labels"),
        (without("data"), "no dictionary with data and labels"),
        (without("labels"), "no dictionary with data and labels"),
        (changed(data=np.zeros((10, 3071), np.uint8)), r"shape \(10, 3071\)"),
        (changed(data=np.zeros((10, 3, 32, 32), np.uint8)), r"shape \(10, 3, 32, 32\)"),
        (changed(data=np.zeros((0, 3072), np.uint8), labels=[]), r"shape \(0, 3072\)"),
        (changed(data=np.zeros((10, 3072), np.float32)), "no array of bytes"),
        (changed(data=[[0] * 3072] * 10), "no array of bytes"),
        (changed(labels=[0] * 9), "label for each of its 10 images"),
        (changed(labels=[0.5] * 10), "label for each of its 10 images"),
        (changed(labels=["cat"] * 10), "label for each of its 10 images"),
        (changed(labels=[0] * 9 + [10]), "from 0 to 10, not from 0 to 9"),
        (changed(labels=[0] * 9 + [-1]), "from -1 to 0, not from 0 to 9"),
    ],
)
def test_what_is_no_batch(tmp_path: Path, damage: Callable[[Batch], object], reason: str) -> None:
    write(tmp_path, damage(batch()))
    with pytest.raises(InvalidTable, match=reason) as caught:
        read_cifar10(tmp_path, "test")
    assert str(tmp_path / "test_batch") in str(caught.value)


def test_a_truncated_file(tmp_path: Path) -> None:
    write(tmp_path, batch())
    path = tmp_path / "test_batch"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidTable, match="damaged or truncated"):
        read_cifar10(tmp_path, "test")


class Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, batch() | {"filenames": Payload(tmp_path / "ran")})
    with pytest.raises(HarnessError, match="could run anything"):
        read_cifar10(tmp_path, "test")
    assert not (tmp_path / "ran").exists()


def test_missing_files(tmp_path: Path) -> None:
    write(tmp_path, batch(), "data_batch_1")
    with pytest.raises(MissingData, match=r"no data_batch_2, .*data_batch_5 in") as caught:
        read_cifar10(tmp_path, "train")
    assert "https://www.cs.toronto.edu/~kriz/cifar.html" in str(caught.value)


def test_each_image_is_moved_and_mirrored_by_itself() -> None:
    """All results are among the 81 x 2 possible ones, black where nothing was, and all occur."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    pixels = rng.integers(1, 256, (1, 3, 6, 5), dtype=np.uint8)
    padded = np.pad(pixels, ((0, 0), (0, 0), (4, 4), (4, 4)))
    possible = {
        normalised(crop[..., ::step]).tobytes()
        for top in range(9)
        for left in range(9)
        for crop in [padded[:, :, top : top + 6, left : left + 5]]
        for step in (1, -1)
    }
    images = torch.from_numpy(normalised(pixels)).expand(3000, -1, -1, -1)
    generator = torch.Generator().manual_seed(0)
    found = crop_and_flip(images, generator)
    assert found.shape == images.shape
    black = torch.from_numpy(-MEANS / DEVIATIONS)[:, None, None]
    known = torch.from_numpy(
        np.stack([np.frombuffer(p, np.float32).reshape(3, 6, 5) for p in sorted(possible)])
    )
    distance = (found.reshape(3000, 1, -1) - known.reshape(1, len(known), -1)).abs().amax(2)
    nearest, which = distance.min(1)
    assert nearest.max() < 1e-5
    counts = torch.bincount(which, minlength=len(known))
    assert counts.min() > 0
    # Uniform over the places: chi-square with 161 degrees of freedom.
    expected = 3000 / len(known)
    assert ((counts - expected) ** 2 / expected).sum() < 230
    assert (found == black).any()
