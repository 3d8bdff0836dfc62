"""Is a scorer's Kendall's tau worse than the control's by a margin? One-sided, paired by seed.

python results/not_worse.py results/seminas-schedule 0.01
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import stats

from harness.study.rank_store import RankStore


def main() -> None:
    """Print the lower 95 % bound of the mean difference, and p of a loss of the margin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("margin", type=float)
    given = parser.parse_args()
    results = RankStore(given.folder).read()
    for (benchmark, labels, scorer), runs in results.runs.items():
        control = results.runs[benchmark, labels, results.control]
        _, ours, theirs = np.intersect1d(runs.seeds, control.seeds, return_indices=True)
        if scorer == results.control or len(ours) < 2:
            continue
        found = runs.kendall[ours] - control.kendall[theirs]
        error = stats.sem(found)
        bound = found.mean() - stats.t.ppf(0.95, len(found) - 1) * error
        p = stats.ttest_1samp(found, -given.margin, alternative="greater").pvalue
        print(f"{benchmark}, {labels} labels, {scorer}: {found.mean():+.4f}, at least {bound:+.4f}")
        print(f"  {len(found)} seeds, p of a loss of {given.margin:g} {p:.4f}")


if __name__ == "__main__":
    main()
