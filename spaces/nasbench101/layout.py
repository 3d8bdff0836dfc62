"""The columns of the tables of NAS-Bench-101, and what they mean.

A table is a Parquet file with one row a cell. All have

- ``hash``: the official hash of the cell;
- ``adjacency_bits``: its edges as in `spaces.nasbench101.graph`, in the order of its authors;
- ``ops``: its operations in this order, a digit each: 0 conv3x3-bn-relu, 1 conv1x1-bn-relu,
  2 maxpool3x3, which is the order of the data set and not that of a genotype;
- ``params``: number of trainable parameters.

An imported table also has ``key``, what `NasBench101Space.canonical` gives for the cell, and for
each training run, with ``E`` epochs of 4, 12, 36 and 108 (or only 108) and ``R`` from 0 to 2,

- ``valid_{E}ep_run{R}`` and ``test_{E}ep_run{R}``: accuracy after the last epoch, from 0 to 1;
- ``seconds_{E}ep_run{R}``: seconds of training.

A training of 12 epochs is one of its own, annealed to the end, not a part of a longer one.

The table of averages only has ``cifar10_test_108ep``, the mean test accuracy of the three runs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.tables import FileSource, Layout, LevelColumns, Source
from spaces.nasbench101.cells import INNER, OPERATIONS, Keys, keys_of
from spaces.nasbench101.graph import in_matrix, vertices_of

EPOCHS = (4, 12, 36, 108)
RUNS = 3
# The operations in the order in which the data set numbers them.
LABELS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
_AVERAGE = "cifar10_test_108ep"
# The place of each of these among the choices of a genotype.
CHOICES = tuple(OPERATIONS.index(name) for name in LABELS)


def columns_of(what: str, epochs: int) -> tuple[str, ...]:
    """The columns of ``valid``, ``test`` or ``seconds``, one a training run."""
    return tuple(f"{what}_{epochs}ep_run{run}" for run in range(RUNS))


def layout_of(source: Source) -> Layout:
    """What the columns of a table mean.

    Returns:
        The layout; what is searched and reported are named ``valid@12``, ``test@108`` and so on.
    """
    if _AVERAGE in source.columns:
        # The authors' averages are all that there is: what is reported is also searched.
        return Layout(
            searched={"test@108": (LevelColumns(108, (_AVERAGE,)),)},
            reported={"test@108": (_AVERAGE,)},
            properties={"params": "params"},
            trials=f"mean of {RUNS} training runs",
            averaged=True,
            searches_reported=True,
        )
    known = [epochs for epochs in EPOCHS if columns_of("valid", epochs)[0] in source.columns]
    levels = [
        LevelColumns(
            epochs,
            columns_of("valid", epochs),
            tuple((1 / RUNS, column) for column in columns_of("seconds", epochs)),
        )
        for epochs in known
    ]
    return Layout(
        searched={
            f"valid@{epochs}": tuple(levels[: i + 1]) for i, epochs in reversed([*enumerate(known)])
        },
        reported={
            f"{split}@{epochs}": columns_of(split, epochs)
            for split in ("test", "valid")
            for epochs in reversed(known)
        },
        properties={"params": "params"},
        cost="training, mean of the three runs",
    )


def read_keys(source: FileSource) -> Keys:
    """The key of each row."""
    if "key" in source.columns:
        return source.read(["key"])["key"].astype(np.int64)
    bits, graph = np.unique(source.read(["adjacency_bits"])["adjacency_bits"], return_inverse=True)
    vertices = [vertices_of(graph) for graph in bits.tolist()]
    matrices = np.array([in_matrix(*pair) for pair in zip(bits.tolist(), vertices, strict=True)])
    inner = np.array(vertices)[graph] - 2
    operations = np.zeros((len(graph), INNER), np.int8)
    operations[np.arange(INNER) < inner[:, None]] = np.array(CHOICES, np.int8)[_digits(source)]
    return keys_of(matrices.astype(np.int32)[graph], operations)


def _digits(source: FileSource) -> NDArray[np.uint8]:
    """All operations of all rows, one behind the other.

    Half a million texts as objects would take longer than everything else about a table.
    """
    import pyarrow.parquet as pq

    table = pq.ParquetFile(source.path, memory_map=True).read(columns=["ops"])
    texts = table.column("ops").combine_chunks()
    digits: NDArray[np.uint8] = np.frombuffer(texts.buffers()[-1], np.uint8) - ord("0")
    return digits
