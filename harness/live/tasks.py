"""Data to train on: images in three parts, in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import InvalidTable
from harness.live.examples import Batch
from harness.live.image_arrays import ImageArrays

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SPLIT = Path(__file__).with_name("digits_split.json")


@dataclass(frozen=True, eq=False)
class Part(ImageArrays):
    """Images in memory and what is expected of them.

    Attributes:
        images: normalised, shape (n, channels, height, width).
        augment: changes a batch of images on any device for training, with a generator on the CPU,
            and keeps their shape; None where the recipe changes nothing.
    """

    images: NDArray[np.float32]
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None

    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """See `Examples.batch`."""
        images, labels = self.picked(index, device)
        if generator is not None and self.augment is not None:
            images = self.augment(images, generator)
        return images, labels


@dataclass(frozen=True, eq=False)
class Task:
    """Images in three disjoint parts.

    Attributes:
        name: of the data.
        train: what weights are trained on.
        valid: what a search sees.
        test: what a table reports.
        classes: number of classes.
        background: the value of a normalised pixel outside an image.
        hash: SHA-256 of all images and labels, in hexadecimal.
    """

    name: str
    train: Part
    valid: Part
    test: Part
    classes: int
    background: float
    hash: str


def stratified_split(
    labels: NDArray[np.int64], sizes: tuple[int, ...], seed: int
) -> list[NDArray[np.int64]]:
    """Cut a data set into parts in which every class has its share of the whole.

    The images of each class are shuffled and laid on a line from 0 to 1 at equal distances; all
    images are sorted by their place on it, and the parts are cut from the sorted list.

    Args:
        labels: class of each image, shape (n,).
        sizes: number of images in each part; their sum is n.
        seed: of the shuffles.

    Returns:
        The sorted indices of each part. A part has each class's proportional share to within one
        image at either cut.
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    order = np.argsort(place, kind="stable")
    return [np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1])]


def digits_split() -> dict[str, list[int]]:
    """The indices of the parts of `digits`: ``stratified_split(labels, (...), seed=0)``, stored."""
    stored: dict[str, list[int]] = json.loads(_SPLIT.read_text(encoding="utf-8"))
    return stored


@cache
def digits() -> Task:
    """Handwritten digits of scikit-learn: 1,797 grey images of 8x8 pixels with 17 levels.

    The images are the test set of the UCI data set Optical Recognition of Handwritten Digits
    (Alpaydin and Kaynak, 1998; CC BY 4.0), by 13 writers who are not told apart, so the parts share
    writers. Pixels are normalised by the mean and the deviation of the training part.

    Raises:
        InvalidTable: scikit-learn's data is not the one that the split was made for.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    split = digits_split()
    if len(images) != sum(len(indices) for indices in split.values()):
        raise InvalidTable(f"scikit-learn's digits has {len(images)} images, not 1,797")
    pixels = images.reshape(-1, 1, 8, 8).astype(np.float64)
    classes = labels.astype(np.int64)
    mean, deviation = pixels[split["train"]].mean(), pixels[split["train"]].std()
    normalised = ((pixels - mean) / deviation).astype(np.float32)
    digest = hashlib.sha256()
    parts = {}
    for name, indices in split.items():
        parts[name] = Part(normalised[indices], classes[indices])
        digest.update(pixels[indices].astype(np.uint8).tobytes())
        digest.update(classes[indices].astype(np.uint8).tobytes())
    return Task(
        "digits", **parts, classes=10, background=-mean / deviation, hash=digest.hexdigest()
    )
