"""The authors' JSON file of NAS-Bench-Macro into a table of this project."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness import InvalidTable
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench_macro.space import NasBenchMacroSpace


def import_nasbench_macro(path: Path, target: Path) -> str:
    """Convert ``nas-bench-macro_cifar10.json``.

    Args:
        path: the authors' file.
        target: the Parquet file to write; its checksum goes beside it.

    Returns:
        What was imported, in words.

    Raises:
        InvalidTable: the file is no such JSON file, or lacks an architecture or a training run.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    space = NasBenchMacroSpace()
    archs = [space.to_str(arch) for arch in space.enumerate()]
    try:
        results = json.loads(path.read_bytes())
        rows = [results[arch] for arch in archs]
        # Fails unless every network has three.
        first, second, third = zip(*(map(float, row["test_acc"]) for row in rows), strict=True)
        table = {
            "arch": archs,
            "cifar10_test_run0": first,
            "cifar10_test_run1": second,
            "cifar10_test_run2": third,
            "params": [int(row["params"]) for row in rows],
            "flops": [int(row["flops"]) for row in rows],
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidTable(
            f"{path} is not the whole data/nas-bench-macro_cifar10.json of "
            f"github.com/xiusu/NAS-Bench-Macro ({type(error).__name__}: {error}). Get it anew"
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place and renamed into it, so that a half-written table is never found.
    part = target.with_name(f"{target.name}.part")
    pq.write_table(pa.table(table), part)
    os.replace(part, target)
    checksum_file(target).write_text(f"{sha256_of(target)}  {target.name}\n")
    return f"{len(archs):,} networks with three training runs each: {target}"
