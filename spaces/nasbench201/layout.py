"""The columns of a NAS-Bench-201 table in the form of this project, and what they mean.

A table is a Parquet file with one row a cell: ``arch`` in the official notation, and

- ``{dataset}_{split}_{epochs}ep``: accuracy after the last epoch, mean over the trials of the cell,
  in percent;
- ``{dataset}_{split}_{epochs}ep_seed{seed}``: the same of one training run, missing where the cell
  has no such run, so that what is there counts the trials of a cell;
- ``{dataset}_{split}_{epochs}ep_seed{seed}_curve``: accuracy after every epoch;
- ``train_s_per_epoch_*``: seconds of a training epoch; ``eval_s_*``: of one pass over a split;
- ``params_*``, ``flops_m_*``: number of parameters, and million FLOPs as the benchmark counts them.

An imported table also has

- ``index``: the official index;
- ``{dataset}_{split}_loss_{epochs}ep`` and its ``_seed{seed}`` and ``_curve``: cross-entropy;
- the split ``train``, measured while training, and ``oritest``: the whole official test set, of
  which ``valid`` and ``test`` are the halves (not on CIFAR-10);
- ``cifar10_halftrain_train`` and ``_test``: the network of ``cifar10_valid``, trained on 25,000
  images, on these images and on the official test set;
- ``latency_s_*``: seconds of a forward pass of a batch as the authors measured them;
- names that end in ``_partial``: curves that lack an epoch in some training run (early records have
  some splits after the last epoch only), and seconds that some cell lacks. Nothing looks them up.

Seconds are means over all epochs of all trials of a cell under the schedule of 12 epochs, or of 200
epochs where the short one has none; ``cifar10_half`` is training on 25,000 images. Nothing that was
not measured is filled in.

Splits follow the paper: on CIFAR-10 ``valid`` is measured on networks trained on 25,000 images and
``test`` on networks trained on all 50,000; elsewhere both are halves of the official test set
(``x-valid`` and ``x-test``) and come from the same network. Twelve epochs and 200 epochs are two
schedules, each annealed to zero; epoch 12 of the long one is not the short one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.tables import Layout, LevelColumns, Source

SCHEDULES = (12, 200)

# Seconds of one epoch of the networks that are searched. Not every table has a time of CIFAR-100 of
# its own; it is that of CIFAR-10, which has as many images.
_EPOCH_SECONDS = {
    "cifar10": ("train_s_per_epoch_cifar10_half",),
    "cifar100": ("train_s_per_epoch_cifar100", "train_s_per_epoch_cifar10"),
    "imagenet16_120": ("train_s_per_epoch_imagenet16_120",),
    "digits": ("train_s_per_epoch_digits",),
}


def layout_of(source: Source, dataset: str, schedules: Sequence[int] = SCHEDULES) -> Layout:
    """What the columns of a table mean for one dataset.

    Args:
        source: a table; it has averages or single training runs.
        dataset: ``cifar10``, ``cifar100``, ``imagenet16_120`` or ``digits``.
        schedules: lengths of the trainings that the table can have, in epochs.

    Returns:
        The layout; what is searched and reported are named ``valid@12``, ``test@200`` and so on.
        With averages, the levels of ``valid@200`` are both schedules. With curves, the levels are
        the epochs of the one schedule that is searched.
    """
    columns = source.columns
    averaged = not any(re.fullmatch(rf"{dataset}_valid_\d+ep_seed\d+", name) for name in columns)
    searched = {
        f"valid@{schedule}": _levels(source, dataset, schedule, schedules, averaged=averaged)
        for schedule in schedules
    }
    reported = {
        f"{split}@{schedule}": _trials(source, f"{dataset}_{split}_{schedule}ep")
        for split in ("test", "valid")
        for schedule in schedules
    }
    # Images of CIFAR-100 are as large as those of CIFAR-10; only the networks' last layer differs.
    same_images = "flops_m_cifar10" if dataset == "cifar100" else ""
    properties = {
        "params": _first_of(columns, f"params_{dataset}", "params_cifar10"),
        "flops_m": _first_of(columns, f"flops_m_{dataset}", same_images),
    }
    return Layout(
        searched={name: levels for name, levels in searched.items() if levels},
        reported={name: trials for name, trials in reported.items() if trials},
        properties={name: column for name, column in properties.items() if column},
        trials="mean of all training runs" if averaged else "training run",
        averaged=averaged,
        cost=_cost(columns, dataset),
    )


def _first_of(columns: frozenset[str], *names: str) -> str:
    return next((name for name in names if name in columns), "")


def _trials(source: Source, stem: str) -> tuple[str, ...]:
    """The columns of single runs if there are any, else the one column of averages."""
    runs = sorted(name for name in source.columns if re.fullmatch(rf"{stem}_seed\d+", name))
    return tuple(runs) or ((stem,) if stem in source.columns else ())


def _levels(
    source: Source, dataset: str, schedule: int, schedules: Sequence[int], *, averaged: bool
) -> tuple[LevelColumns, ...]:
    final = _trials(source, f"{dataset}_valid_{schedule}ep")
    if not final:
        return ()
    if all(f"{trial}_curve" in source.columns for trial in final):
        return tuple(
            LevelColumns(
                epoch,
                final
                if epoch == schedule
                else tuple(f"{trial}_curve[{epoch - 1}]" for trial in final),
                _seconds(source.columns, dataset, epoch),
            )
            for epoch in range(1, schedule + 1)
        )
    levels = []
    for shorter in schedules:
        trials = _trials(source, f"{dataset}_valid_{shorter}ep")
        if trials and shorter <= schedule and (averaged or shorter == schedule):
            levels.append(LevelColumns(shorter, trials, _seconds(source.columns, dataset, shorter)))
    return tuple(levels)


def _seconds(columns: frozenset[str], dataset: str, epochs: int) -> tuple[tuple[float, str], ...]:
    training = _first_of(columns, *_EPOCH_SECONDS[dataset])
    if not training:
        return ()
    validation = _first_of(columns, f"eval_s_{dataset}_valid")
    return ((float(epochs), training), *([(1.0, validation)] if validation else []))


def _cost(columns: frozenset[str], dataset: str) -> str:
    training = _first_of(columns, *_EPOCH_SECONDS[dataset])
    if not training:
        return ""
    notes = {
        "train_s_per_epoch_cifar10_half": " on 25,000 images",
        "train_s_per_epoch_cifar10": " (the table gives the time of CIFAR-10)",
        "train_s_per_epoch_imagenet16_120": " (most editions give 3.034 x the time of CIFAR-10)",
    }
    validation = _first_of(columns, f"eval_s_{dataset}_valid")
    return f"training{notes.get(training, '')}{' + one validation pass' if validation else ''}"
