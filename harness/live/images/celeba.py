"""The aligned faces of CelebA (Liu et al., ICCV 2015), all of them or some."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.core.data_home import data_home
from harness.core.errors import InvalidTable, MissingData
from harness.live.images.folder import images_in, shortened

IMAGES = 202_599

CITATION = "Liu et al., Deep Learning Face Attributes in the Wild, ICCV 2015"
LICENCE = "images: CelebA agreement, non-commercial research only"

PARTS = ("train", "valid", "test")

_FACES, _PARTITION = "img_align_celeba", "list_eval_partition.txt"

# The last images of the official training and validation parts.
_LAST_TRAIN, _LAST_VALID = 162_770, 182_637

# Of the official partition file, whose content follows from the two numbers.
_PARTITION_MD5 = "d32c9cbf5e040fd4025c592c306e6668"

# The parts of the inpainting experiments, whatever the official ones are.
_OWN_PARTS = {"train": (0, 100_000), "valid": (100_000, 101_000), "test": (101_000, 103_000)}


def celeba_folder() -> Path:
    """Where the images lie."""
    return data_home() / "live" / "celeba"


def how_to_get() -> str:
    """Where the images are to be had, and how they have to lie."""
    return (
        "CelebA is given to those who accept its agreement (non-commercial research), so no "
        "program may download it. Either of\n"
        "  https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html   Downloads, Align&Cropped Images:\n"
        f"    Img/img_align_celeba.zip (1.4 GB) and Eval/{_PARTITION}\n"
        "  https://www.kaggle.com/datasets/jessicali9530/celeba-dataset   the same images\n"
        f"Then lay out {celeba_folder()} like this (links will do):\n"
        f"  {_FACES}/000001.jpg ... 202599.jpg   178 by 218 pixels\n"
        f"  {_PARTITION}                  can be left out where all images are there\n"
        "Fewer images will do, also of half the size (89 by 109), with a partition file that has\n"
        "a line for each of them, such as `000001.jpg 0`: 0 to train, 1 to validate, 2 to test."
    )


def official_partition() -> str:
    """The content of the official partition file."""
    parts = ((i > _LAST_TRAIN) + (i > _LAST_VALID) for i in range(1, IMAGES + 1))
    return "".join(f"{i:06d}.jpg {part}\r\n" for i, part in enumerate(parts, start=1))


@dataclass(frozen=True)
class CelebAFiles:
    """Images on disk.

    Attributes:
        folder: that the images are in.
        files: their names in each part, sorted; with all official images the parts are those of
            the inpainting experiments: images 0 to 99,999 to train, the next 1,000 to validate and
            the next 2,000 to test (Suganuma et al., ICML 2018, section 4.1; all three lie in the
            official training part, and the other images are not used).
        official: whether all official images are there.
    """

    folder: Path
    files: dict[str, tuple[str, ...]]
    official: bool

    def __str__(self) -> str:
        """In words."""
        kind = "CelebA" if self.official else "a part of CelebA"
        train, valid, test = (len(self.files[part]) for part in PARTS)
        return f"{kind}: {train:,} images to train on, {valid:,} to validate, {test:,} to test"


def read_celeba(folder: Path) -> CelebAFiles:
    """List the images and check that they are complete; none is opened.

    Args:
        folder: see `how_to_get`.

    Raises:
        MissingData: images or partition file are not there.
        InvalidTable: the layout is another one, or the partition file is not of these images.
    """
    faces = folder / _FACES
    if not faces.is_dir():
        inside = folder / "img_align_celeba.zip"
        hint = f"\nUnpack {inside}." if inside.is_file() else f"\n{how_to_get()}"
        raise MissingData(
            f"the images of CelebA are not on this machine (no folder {faces}).{hint}"
        )
    names = images_in(faces)
    if not names and (faces / _FACES).is_dir():
        raise InvalidTable(
            f"{faces} holds another folder {_FACES}: move the images up, out of the inner one"
        )
    if not names:
        raise InvalidTable(f"{faces} has no image")
    if len(names) == IMAGES and names[0] == "000001.jpg" and names[-1] == f"{IMAGES}.jpg":
        _check_official(folder / _PARTITION)
        files = {part: tuple(names[start:end]) for part, (start, end) in _OWN_PARTS.items()}
        return CelebAFiles(faces, files, official=True)
    return CelebAFiles(faces, _partitioned(folder / _PARTITION, names), official=False)


def _check_official(path: Path) -> None:
    """A partition file beside all official images must be the official one."""
    if not path.is_file():
        return
    # Archives differ in their ends of lines.
    lines = path.read_bytes().split()
    content = b"".join(
        name + b" " + part + b"\r\n" for name, part in zip(lines[::2], lines[1::2], strict=False)
    )
    if hashlib.md5(content).hexdigest() != _PARTITION_MD5:
        raise InvalidTable(
            f"{path} is not the official partition of all {IMAGES:,} images. Get it anew, or "
            "remove it: the parts of the experiments do not follow from it"
        )


def _partitioned(path: Path, names: list[str]) -> dict[str, tuple[str, ...]]:
    """The images of each part by a partition file that names exactly these images."""
    if not path.is_file():
        raise MissingData(
            f"there are {len(names):,} of the {IMAGES:,} images of CelebA and no {path}, which "
            f"says what each of them is for.\n{how_to_get()}"
        )
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or row[1] not in ("0", "1", "2"):
            raise InvalidTable(
                f"{path}, line {number}: {' '.join(row)!r} is not an image's name and 0, 1 or 2"
            )
    part_of = {name: PARTS[int(part)] for name, part in rows}
    if twice := [name for name, count in Counter(row[0] for row in rows).items() if count > 1]:
        raise InvalidTable(f"{path} names more than once: {shortened(twice)}")
    if missing := sorted({*part_of} - {*names}):
        raise InvalidTable(
            f"{path} names {len(part_of):,} images, of which {len(missing):,} are not there: "
            f"{shortened(missing)}. Unpack the images again, or name only those that are there"
        )
    if unknown := sorted({*names} - {*part_of}):
        raise InvalidTable(f"{path} does not say what these images are for: {shortened(unknown)}")
    files = {part: tuple(name for name in names if part_of[name] == part) for part in PARTS}
    if empty := [part for part in PARTS if not files[part]]:
        raise InvalidTable(f"{path} names no image for {' and '.join(empty)}")
    return files
