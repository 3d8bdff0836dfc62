"""Writes the datasheet of ``nasbench201/digits``: ``python -m spaces.nasbench201.datasheet``.

With ``HARNESS_DATA`` the correlation with the real NAS-Bench-201 table is part of it.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.live.tabulate import read_stamp
from harness.live.tasks import digits
from harness.tables import FileSource
from spaces.nasbench201.benchmarks import table_path
from spaces.nasbench201.digits import DIGITS_TABLE, digits_setup
from spaces.nasbench201.space import NasBench201Space

FloatArray = NDArray[np.float64]

SHEET = Path(__file__).with_name("DIGITS.md")


def spearman(a: FloatArray, b: FloatArray) -> float:
    """Rank correlation of two arrays of shape (n,)."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)


class Table:
    """The finished table as arrays.

    Attributes:
        archs: notation of each row.
        test: test accuracy in percent, shape (rows, trials).
        valid: validation accuracy after each epoch in percent, shape (rows, trials, epochs).
        failed: trials with a loss that was not finite.
        seconds: training and evaluation of one network, shape (rows,).
    """

    def __init__(self) -> None:
        """Read the table that comes with the package."""
        self.stamp = read_stamp(DIGITS_TABLE)
        trials, epochs = range(self.stamp["trials"]), digits_setup().recipe.epochs
        source, schedule = FileSource(DIGITS_TABLE), f"{epochs}ep_seed"
        test = [f"digits_test_{schedule}{t}" for t in trials]
        curves = [f"digits_valid_{schedule}{t}_curve[{e}]" for t in trials for e in range(epochs)]
        failed = [f"digits_failed_{schedule}{t}" for t in trials]
        times = ["train_s_per_epoch_digits", "eval_s_digits_valid"]
        read = source.read(["arch", *test, *curves, *failed, *times])

        def stack(names: list[str]) -> FloatArray:
            return np.stack([np.asarray(read[name], np.float64) for name in names], axis=1)

        self.archs: list[str] = read["arch"].tolist()
        self.test = stack(test)
        self.valid = stack(curves).reshape(len(self.archs), len(trials), epochs)
        self.failed = int(stack(failed).sum())
        self.seconds = stack(times) @ np.array([epochs, epochs + 1.0])


def figures() -> dict[str, Any]:
    """Everything that the datasheet says about scores; accuracies in percent."""
    table = Table()
    test, mean = table.test, table.test.mean(axis=1)
    trials = test.shape[1]
    pairs = [spearman(test[:, i], test[:, j]) for i, j in itertools.combinations(range(trials), 2)]
    deviation = test.std(axis=1, ddof=1)
    better = mean >= np.median(mean)
    halves = list(_halves(trials))
    final = table.valid.mean(axis=1)[:, -1]
    return {
        "cells": len(mean),
        "trials": trials,
        "failed": table.failed,
        "quantiles": np.quantile(mean, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]).tolist(),
        "interquartile range": float(np.subtract(*np.quantile(mean, [0.75, 0.25]))),
        "share at 96 or better": float((mean >= 96).mean()),
        "deviation between trials": float(np.median(deviation)),
        "deviation in the better half": float(np.median(deviation[better])),
        "deviation of cells in the better half": float(mean[better].std(ddof=1)),
        "single trials": [float(np.mean(pairs)), min(pairs)],
        "better half by all trials": _agreement(test, halves, mean),
        "better half by one side": _agreement(test, halves, None),
        "epochs with final": [spearman(table.valid[:, 0, e], mean)
                              for e in range(table.valid.shape[2])],
        "valid with test": spearman(final, mean),
        "hours": float(table.seconds.sum() * trials / 3600),
        "cifar10": _with_cifar10(table.archs, mean),
    }  # fmt: skip


def _halves(trials: int) -> list[tuple[list[int], list[int]]]:
    """All ways to cut the trials into two equal halves."""
    half = trials // 2
    cuts = itertools.combinations(range(trials), half)
    return [(list(a), [t for t in range(trials) if t not in a][:half]) for a in cuts if 0 in a]


def _agreement(
    test: FloatArray, halves: list[tuple[list[int], list[int]]], by: FloatArray | None
) -> float:
    """Mean rank correlation of the means of disjoint halves of the trials in the better half.

    Args:
        test: shape (rows, trials).
        halves: pairs of disjoint lists of trials.
        by: what the better half of the cells is chosen by; the first half of trials where None.
    """
    found = []
    for first, second in halves:
        a, b = test[:, first].mean(axis=1), test[:, second].mean(axis=1)
        chosen_by = a if by is None else by
        better = chosen_by >= np.median(chosen_by)
        found.append(spearman(a[better], b[better]))
    return float(np.mean(found))


