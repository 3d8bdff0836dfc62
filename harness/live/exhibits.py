"""What a trained network can show to a person: pictures, alignments and sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images in rows and columns.

    Attributes:
        name: of the file, without ending.
        rows: from 0 to 1, shape (rows, columns, channels, height, width); 1 or 3 channels.
        columns: what each column shows.
    """

    name: str
    rows: NDArray[np.float32]
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which inputs a network looked at for each of its outputs.

    Attributes:
        name: of the file, without ending.
        weights: shape (outputs, inputs).
        inputs: what the inputs are, e.g. phonemes.
    """

    name: str
    weights: NDArray[np.float32]
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sound:
    """A recording.

    Attributes:
        name: of the file, without ending.
        samples: from -1 to 1, shape (samples,).
        rate: samples a second.
    """

    name: str
    samples: NDArray[np.float32]
    rate: int


Exhibit: TypeAlias = Pictures | Alignment | Sound
