"""The table of NAAP-440 and what its columns mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import data_home
from harness.tables import FileSource, Layout, LevelColumns

EPOCHS = 90
# Decimals of accuracies and losses in the authors' file.
DECIMALS = 4

_BEST = re.compile(r"best(\d+)")


def table_path() -> Path:
    """Where the table lies."""
    return data_home() / "naap440" / "naap440v2.parquet"


def accuracy(epoch: int) -> str:
    """The column of the test accuracy after an epoch."""
    return f"e{epoch}Accuracy"


# The authors trained each network once and looked at its test accuracy after every epoch; there
# is no validation split. Their score is the best of the 90 epochs, which is more than the last.
LAYOUT = Layout(
    searched={
        "best@90": tuple(LevelColumns(i, (f"best{i}",)) for i in range(1, EPOCHS + 1)),
        "test@90": tuple(LevelColumns(i, (accuracy(i),)) for i in range(1, EPOCHS + 1)),
    },
    reported={"best@90": ("MaxAccuracy",), "test@90": (accuracy(EPOCHS),)},
    properties={
        "params": "NumParams",
        "macs": "NumMACs",
        "layers": "NumLayers",
        "stages": "NumStages",
    },
    searches_reported=True,
)


class Naap440Table(FileSource):
    """The authors' columns, and ``best{i}``: the best test accuracy of the first i epochs.

    Accuracies and losses come back with the decimals of the authors' file, whether the table at
    hand holds them in double or in single precision.
    """

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """See `Source.read`."""
        stored = {name: _stored(name) for name in names}
        read = super().read(list(dict.fromkeys(chain(*stored.values()))))
        exact = {
            name: np.round(column.astype(np.float64), DECIMALS)
            if column.dtype.kind == "f"
            else column
            for name, column in read.items()
        }
        return {
            name: np.max([exact[column] for column in columns], axis=0)
            for name, columns in stored.items()
        }


def _stored(name: str) -> list[str]:
    best = _BEST.fullmatch(name)
    return [accuracy(i + 1) for i in range(int(best[1]))] if best else [name]
