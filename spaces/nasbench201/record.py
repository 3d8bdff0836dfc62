"""The columns of one cell, from its records; see `spaces.nasbench201.layout` for their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Trainings by their official names. That on 25,000 images of CIFAR-10 has names of its own, since
# its scores on the test set must not be mixed up with those of the training on all 50,000.
_DATASETS = {
    "cifar10-valid": "cifar10_halftrain",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16_120",
}
_SPLITS = {"train": "train", "x-valid": "valid", "x-test": "test", "ori-test": "oritest"}
_STEMS = {
    ("cifar10-valid", "x-valid"): "cifar10_valid",
    ("cifar10-valid", "ori-test"): "cifar10_halftrain_test",
    ("cifar10", "ori-test"): "cifar10_test",
}
_HALF = {"cifar10-valid": "cifar10_half"}
_NETWORKS = _DATASETS | {"cifar10-valid": "cifar10"}


@dataclass(frozen=True)
class CellColumns:
    """A row of the table.

    Attributes:
        numbers: single numbers by column; absent where not measured.
        curves: one number an epoch by column, NaN where not measured.
        trials: number of training runs by ``dataset@schedule``.
    """

    numbers: dict[str, float] = field(default_factory=dict)
    curves: dict[str, FloatArray] = field(default_factory=dict)
    trials: dict[str, int] = field(default_factory=dict)


def cell_columns(records: Mapping[int, Any]) -> CellColumns:
    """Take all numbers out of the records of a cell.

    Args:
        records: ``ArchResults`` of nas-bench-201 or nats-bench by schedule.
    """
    row = CellColumns()
    for schedule, record in sorted(records.items()):
        for dataset in record.get_dataset_names():
            seeds = record.get_dataset_seeds(dataset)
            trials = {int(seed): record.query(dataset, seed) for seed in seeds}
            row.trials[f"{_DATASETS[dataset]}@{schedule}"] = len(trials)
            _add_scores(row, dataset, schedule, trials)
            _add_seconds(row, dataset, trials.values())
            _add_costs(row, dataset, record, trials.values())
    return row


def _stem(dataset: str, split: str) -> str:
    return _STEMS.get((dataset, split)) or (
        f"{_DATASETS[dataset]}_{_SPLITS.get(split) or split.replace('-', '')}"
    )


def _add_scores(row: CellColumns, dataset: str, schedule: int, trials: Mapping[int, Any]) -> None:
    finals: dict[str, list[float]] = {}
    for seed, trial in trials.items():
        for split, accuracies, losses in _scores(trial):
            stem = _stem(dataset, split)
            for name, values in ((stem, accuracies), (f"{stem}_loss", losses)):
                column = f"{name}_{schedule}ep"
                curve = np.full(max(schedule, len(values)), np.nan)
                curve[: len(values)] = values
                row.curves[f"{column}_seed{seed}_curve"] = curve
                if not np.isnan(values[-1]):
                    row.numbers[f"{column}_seed{seed}"] = float(values[-1])
                    finals.setdefault(column, []).append(float(values[-1]))
    row.numbers.update({column: float(np.mean(values)) for column, values in finals.items()})


def _scores(trial: Any) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Name of a split, accuracies and losses, one an epoch."""
    epochs = range(trial.get_total_epoch())
    yield "train", _pick(trial.train_acc1es, epochs), _pick(trial.train_losses, epochs)
    for split in trial.get_eval_set():
        keys = _keys(split, len(epochs))
        yield split, _pick(trial.eval_acc1es, keys), _pick(trial.eval_losses, keys)


def _add_seconds(row: CellColumns, dataset: str, trials: Iterable[Any]) -> None:
    """Mean over the epochs of all trials; the first schedule that has seconds sets them."""
    seconds: dict[str, list[FloatArray]] = {}
    training = f"train_s_per_epoch_{_HALF.get(dataset) or _DATASETS[dataset]}"
    for trial in trials:
        epochs = range(trial.get_total_epoch())
        seconds.setdefault(training, []).append(_pick(trial.train_times, epochs))
        for split in trial.get_eval_set():
            times = _pick(trial.eval_times, _keys(split, len(epochs)))
            seconds.setdefault(f"eval_s_{_stem(dataset, split)}", []).append(times)
    for column, found in seconds.items():
        values = np.concatenate(found)
        if not np.isnan(values).all():
            row.numbers.setdefault(column, float(np.nanmean(values)))


def _add_costs(row: CellColumns, dataset: str, record: Any, trials: Iterable[Any]) -> None:
    """What the package makes of latency, size and FLOPs; the last schedule that has them sets them.

    The packages differ where trials disagree. Their means over seconds fail where only some trials
    have any, hence these are taken away first.
    """
    for trial in trials:
        trial.train_times, trial.eval_names = None, []
    costs = record.get_compute_costs(dataset)
    training, network = _HALF.get(dataset) or _DATASETS[dataset], _NETWORKS[dataset]
    row.numbers[f"params_{network}"] = float(round(costs["params"] * 1e6))
    row.numbers[f"flops_m_{network}"] = float(costs["flops"])
    if costs["latency"] is not None:
        row.numbers[f"latency_s_{training}"] = float(costs["latency"])


@cache
def _keys(split: str, epochs: int) -> tuple[str, ...]:
    return tuple(f"{split}@{epoch}" for epoch in range(epochs))


def _pick(values: Mapping[Any, Any] | Sequence[Any] | None, keys: Sequence[Any]) -> FloatArray:
    """Numbers by key, NaN where there is none."""
    found = values if isinstance(values, Mapping) else dict(enumerate(values or ()))
    return np.array(list(map(found.get, keys)), dtype=np.float64)
