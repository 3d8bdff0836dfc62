"""Decoded images on disk, mapped into memory.

Decoding and resizing a photograph takes longer than the step of a small network, so it is done
once. Images keep their proportions, since a random crop can come from anywhere in them: they lie
one behind the other in one flat file of bytes, and an index says where each begins.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.data_home import cache_home
from harness.core.errors import HarnessError, InvalidTable
from harness.live.images.folder import ImageFiles, shortened

# Images that are decoded between two entries of the journal, after each of which a build that was
# broken off goes on.
CHUNK = 256

# Raised when the same files give other bytes.
_LAYOUT = 1

_PIXELS, _INDEX, _JOURNAL = "pixels.bin", "index.npz", "journal.jsonl"

# Bytes of an image for each square pixel of its short side: photographs are 4 by 3 on average.
_BYTES = 3 * 4 / 3


@dataclass(frozen=True, eq=False)
class DecodedImages:
    """Images of one short side, read from disk when they are looked at.

    Attributes:
        folder: of the cache.
        labels: class of each image, shape (n,).
        heights: of each image in pixels, shape (n,).
        widths: of each image in pixels, shape (n,).
        damaged: files that could not be decoded and are left out.
        checksum: SHA-256 of names and contents of all files, in hexadecimal.
    """

    folder: Path
    labels: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    damaged: tuple[str, ...]
    checksum: str

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    def __getstate__(self) -> dict[str, Any]:
        """Another process maps the file itself."""
        return {name: value for name, value in vars(self).items() if name != "_pixels"}

    @cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        return np.memmap(self.folder / _PIXELS, np.uint8, mode="r")

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(3 * self.heights * self.widths)])

    def image(self, number: int) -> NDArray[np.uint8]:
        """One of the images, shape (height, width, 3), not to be written to."""
        start, end = self._starts[number : number + 2]
        return self._pixels[start:end].reshape(self.heights[number], self.widths[number], 3)


def decoded_images(
    images: ImageFiles, side: int, damaged_share: float, cache: Path | None = None
) -> DecodedImages:
    """Decode images, or read them from the cache.

    A build that is broken off goes on where it was. Files are known by name, size and time of
    change; those that change are decoded anew. Processes wait for each other.

    Args:
        images: the files.
        side: pixels of the short side of the decoded images; bilinear, as Pillow does it.
        damaged_share: largest share of files that may be damaged, which are then left out; one may
            be in any case.
        cache: folder of caches, which is made; one below `cache_home` where None.

    Raises:
        InvalidTable: more files are damaged.
        HarnessError: the disk has no room.
    """
    from filelock import FileLock

    cache = cache or cache_home() / "images"
    folder = cache / f"{images.folder.name}-{side}-{_key(images, side)}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / _INDEX).is_file():
            _build(images, side, folder)
    with np.load(folder / _INDEX) as index:
        found = DecodedImages(
            folder=folder,
            labels=index["labels"],
            heights=index["heights"],
            widths=index["widths"],
            damaged=tuple(index["damaged"].tolist()),
            checksum=str(index["checksum"]),
        )
    _check_damaged(found.damaged, images, damaged_share)
    return found


def _key(images: ImageFiles, side: int) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {side}\n".encode())
    for name, label in zip(images.files, images.labels.tolist(), strict=True):
        status = os.stat(images.folder / name)
        digest.update(f"{name} {label} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _check_damaged(damaged: Sequence[str], images: ImageFiles, share: float) -> None:
    if not damaged:
        return
    allowed = max(1, int(share * len(images)))
    found = f"{len(damaged)} of {len(images):,} images cannot be decoded ({shortened(damaged)})"
    if len(damaged) > allowed:
        raise InvalidTable(
            f"{images.folder}: {found}; at most {allowed} may be. Get these files anew"
        )
    logging.getLogger(__name__).warning("%s: %s; left out", images.folder, found)


@dataclass(frozen=True)
class _Chunk:
    """What is known of consecutive images.

    Attributes:
        sizes: height and width of each; zeros for one that is damaged.
        checksum: SHA-256 of names and contents.
    """

    sizes: list[list[int]]
    checksum: str

    @property
    def bytes(self) -> int:
        return sum(3 * height * width for height, width in self.sizes)


def _build(images: ImageFiles, side: int, folder: Path) -> None:
    """Decode everything into a folder; its index is written last."""
    folder.mkdir(exist_ok=True)
    chunks = _journal(folder)
    done = sum(len(chunk.sizes) for chunk in chunks)
    free, needed = shutil.disk_usage(folder).free, _BYTES * side**2 * (len(images) - done)
    if needed > free:
        raise HarnessError(
            f"decoding {len(images) - done:,} images of {images.folder} takes about "
            f"{needed / 1e9:,.0f} GB, and {folder.parent} has {free / 1e9:,.0f} GB left. Make "
            "room, or let HARNESS_CACHE name a folder on a larger disk"
        )
    try:
        with (folder / _PIXELS).open("ab") as pixels, (folder / _JOURNAL).open("a") as journal:
            # What a build that was broken off wrote behind its last entry is written again.
            pixels.truncate(sum(chunk.bytes for chunk in chunks))
            for chunk, content in _decoded(images, side, done):
                pixels.write(content)
                pixels.flush()
                os.fsync(pixels.fileno())
                print(json.dumps([chunk.sizes, chunk.checksum]), file=journal, flush=True)
                chunks.append(chunk)
        _write_index(images, chunks, folder)
    except OSError as error:
        raise HarnessError(
            f"{folder} cannot be written ({error}). What is there is kept: make room on the disk, "
            "and the same command goes on"
        ) from error


def _journal(folder: Path) -> list[_Chunk]:
    """The chunks that were written whole; the journal is cut off behind them."""
    path, pixels = folder / _JOURNAL, folder / _PIXELS
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    left = pixels.stat().st_size if pixels.is_file() else 0
    found = []
    for line in lines:
        chunk = _Chunk(*json.loads(line)) if line.endswith("\n") else None
        if chunk is None or chunk.bytes > left:
            break
        left -= chunk.bytes
        found.append(chunk)
    if len(found) < len(lines):
        path.write_text("".join(lines[: len(found)]))
    return found


def _decoded(images: ImageFiles, side: int, done: int) -> Iterator[tuple[_Chunk, bytes]]:
    """Chunks from an image on, with their pixels; some are decoded ahead, by threads."""
    from joblib import Parallel, cpu_count, delayed
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    starts = range(done, len(images), CHUNK)
    # Pillow decodes and resizes without the interpreter's lock.
    pool = Parallel(cpu_count(), prefer="threads", return_as="generator", pre_dispatch="2*n_jobs")
    work = partial(_decode, images.folder, side)
    chunks = pool(delayed(work)(images.files[start : start + CHUNK]) for start in starts)
    yield from track(
        chunks,
        f"decoding {len(images):,} images of {images.folder.name}",
        total=-(-len(images) // CHUNK),
        completed=done // CHUNK,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _decode(folder: Path, side: int, files: Sequence[str]) -> tuple[_Chunk, bytes]:
    digest, sizes, pixels = hashlib.sha256(), [], []
    for name in files:
        content = _content(folder / name)
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
        image = resized(content, side)
        sizes.append([0, 0] if image is None else list(image.shape[:2]))
        if image is not None:
            pixels.append(image.tobytes())
    return _Chunk(sizes, digest.hexdigest()), b"".join(pixels)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # What cannot be read is damaged, as nothing is.
        return b""


def resized(content: bytes, side: int) -> NDArray[np.uint8] | None:
    """Decode an image and give its short side so many pixels, bilinear, as torchvision does.

    Args:
        content: of a file in any format that Pillow knows.
        side: in pixels.

    Returns:
        Shape (height, width, 3); None if it cannot be decoded.
    """
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as opened:
            image = opened.convert("RGB")
    # Whatever a decoder raises: there are many ways to be damaged.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    width, height = image.size
    if width <= height:
        size = side, int(side * height / width)
    else:
        size = int(side * width / height), side
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _write_index(images: ImageFiles, chunks: Sequence[_Chunk], folder: Path) -> None:
    sizes = np.array([size for chunk in chunks for size in chunk.sizes], np.int64)
    whole = sizes[:, 0] > 0
    classes = "\n".join(images.classes)
    contents = "\n".join([classes, *(chunk.checksum for chunk in chunks)])
    beside = folder / f"new-{_INDEX}"
    np.savez(
        beside,
        labels=images.labels[whole],
        heights=sizes[whole, 0],
        widths=sizes[whole, 1],
        damaged=np.array(images.files)[~whole],
        checksum=np.array(hashlib.sha256(contents.encode()).hexdigest()),
    )
    os.replace(beside, folder / _INDEX)
