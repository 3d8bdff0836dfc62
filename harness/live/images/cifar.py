"""The images of CIFAR-10 (Krizhevsky, 2009) from its official Python files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from harness.core.data_home import data_home
from harness.core.errors import HarnessError, InvalidTable, MissingData
from harness.data.safe_pickle import load_restricted

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CLASSES = 10

CITATION = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"

# Mean and deviation of the red, green and blue training pixels, in levels of 0 to 255, as the code
# of NAS-Bench-201 has them (Dong and Yang, ICLR 2020).
MEANS = np.array([125.3, 123.0, 113.9], np.float32)
DEVIATIONS = np.array([63.0, 62.1, 66.7], np.float32)

_SIDE = 32
_FILES = {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)}

Pixels = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Images, shape (n, 3, 32, 32), and their classes from 0, shape (n,)."""


# Of the official data, below ``live`` in the data's home.
FOLDER = "cifar10"


def cifar10_folder(name: str = FOLDER) -> Path:
    """Where the files lie, or those of another folder beside it."""
    return data_home() / "live" / name / "cifar-10-batches-py"


def read_cifar10(folder: Path, part: Literal["train", "test"]) -> Pixels:
    """Read one part of CIFAR-10.

    The files may have fewer images than the official ones. They are pickles, of which only plain
    data is accepted.

    Args:
        folder: has the files ``data_batch_1`` to ``data_batch_5`` and ``test_batch``.
        part: which images.

    Raises:
        MissingData: a file is not there.
        InvalidTable: a file is damaged or not in the official layout.
        HarnessError: a file is a pickle of something else than plain data.
    """
    missing = [name for name in _FILES[part] if not (folder / name).is_file()]
    if missing:
        raise MissingData(
            f"the images of CIFAR-10 are not on this machine (no {', '.join(missing)} in "
            f"{folder}).\n"
            "  Get them: harness data fetch cifar10\n"
            "  By hand: cifar-10-python.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html, "
            f"unpacked in {folder.parent}"
        )
    batches = [_read(folder / name) for name in _FILES[part]]
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _read(path: Path) -> Pixels:
    with path.open("rb") as file:
        # The official files are of Python 2, whose texts hold the pixels' bytes.
        try:
            batch = load_restricted(file, name=str(path), encoding="latin1")
        except InvalidTable:
            raise
        except HarnessError as error:
            raise HarnessError(
                f"{path} is no file of CIFAR-10: it holds more than plain data and could run "
                "anything. It was not read"
            ) from error

    def damaged(reason: str) -> InvalidTable:
        return InvalidTable(f"{path} is no file of CIFAR-10: {reason}. Get it anew")

    if not isinstance(batch, dict) or not {"data", "labels"} <= batch.keys():
        raise damaged("no dictionary with data and labels")
    data, labels = batch["data"], np.asarray(batch["labels"])
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8:
        raise damaged("its data is no array of bytes")
    if data.ndim != 2 or data.shape[1] != 3 * _SIDE**2 or not len(data):
        raise damaged(f"its data has the shape {data.shape}, not (images, {3 * _SIDE**2})")
    if labels.shape != (len(data),) or labels.dtype.kind not in "iu":
        raise damaged(f"it has no whole-numbered label for each of its {len(data)} images")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise damaged(f"its labels go from {labels.min()} to {labels.max()}, not from 0 to 9")
    return data.reshape(-1, 3, _SIDE, _SIDE), labels.astype(np.int64)


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normalise each channel by the published mean and deviation, whatever the images are."""
    # In place: all training images take 600 MB as floats.
    found = images.astype(np.float32)
    found -= MEANS[:, None, None]
    found /= DEVIATIONS[:, None, None]
    return found


def crop_and_flip(images: Tensor, generator: torch.Generator, reach: int = 4) -> Tensor:
    """Move normalised images and mirror half of them, each by its own draw.

    What moves in is black, as if the pixels had been moved before they were normalised.

    Args:
        images: shape (n, 3, height, width), on any device.
        generator: on the CPU.
        reach: how far at most in each direction, in pixels.

    Returns:
        The same shape, in the memory layout channels-last.
    """
    import torch
    from torch.nn import functional

    count, _, height, width = images.shape
    moves = torch.randint(2 * reach + 1, (2, count, 1), generator=generator).to(images.device)
    mirrored = torch.rand((count, 1), generator=generator).to(images.device) < 0.5
    down = moves[0] + torch.arange(height, device=images.device)
    across = torch.arange(width, device=images.device)
    right = moves[1] + torch.where(mirrored, across.flip(0), across)
    black = torch.from_numpy(-MEANS / DEVIATIONS).to(images)[:, None, None]
    padded = functional.pad(images - black, (reach,) * 4) + black
    which = torch.arange(count, device=images.device)[:, None, None]
    return padded[which, :, down[:, :, None], right[:, None, :]].permute(0, 3, 1, 2)
