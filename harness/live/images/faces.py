"""The faces of CelebA, cropped around the eyes, decoded once and kept on disk.

In the aligned images of 178 by 218 pixels the middle between the eyes is at (89, 111), which is the
centre of the crop; images of half the size are cropped by half as many pixels. What is cropped is
resized by Pillow's bicubic filter, which smooths where it shrinks.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.core.data_home import cache_home
from harness.core.errors import HarnessError, InvalidTable
from harness.live.images.celeba import PARTS, CelebAFiles
from harness.live.images.folder import shortened

EYES = (89, 111)
SIZE = (178, 218)

# Raised when the same files give other bytes.
_LAYOUT = 1

# Images that a thread decodes at a time.
_CHUNK = 64

# Sizes of images, relative to the official ones.
_SCALES = {SIZE: 1.0, (SIZE[0] // 2, SIZE[1] // 2): 0.5}


@dataclass(frozen=True, eq=False)
class Faces:
    """Decoded images.

    Attributes:
        images: shape (n, 3, side, side), of which only what is looked at is read from disk.
        names: of the files.
        rows: which of the images are in each part, ascending; those that are damaged in none.
        checksum: SHA-256 of names and contents of the files, in hexadecimal.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    rows: dict[str, NDArray[np.int64]]
    checksum: str


def faces_cache() -> Path:
    """Where decoded images are kept."""
    return cache_home() / "celeba"


def read_faces(
    files: CelebAFiles,
    most: Mapping[str, int],
    crop: int,
    side: int,
    cache: Path,
    damaged_share: float,
) -> Faces:
    """Crop and resize images, or read them from the cache.

    Files are known by name, size and time of change; those that change are decoded anew.

    Args:
        files: see `harness.live.images.celeba.read_celeba`.
        most: so many images of each part, the first ones; all where there are fewer.
        crop: pixels of a side that are cut from an official image.
        side: pixels of a side of the result.
        cache: folder of caches, which is made.
        damaged_share: largest share of images that may be damaged, which are then left out; one may
            be in any case.

    Raises:
        InvalidTable: more images are damaged, or their size is another one.
        HarnessError: the disk has no room.
    """
    wanted = [files.files[part][: most[part]] for part in PARTS]
    names = tuple(name for part in wanted for name in part)
    stem = f"{crop}-{side}-{_key(files.folder, names, crop, side)}"
    pixels, index = cache / f"{stem}.npy", cache / f"{stem}.json"
    if not index.is_file():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _build(files.folder, names, crop, side, pixels, index)
        except OSError as error:
            raise HarnessError(
                f"{pixels} cannot be written ({error}). Make room on the disk, or let "
                "HARNESS_CACHE name a folder on a larger one"
            ) from error
    known = json.loads(index.read_text())
    damaged = np.array(known["damaged"], np.int64)
    _check_damaged([names[row] for row in damaged], len(names), files.folder, damaged_share)
    ends = np.cumsum([len(part) for part in wanted])
    rows = np.split(np.arange(len(names)), ends[:-1])
    return Faces(
        # Changes stay in this process; torch wants memory that could be written to.
        np.load(pixels, mmap_mode="c"),
        names,
        {part: np.setdiff1d(own, damaged) for part, own in zip(PARTS, rows, strict=True)},
        known["checksum"],
    )


def _key(folder: Path, names: Sequence[str], crop: int, side: int) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {crop} {side}\n".encode())
    for name in names:
        status = os.stat(folder / name)
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _check_damaged(damaged: Sequence[str], images: int, folder: Path, share: float) -> None:
    if not damaged:
        return
    allowed = max(1, int(share * images))
    found = f"{len(damaged)} of {images:,} images cannot be decoded ({shortened(damaged)})"
    if len(damaged) > allowed:
        raise InvalidTable(f"{folder}: {found}; at most {allowed} may be. Get these files anew")
    logging.getLogger(__name__).warning("%s: %s; left out", folder, found)


