"""What the methods of a stored study had found after so many queries: mean and deviation.

python results/at_queries.py results/light-methods 100 150 200
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from harness.study.store import Store


def main() -> None:
    """Print a line a benchmark and method, on the benchmark's scale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("queries", type=int, nargs="+")
    given = parser.parse_args()
    for (benchmark, method), runs in Store(given.folder).read().pairs.items():
        shown = []
        for count in given.queries:
            at = [np.searchsorted(curve.queries, count, side="right") - 1 for curve in runs.curves]
            found = [curve.reported[i] for curve, i in zip(runs.curves, at, strict=True) if i >= 0]
            shown.append(f"{count}: {np.mean(found):.4f} ± {np.std(found, ddof=1):.4f}")
        print(f"{benchmark} {method} ({len(runs.curves)} runs)  " + "  ".join(shown))


if __name__ == "__main__":
    main()
