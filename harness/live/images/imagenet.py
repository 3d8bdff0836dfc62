"""The images of ImageNet-1k (Russakovsky et al., IJCV 2015), all of them or of some classes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from harness.core.data_home import data_home
from harness.core.errors import InvalidTable, MissingData
from harness.live.images.folder import (
    ImageFiles,
    class_folders,
    images_in,
    read_class_folders,
    read_flat_folder,
    shortened,
)

CLASSES = 1000
COUNTS = {"train": 1_281_167, "val": 50_000}

CITATION = "Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015"
LICENCE = "images: ImageNet terms of access, non-commercial research and education only"

_NAMES, _SOLUTION = "LOC_synset_mapping.txt", "LOC_val_solution.csv"


def imagenet_folder() -> Path:
    """Where the images lie."""
    return data_home() / "live" / "imagenet"


def how_to_get() -> str:
    """Where the images are to be had, and how they have to lie."""
    return (
        "ImageNet-1k (ILSVRC 2012) is given to those who accept its terms of access, so no program "
        "can download it. Either of\n"
        "  https://image-net.org/download.php   after registration with an academic address:\n"
        "    ILSVRC2012_img_train.tar (138 GB), ILSVRC2012_img_val.tar (6.3 GB)\n"
        "  https://www.kaggle.com/c/imagenet-object-localization-challenge   after accepting the\n"
        "    rules: its folder ILSVRC/Data/CLS-LOC, LOC_synset_mapping.txt, LOC_val_solution.csv\n"
        f"Then lay out {imagenet_folder()} like this (links will do):\n"
        "  train/n01440764/*.JPEG ...   a folder for each of the 1,000 classes; the first archive\n"
        "                               holds an archive of each of them: unpack it in its folder\n"
        "  val/n01440764/*.JPEG ...     the same; or all 50,000 files in val itself, beside it\n"
        f"                               {_SOLUTION} of Kaggle with their classes\n"
        f"  {_NAMES}       of Kaggle; can be left out\n"
        "Fewer classes will do, each with its folder in train and in val."
    )


def class_names(folder: Path) -> dict[str, str]:
    """The classes of the data, in the order of their numbers, with what is seen in them.

    Raises:
        MissingData: there are no training images.
        InvalidTable: their folders are not those that ``LOC_synset_mapping.txt`` names.
    """
    try:
        found = class_folders(folder / "train")
    except MissingData:
        raise MissingData(
            f"the images of ImageNet are not on this machine (no folder {folder / 'train'}).\n"
            f"{how_to_get()}"
        ) from None
    path = folder / _NAMES
    if not path.is_file():
        return dict.fromkeys(found, "")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    named = dict(line.strip().partition(" ")[::2] for line in lines if line.strip())
    if missing := sorted({*named} - {*found}):
        raise InvalidTable(
            f"{folder / 'train'} lacks {len(missing)} of the {len(named)} classes of {path}: "
            f"{shortened(missing)}. Where only some classes are wanted, let {_NAMES} name these"
        )
    if unknown := sorted({*found} - {*named}):
        raise InvalidTable(f"{path} does not name {shortened(unknown)}, which are in train")
    return {name: named[name] for name in found}


def read_imagenet(folder: Path, part: str) -> ImageFiles:
    """List the images of a part.

    Args:
        folder: see `how_to_get`.
        part: ``train`` or ``val``.

    Raises:
        MissingData: the images are not there.
        InvalidTable: the layout is another one, or data of all 1,000 classes is not complete.
    """
    classes = tuple(class_names(folder))
    own = folder / part
    if not own.is_dir():
        raise MissingData(f"{folder} has no folder {part}.\n{how_to_get()}")
    if part == "val" and images_in(own):
        source = folder / _SOLUTION
        if not source.is_file():
            raise InvalidTable(
                f"the images in {own} are not sorted into folders of their classes. Put "
                f"{_SOLUTION} of Kaggle into {folder}, or sort them by the ground truth of the "
                "development kit (ILSVRC2012_validation_ground_truth.txt and meta.mat)"
            )
        images = read_flat_folder(own, _solution(source), classes, source)
    else:
        images = read_class_folders(own, classes)
    if len(classes) == CLASSES and len(images) != COUNTS[part]:
        raise InvalidTable(
            f"{own} has {len(images):,} images of all 1,000 classes; ImageNet has "
            f"{COUNTS[part]:,}. Unpack the archives again; fewer classes are accepted, but not "
            "fewer images of all"
        )
    return images


def _solution(path: Path) -> dict[str, str]:
    """The class of each validation image, by the name of its file without suffix."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # A row has boxes of one class: its name and four numbers, again and again.
    try:
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows}
    except (KeyError, IndexError, AttributeError):
        raise InvalidTable(
            f"{path} is not {_SOLUTION}: it needs the columns ImageId and PredictionString"
        ) from None


@dataclass(frozen=True)
class ImageNetFiles:
    """What was found on a machine.

    Attributes:
        train: training images.
        val: validation images, which are the test data of a benchmark.
    """

    train: ImageFiles
    val: ImageFiles

    def __str__(self) -> str:
        """In words."""
        whole = "ImageNet-1k" if len(self.train.classes) == CLASSES else "a part of ImageNet-1k"
        return (
            f"{whole}: {len(self.train.classes):,} classes, {len(self.train):,} images to train "
            f"on, {len(self.val):,} to test on"
        )


def verify(folder: Path | None = None) -> ImageNetFiles:
    """Look whether everything is there; images are not decoded.

    Args:
        folder: `imagenet_folder` where None.

    Raises:
        HarnessError: something is lacking or out of place.
    """
    folder = folder or imagenet_folder()
    return ImageNetFiles(read_imagenet(folder, "train"), read_imagenet(folder, "val"))