def _build(
    folder: Path, names: Sequence[str], crop: int, side: int, pixels: Path, index: Path
) -> None:
    """Decode everything; the index is written last."""
    digest, damaged = hashlib.sha256(), []
    first: _Decoded | None = None
    beside = pixels.with_suffix(f".{os.getpid()}")
    try:
        images = np.lib.format.open_memmap(beside, "w+", np.uint8, (len(names), 3, side, side))
        for row, found in enumerate(_decoded(folder, names, crop, side)):
            digest.update(f"{found.name} {found.digest}\n".encode())
            if not found.size[0]:
                damaged.append(row)
                continue
            first = first or found
            if found.image is None or found.size != first.size:
                raise _another_size(folder, found, first)
            images[row] = found.image
        images.flush()
        os.replace(beside, pixels)
        beside.write_text(json.dumps({"damaged": damaged, "checksum": digest.hexdigest()}))
        os.replace(beside, index)
    finally:
        beside.unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class _Decoded:
    """What came of a file.

    Attributes:
        name: of the file.
        digest: SHA-256 of its content.
        size: width and height before the crop; zeros where it is damaged.
        image: shape (3, side, side); None where it is damaged or of an unknown size.
    """

    name: str
    digest: str
    size: tuple[int, int]
    image: NDArray[np.uint8] | None


def _another_size(folder: Path, found: _Decoded, first: _Decoded) -> InvalidTable:
    (width, height), (others, high) = found.size, first.size
    known = " or ".join(f"{w} by {h}" for w, h in _SCALES)
    if found.image is None:
        return InvalidTable(
            f"{folder / found.name} has {width} by {height} pixels; aligned images of CelebA have "
            f"{known}"
        )
    return InvalidTable(
        f"{folder / found.name} has {width} by {height} pixels and {first.name} {others} by "
        f"{high}: take images of one size"
    )


def _decoded(folder: Path, names: Sequence[str], crop: int, side: int) -> Iterator[_Decoded]:
    """Decode images in order, some ahead, by threads; Pillow works without Python's lock."""
    from joblib import Parallel, cpu_count, delayed
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    chunks = [names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK)]
    pool = Parallel(cpu_count(), prefer="threads", return_as="generator", pre_dispatch="2*n_jobs")
    found = pool(delayed(_decode)(folder, chunk, crop, side) for chunk in chunks)
    for chunk in track(
        found,
        f"decoding {len(names):,} images of {folder.name}",
        total=len(chunks),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ):
        yield from chunk


def _decode(folder: Path, names: Sequence[str], crop: int, side: int) -> list[_Decoded]:
    found = []
    for name in names:
        try:
            content = (folder / name).read_bytes()
        except OSError:  # What cannot be read is damaged, as nothing is.
            content = b""
        found.append(
            _Decoded(name, hashlib.sha256(content).hexdigest(), *cropped(content, crop, side))
        )
    return found


def cropped(
    content: bytes, crop: int, side: int
) -> tuple[tuple[int, int], NDArray[np.uint8] | None]:
    """Decode an aligned image, cut a square around the eyes and resize it.

    Args:
        content: of a file.
        crop: pixels of its side in an official image.
        side: pixels of a side of the result.

    Returns:
        Width and height of the whole image, zeros if it cannot be decoded; and the result, shape
        (3, side, side), None if the size is not one of aligned images.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as opened:
            image = opened.convert("RGB")
    # Whatever a decoder raises: there are many ways to be damaged.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return (0, 0), None
    scale = _SCALES.get(image.size)
    if scale is None:
        return image.size, None
    left, top = ((centre - crop / 2) * scale for centre in EYES)
    box = (left, top, left + crop * scale, top + crop * scale)
    face = image.resize((side, side), Image.Resampling.BICUBIC, box=box)
    return image.size, np.asarray(face).transpose(2, 0, 1)
