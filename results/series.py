"""What a series that methods wrote down was at its highest and at its end, run by run.

python results/series.py results/digits-darts "share of skip connections"
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from harness.study.shards import read_shard


def main() -> None:
    """Print a line a stored run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    given = parser.parse_args()
    for path in sorted(given.folder.glob("runs/*/*/[0-9]*.parquet")):
        table, told = read_shard(path)
        for row in table.select(["seed", "logs"]).to_pylist():
            series = json.loads(row["logs"]).get(given.name)
            if series:
                method = told["given"]["method"]
                print(f"{method} seed {row['seed']}: max {max(series):.3f}, end {series[-1]:.3f}")


if __name__ == "__main__":
    main()
