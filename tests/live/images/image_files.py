"""Little photographs on disk, in the layout of ImageNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

WNIDS = ("n01440764", "n02102040", "n02979186")


def photograph(rng, height, width):
    """A smooth image with all colours, shape (height, width, 3)."""
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def write_part(folder, images, seed, kind="png", classes=WNIDS):
    """So many images of each class, of different sizes; they are returned by file."""
    rng = np.random.default_rng(seed)
    written = {}
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(images):
            height, width = (int(size) for size in rng.integers(20, 40, 2))
            pixels = photograph(rng, height, width)
            file = f"{name}/{name}_{number}.{kind}"
            Image.fromarray(pixels).save(folder / file)
            written[file] = pixels
    return written


def write_imagenet(folder: Path, train=6, val=3, kind="png", classes=WNIDS):
    """Both parts and the names of the classes."""
    write_part(folder / "train", train, 0, kind, classes)
    write_part(folder / "val", val, 1, kind, classes)
    lines = [f"{name} thing {number}, other name" for number, name in enumerate(classes)]
    (folder / "LOC_synset_mapping.txt").write_text("\n".join(lines) + "\n")
    return folder
