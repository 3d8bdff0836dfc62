"""Images in folders, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InvalidTable, MissingData

SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class ImageFiles:
    """Images on disk and their classes.

    Attributes:
        folder: that the files are in or below.
        files: paths below it, sorted by class and name.
        labels: class of each file, numbers of `classes`, shape (files,).
        classes: their names.
    """

    folder: Path
    files: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Number of images."""
        return len(self.files)


def class_folders(folder: Path) -> tuple[str, ...]:
    """Names of the folders in a folder, sorted; those that begin with a dot are left out.

    Raises:
        MissingData: the folder does not exist.
        InvalidTable: there is no folder in it.
    """
    if not folder.is_dir():
        raise MissingData(f"no folder {folder}")
    with os.scandir(folder) as entries:
        found = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    if not found:
        raise InvalidTable(f"{folder} has no folders: it needs one for each class, with its images")
    return tuple(found)


def read_class_folders(folder: Path, classes: Sequence[str]) -> ImageFiles:
    """List the images of a folder that has a folder for each class.

    Args:
        folder: what the class folders are in.
        classes: names of the classes, in the order of their numbers.

    Raises:
        MissingData: the folder does not exist.
        InvalidTable: a class has no folder or no image, or a folder is of no class.
    """
    found = class_folders(folder)
    for what, names in (
        ("lacks the folders", sorted({*classes} - {*found})),
        ("has folders of no class:", sorted({*found} - {*classes})),
    ):
        if names:
            raise InvalidTable(f"{folder} {what} {shortened(names)}; classes: {shortened(classes)}")
    files: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        images = images_in(folder / name)
        if not images:
            raise InvalidTable(f"{folder / name} has no image (no file *{', *'.join(SUFFIXES)})")
        files += [f"{name}/{image}" for image in images]
        labels += [label] * len(images)
    return ImageFiles(folder, tuple(files), np.array(labels, np.int64), tuple(classes))


def read_flat_folder(
    folder: Path, class_of: Mapping[str, str], classes: Sequence[str], source: Path
) -> ImageFiles:
    """List the images of a folder without class folders.

    Args:
        folder: what the images are in.
        class_of: name of the class of each image, by the name of its file without suffix.
        classes: names of the classes, in the order of their numbers.
        source: where `class_of` was read, for messages.

    Raises:
        InvalidTable: an image has no class, a class no image, or images are missing.
    """
    images = images_in(folder)
    stems = {Path(image).stem: image for image in images}
    if unknown := sorted({*stems} - {*class_of}):
        raise InvalidTable(f"{source} names no class of {shortened(unknown)} in {folder}")
    if missing := sorted({*class_of} - {*stems}):
        raise InvalidTable(f"{folder} lacks the images {shortened(missing)} of {source}")
    numbers = {name: label for label, name in enumerate(classes)}
    if wrong := sorted({*class_of.values()} ^ {*classes}):
        raise InvalidTable(
            f"{source} and the training images do not have the same classes: {shortened(wrong)} "
            "are in one of them only"
        )
    pairs = sorted((numbers[class_of[stem]], image) for stem, image in stems.items())
    labels = np.array([label for label, _ in pairs], np.int64)
    return ImageFiles(folder, tuple(image for _, image in pairs), labels, tuple(classes))


def images_in(folder: Path) -> list[str]:
    """Names of the image files in a folder, sorted."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
    return sorted(name for name in names if name.lower().endswith(SUFFIXES))


def shortened(names: Sequence[str], shown: int = 5) -> str:
    """A list of names in words, the first few of many."""
    if len(names) <= shown:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown:,} more"
