"""What a predictor is shown of NAAP-440, and on which networks it is compared.

Two protocols of the author: that of NAAP-440 (arXiv 2209.06626; ``split=original``), and the four
tasks of NAAP-440e (arXiv 2211.12419), whose training and test networks are parts of the same split.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.tables import Source
from spaces.naap440.table import accuracy

# Epochs of training that can be shown.
SHOWN_EPOCHS = (0, 3, 6, 9)

_LOGARITHMS = ("NumParams", "NumMACs")
_SCHEME = (*_LOGARITHMS, "NumLayers", "NumStages", "FirstLayerWidth", "LastLayerWidth")
_EXTENDED = (*_SCHEME, "NumSkipConnections", "NumPartialRFLayers")


def _whole(n: int) -> list[slice]:
    return [slice(n)]


def _lower(n: int) -> list[slice]:
    return [slice(n // 2)]


def _upper(n: int) -> list[slice]:
    return [slice(n // 2, n)]


def _middle(n: int) -> list[slice]:
    return [slice(n // 4, 3 * n // 4)]


def _ends(n: int) -> list[slice]:
    return [slice(n // 4), slice(n - n // 4, n)]


# Which part of the training and of the test networks, both in the order of their accuracy.
SPLITS = {
    "original": (_whole, _whole),
    "interpolation": (_whole, _whole),
    "left": (_upper, _lower),
    "right": (_lower, _upper),
    "dual": (_middle, _ends),
}


def columns(split: str, epochs: int) -> tuple[str, ...]:
    """The columns that a predictor is shown.

    NAAP-440 leaves out most of the scheme where no epochs are shown, since its author found that
    the other columns only did harm; NAAP-440e has two more of them, and shows all.

    Args:
        split: one of `SPLITS`.
        epochs: one of `SHOWN_EPOCHS`.
    """
    scheme: tuple[str, ...] = _EXTENDED
    if split == "original":
        scheme = _SCHEME if epochs else ("NumParams", "NumStages")
    curves = [(f"e{i}LossMean", f"e{i}LossMedian", accuracy(i)) for i in range(1, epochs + 1)]
    return (*scheme, *(column for curve in curves for column in curve))


def split_rows(source: Source, split: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the training networks and of the test networks, each by rising accuracy.

    The order of the training networks is the author's, too: it decides which of several equally
    near neighbours count.
    """
    table = source.read(["IsTest", "MaxAccuracy"])
    order = np.argsort(table["MaxAccuracy"], kind="stable")
    is_test = table["IsTest"][order] == 1
    parts = []
    for part, rows in zip(SPLITS[split], (order[~is_test], order[is_test]), strict=True):
        parts.append(np.concatenate([rows[piece] for piece in part(len(rows))]))
    return parts[0], parts[1]


def shown_features(source: Source, split: str, epochs: int) -> NDArray[np.float64]:
    """What a predictor is shown of each row, shape (rows, features).

    Numbers of parameters and multiplications are logarithms. Everything has mean 0 and standard
    deviation 1 over the training networks; as these are inputs and no labels, nothing leaks when
    the scale is known before the labels are.
    """
    names = columns(split, epochs)
    read = source.read(names)
    table = np.stack(
        [np.log(read[name]) if name in _LOGARITHMS else read[name] for name in names], axis=1
    )
    train = table[split_rows(source, split)[0]]
    std = train.std(axis=0)
    scaled: NDArray[np.float64] = (table - train.mean(axis=0)) / np.where(std > 0, std, 1.0)
    return scaled
