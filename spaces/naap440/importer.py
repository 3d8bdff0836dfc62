"""The author's CSV file of NAAP-440 into a table of this project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, InvalidTable
from harness.tables import FileSource
from harness.tables.source import checksum_file, sha256_of
from spaces.naap440.protocol import columns
from spaces.naap440.space import Naap440Space
from spaces.naap440.table import EPOCHS, accuracy

_WANTED = "naap440v2.csv of github.com/talcs/NAAP-440"
_NEEDED = ("ModelId", "IsTest", "MaxAccuracy", *columns("dual", epochs=EPOCHS))


def import_naap440(path: Path, target: Path) -> str:
    """Convert ``naap440v2.csv``.

    Args:
        path: the author's file.
        target: the Parquet file to write; its checksum goes beside it.

    Returns:
        What was imported, in words.

    Raises:
        InvalidTable: the file is no such CSV file, lacks a network or a column, or a row is not the
            network that its number says.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix != ".csv":
            raise InvalidTable("its name does not end in .csv")
        table = FileSource(path).read(_NEEDED)
    except HarnessError as error:
        # Without the names of the 281 columns that exist.
        raise InvalidTable(
            f"{path} is not the whole {_WANTED}: {str(error).partition(' All: ')[0]}"
        ) from error
    if problem := _problem(table):
        raise InvalidTable(f"{path} is not the whole {_WANTED}: {problem}. Get it anew")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place and renamed into it, so that a half-written table is never found.
    part = target.with_name(f"{target.name}.part")
    pq.write_table(pa.table(table), part)
    os.replace(part, target)
    checksum_file(target).write_text(f"{sha256_of(target)}  {target.name}\n")
    tests = int(table["IsTest"].sum())
    return f"{len(table['ModelId'])} networks, {tests} of them to test predictors: {target}"


def _problem(table: dict[str, NDArray[Any]]) -> str:
    """What is wrong with the author's columns; empty where nothing is."""
    space = Naap440Space()
    archs = list(space.enumerate())
    if any(column.dtype == object for column in table.values()):
        return "a column holds texts"
    if not all(np.isfinite(column).all() for column in table.values()):
        return "numbers are missing"
    if table["ModelId"].tolist() != list(range(1, len(archs) + 1)):
        return f"its rows are not the networks 1 to {len(archs)}"
    params = np.array([space.params(arch) for arch in archs])
    if wrong := (table["NumParams"] != params).nonzero()[0].tolist():
        return f"network {wrong[0] + 1} does not have {params[wrong[0]]} parameters"
    best = np.max([table[accuracy(epoch)] for epoch in range(1, EPOCHS + 1)], axis=0)
    if (table["MaxAccuracy"] != best).any():
        return "MaxAccuracy is not the best accuracy of all epochs"
    return ""
