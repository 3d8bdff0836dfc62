"""The records of NAS-Bench-101 as its authors distribute them: one training run each."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from harness import MissingExtra
from spaces.nasbench101.graph import EDGES, VERTICES
from spaces.nasbench101.layout import EPOCHS, LABELS

# Of these, a run is evaluated when nothing, half and all of it is trained.
_EVALUATIONS = 3


class UnfamiliarRecord(Exception):
    """A record that is not as the authors' are; its text says in what."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training run.

    Attributes:
        hash: the official hash of the cell.
        epochs: how long it was trained.
        bits: edges of the cell, see `spaces.nasbench101.graph`; its last vertex is the output.
        labels: operations of the inner vertices, as places in `LABELS`.
        params: number of trainable parameters.
        valid: accuracy after the last epoch on validation data, 0 to 1.
        test: the same on test data.
        seconds: seconds of training.
    """

    hash: str
    epochs: int
    bits: int
    labels: tuple[int, ...]
    params: int
    valid: float
    test: float
    seconds: float


def run_reader() -> Callable[[bytes], Run]:
    """What reads a record.

    It raises `UnfamiliarRecord` where one is not as the authors' are.

    Raises:
        MissingExtra: the package that interprets them is not installed.
    """
    metrics_of, damaged = _model_metrics()

    def read(record: bytes) -> Run:
        try:
            hash, epochs, adjacency, operations, raw_metrics = json.loads(record)
            bits, labels = _bits(adjacency), _labels(operations)
            metrics = metrics_of(base64.b64decode(raw_metrics))
        except (ValueError, TypeError, AttributeError, damaged) as error:
            raise UnfamiliarRecord(f"{type(error).__name__}: {error}") from error
        if len(labels) + 2 != math.isqrt(len(adjacency)):
            raise UnfamiliarRecord(f"'{adjacency}' is no matrix of {len(labels) + 2} vertices")
        if epochs not in EPOCHS:
            raise UnfamiliarRecord(f"it was trained for {epochs} epochs, not for one of {EPOCHS}")
        if len(metrics.evaluation_data) != _EVALUATIONS:
            raise UnfamiliarRecord(
                f"it has {len(metrics.evaluation_data)} evaluations, not {_EVALUATIONS}"
            )
        last = metrics.evaluation_data[-1]
        valid, test, seconds = (
            _number(last, name)
            for name in ("validation_accuracy", "test_accuracy", "training_time")
        )
        if not (valid <= 1 and test <= 1):
            raise UnfamiliarRecord(f"its accuracies are {valid} and {test}")
        return Run(
            hash=hash,
            epochs=epochs,
            bits=bits,
            labels=labels,
            params=metrics.trainable_parameters,
            valid=valid,
            test=test,
            seconds=seconds,
        )

    return read


def _number(evaluation: Any, name: str) -> float:
    if not evaluation.HasField(name):
        raise UnfamiliarRecord(f"its last evaluation has no {name}")
    value: float = getattr(evaluation, name)
    if not 0 <= value < math.inf:
        raise UnfamiliarRecord(f"its {name} is {value}")
    return value


@lru_cache(maxsize=1 << 14)
def _bits(adjacency: str) -> int:
    """The edges in a matrix that is written row by row."""
    n = math.isqrt(len(adjacency))
    if n * n != len(adjacency) or not 2 <= n <= VERTICES or set(adjacency) - set("01"):
        raise UnfamiliarRecord(f"'{adjacency}' is no matrix of 2 to {VERTICES} vertices")
    if any(adjacency[i * n + j] == "1" for i in range(n) for j in range(i + 1)):
        raise UnfamiliarRecord(f"'{adjacency}' is no upper triangular matrix")
    inside = [(i, j) for i, j in EDGES if j < n]
    return sum(1 << bit for bit, (i, j) in enumerate(inside) if adjacency[i * n + j] == "1")


@lru_cache(maxsize=1 << 10)
def _labels(operations: str) -> tuple[int, ...]:
    first, *inner, last = operations.split(",") if "," in operations else ("", "")
    if (first, last) != ("input", "output") or set(inner) - set(LABELS):
        raise UnfamiliarRecord(f"'{operations}' are no operations of a cell")
    return tuple(LABELS.index(name) for name in inner)


@cache
def _model_metrics() -> tuple[Callable[[bytes], Any], type[Exception]]:
    """What reads the message that a record holds, of its fields those that are used, and its error.

    The numbers are those of ``model_metrics.proto`` in the authors' repository. Fields that are
    left out here are skipped when a message is read.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
    except ImportError as error:
        raise MissingExtra(
            f"reading NAS-Bench-101 needs the extra 'nasbench101' ({error}): "
            "pip install 'nas-harness[nasbench101]'"
        ) from error
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="nasbench101.proto", package="nasbench101", syntax="proto2"
    )
    evaluation = file.message_type.add(name="EvaluationData")
    for number, name in ((2, "training_time"), (4, "validation_accuracy"), (5, "test_accuracy")):
        evaluation.field.add(
            name=name, number=number, type=field.TYPE_DOUBLE, label=field.LABEL_OPTIONAL
        )
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluation_data",
        number=1,
        type=field.TYPE_MESSAGE,
        type_name=".nasbench101.EvaluationData",
        label=field.LABEL_REPEATED,
    )
    metrics.field.add(
        name="trainable_parameters",
        number=2,
        type=field.TYPE_INT32,
        label=field.LABEL_OPTIONAL,
    )
    # A pool of its own: the authors' package, where it is installed, registers the same messages.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbench101.ModelMetrics"))
    return found.FromString, message.DecodeError