def _with_cifar10(archs: list[str], mean: FloatArray) -> dict[str, float] | None:
    """Rank correlation with the real table over all cells and over their better half."""
    if not table_path().is_file():
        return None
    real = FileSource(table_path()).read(["arch", "cifar10_test_200ep"])
    space = NasBench201Space()
    accuracy = dict(zip(real["arch"].tolist(), real["cifar10_test_200ep"].tolist(), strict=True))
    digits_of = {
        space.canonical(space.from_str(arch)): score
        for arch, score in zip(archs, mean, strict=True)
    }
    ours = np.array([digits_of[space.canonical(space.from_str(arch))] for arch in accuracy])
    theirs = np.array(list(accuracy.values()))
    better = theirs >= np.median(theirs)
    return {"all": spearman(ours, theirs), "better half": spearman(ours[better], theirs[better])}


def sheet() -> str:
    """The datasheet as Markdown."""
    f, setup, task = figures(), digits_setup(), digits()
    stamp = read_stamp(DIGITS_TABLE)
    machine, versions = stamp["provenance"]["machine"], stamp["provenance"]["versions"]
    low, p10, p25, median, p75, p90, high = (f"{q:.2f}" for q in f["quantiles"])
    recipe = ", ".join(f"{key} {value}" for key, value in asdict(setup.recipe).items())
    skeleton = ", ".join(f"{key} {value}" for key, value in asdict(setup.skeleton).items())
    sizes = f"{len(task.train.labels)} / {len(task.valid.labels)} / {len(task.test.labels)}"
    epochs = ", ".join(f"{rank:.2f}" for rank in f["epochs with final"])
    single, worst = f["single trials"]
    real = f["cifar10"]
    cifar10 = (
        f"{real['all']:.2f} over all 15,625 cells, {real['better half']:.2f} over the better half"
        if real
        else "not computed (HARNESS_DATA does not name a folder with the real table)"
    )
    return f"""# Datasheet of `nasbench201/digits`

Every figure below is printed by `python -m spaces.nasbench201.datasheet`.

## How it was made

- `harness tabulate nasbench201/digits --trials {f["trials"]}`: {f["cells"]:,} cells that differ in their
  function x {f["trials"]} trials; {f["failed"]} trials failed (a failed trial keeps its score). The other
  genotypes of the 15,625 share the row of the cell that they are equal to.
- Images: scikit-learn's digits, 1,797 grey images of 8x8 pixels; {sizes} to train, validate and test,
  stratified, the same for all cells and trials (`harness/live/digits_split.json`). The writers are not
  told apart, so the parts share writers.
- Recipe: {recipe}.
- Network: {skeleton}. A convolution of a zeroed node is left out, so that cells with the same function
  are the same network.
- A trial's initial weights and order of the data follow from its number alone and are the same for all
  cells: differences between cells are paired.
- Seconds are processor time of one of {f["trials"]} networks trained side by side on one core;
  {f["hours"]:.1f} core hours in all, on {machine["processor"]}, torch {versions["torch"]}.
- Recipe {stamp["recipe"][:12]}, data {stamp["data"][:12]}.

## What it looks like

| mean test accuracy (%) | lowest | 10 % | 25 % | median | 75 % | 90 % | best |
| --- | --- | --- | --- | --- | --- | --- | --- |
| of cells | {low} | {p10} | {p25} | {median} | {p75} | {p90} | {high} |

- Interquartile range {f["interquartile range"]:.2f} points; {f["share at 96 or better"]:.0%} of the cells
  reach 96 %.
- Noise: the median deviation between trials of a cell is {f["deviation between trials"]:.2f} points,
  {f["deviation in the better half"]:.2f} in the better half, where the means of cells deviate by
  {f["deviation of cells in the better half"]:.2f}.
- Rank correlation (Spearman) of two single trials over all cells: {single:.3f} on average, {worst:.3f} for
  the worst pair.
- Rank correlation of the means of disjoint halves of the trials within the better half of the cells:
  {f["better half by all trials"]:.3f} if the half is chosen by all trials, {f["better half by one side"]:.3f}
  if by one side.
- Rank correlation of one trial's validation accuracy after each epoch with the mean test accuracy:
  {epochs}.
- Rank correlation of mean validation and mean test accuracy: {f["valid with test"]:.3f}.
- Rank correlation with the test accuracy of the real NAS-Bench-201 on CIFAR-10: {cifar10}.

## What it is fit for, and what not

Fit for: developing and testing methods from end to end on a laptop, with sampled noise, several
fidelities, simulated seconds, supernets and the truth for every cell; checking a harness. Anyone can
train any row again: `harness train nasbench201/digits ARCH`, and a sample of them is tested by
`harness data verify nasbench201/digits --sample 20`.

Not fit for: claims that a method is better on vision tasks. This is a task of 8x8 grey images and
networks of one cell; the ranking of methods on it must not be claimed to transfer. Among the best cells
the noise of a single trial is comparable with what separates them.
"""


if __name__ == "__main__":
    SHEET.write_text(sheet())
    print(SHEET)
