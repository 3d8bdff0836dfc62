"""The columns of a NAS-Bench-201 table in the form of this project, and what they mean.

A table is a Parquet file with one row a cell: ``arch`` in the official notation, and

- ``{dataset}_{split}_{epochs}ep``: mean over the trials of the cell, in percent;
- ``{dataset}_{split}_{epochs}ep_seed{seed}``: one training run, NaN where the cell has no such run;
- ``{dataset}_{split}_{epochs}ep_seed{seed}_curve``: its score after every epoch;
- ``train_s_per_epoch_*`` and ``eval_s_cifar10_valid``: seconds;
- ``params_*`` and ``flops_m_*``.

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

# Seconds of one epoch of the networks that are searched, and of one pass over the validation data
# where the table has it.
_EPOCH_SECONDS = {
    "cifar10": "train_s_per_epoch_cifar10_half",
    "cifar100": "train_s_per_epoch_cifar10",
    "imagenet16_120": "train_s_per_epoch_imagenet16_120",
}
_VALIDATION_SECONDS = {"cifar10": "eval_s_cifar10_valid"}
_COSTS = {
    "cifar10": "training on 25,000 images + one validation pass",
    "cifar100": "training (the table gives the time of CIFAR-10)",
    "imagenet16_120": "training (the table gives 3.034 x the time of CIFAR-10)",
}


def layout_of(source: Source, dataset: str) -> Layout:
    """What the columns of a table mean for one dataset.

    Args:
        source: a table; it has averages or single training runs.
        dataset: ``cifar10``, ``cifar100`` or ``imagenet16_120``.

    Returns:
        The layout; what is searched and reported are named ``valid@12``, ``test@200`` and so on.
        With averages, the levels of ``valid@200`` are both schedules. With curves, the levels are
        the epochs of the one schedule that is searched.
    """
    columns = source.columns
    averaged = not any(re.fullmatch(rf"{dataset}_valid_\d+ep_seed\d+", name) for name in columns)
    searched = {
        f"valid@{schedule}": _levels(source, dataset, schedule, averaged=averaged)
        for schedule in SCHEDULES
    }
    reported = {
        f"{split}@{schedule}": _trials(source, f"{dataset}_{split}_{schedule}ep")
        for split in ("test", "valid")
        for schedule in SCHEDULES
    }
    properties = {"params": "params_cifar10", "flops_m": f"flops_m_{dataset}"}
    if dataset == "cifar100":
        properties["flops_m"] = "flops_m_cifar10"
    return Layout(
        searched={name: levels for name, levels in searched.items() if levels},
        reported={name: trials for name, trials in reported.items() if trials},
        properties={name: column for name, column in properties.items() if column in columns},
        trials="mean of all training runs" if averaged else "training run",
        averaged=averaged,
        cost=_COSTS[dataset],
    )


def _trials(source: Source, stem: str) -> tuple[str, ...]:
    """The columns of single runs if there are any, else the one column of averages."""
    runs = sorted(name for name in source.columns if re.fullmatch(rf"{stem}_seed\d+", name))
    return tuple(runs) or ((stem,) if stem in source.columns else ())


def _levels(
    source: Source, dataset: str, schedule: int, *, averaged: bool
) -> tuple[LevelColumns, ...]:
    final = _trials(source, f"{dataset}_valid_{schedule}ep")
    if not final:
        return ()
    if all(f"{trial}_curve" in source.columns for trial in final):
        return tuple(
            LevelColumns(
                epoch,
                tuple(f"{trial}_curve[{epoch - 1}]" for trial in final),
                _seconds(source.columns, dataset, epoch),
            )
            for epoch in range(1, schedule + 1)
        )
    levels = []
    for shorter in SCHEDULES:
        trials = _trials(source, f"{dataset}_valid_{shorter}ep")
        if trials and shorter <= schedule and (averaged or shorter == schedule):
            levels.append(LevelColumns(shorter, trials, _seconds(source.columns, dataset, shorter)))
    return tuple(levels)


def _seconds(
    columns: Sequence[str] | frozenset[str], dataset: str, epochs: int
) -> tuple[tuple[float, str], ...]:
    if _EPOCH_SECONDS[dataset] not in columns:
        return ()
    training = (float(epochs), _EPOCH_SECONDS[dataset])
    validation = _VALIDATION_SECONDS.get(dataset)
    if validation is None or validation not in columns:
        return (training,)
    return (training, (1.0, validation))
