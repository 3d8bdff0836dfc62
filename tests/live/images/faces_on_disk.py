"""Folders in the layout of CelebA, with images of noise."""

from __future__ import annotations

import numpy as np
from PIL import Image

FACES, PARTITION = "img_align_celeba", "list_eval_partition.txt"


def write_faces(folder, counts=(6, 2, 2), size=(89, 109), seed=0):
    """So many images of each part and their partition file; gives the names."""
    rng = np.random.default_rng(seed)
    (folder / FACES).mkdir(parents=True)
    names, lines = [], []
    for part, count in enumerate(counts):
        for _ in range(count):
            name = f"{len(names) + 1:06d}.jpg"
            pixels = rng.integers(256, size=(size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / FACES / name)
            names.append(name)
            lines.append(f"{name} {part}\n")
    (folder / PARTITION).write_text("".join(lines))
    return names
