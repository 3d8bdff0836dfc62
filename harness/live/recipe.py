"""A training recipe: everything about a training that is neither the network nor the data."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError

_CHOICES = {
    "optimizer": ("nesterov",),
    "schedule": ("cosine",),
    "initialisation": ("fan-in-uniform",),
    "precision": ("float32", "float64"),
}


class InvalidRecipe(HarnessError):
    """A recipe with a missing, unknown or impossible setting."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        optimizer: ``nesterov``, stochastic gradient descent with Nesterov momentum.
        schedule: ``cosine``: the learning rate of step k of K is
            ``learning_rate * (1 + cos(pi * (k - W) / (K - W))) / 2``, and in the W steps of the
            warm-up before it ``learning_rate * (k + 1) / W``.
        initialisation: ``fan-in-uniform``: convolutions and linear layers start from
            ``uniform(-b, b)`` with ``b = 1 / sqrt(fan_in)`` (torch's default), biases from 0,
            normalisations from scale 1 and shift 0.
        precision: ``float32`` or ``float64``.
        epochs: passes over the training images, without the last incomplete batch.
        batch: images a step.
        learning_rate: its largest value.
        warmup: epochs in which the learning rate rises linearly.
        momentum: Nesterov momentum.
        weight_decay: added times the weight to each gradient, of every parameter.
        label_smoothing: share of the target that is spread over all classes.
        shift: images are moved by up to this many pixels in each direction, uniformly, anew each
            epoch; what moves in has the value of the task's background.
    """

    optimizer: str
    schedule: str
    initialisation: str
    precision: str
    epochs: int
    batch: int
    learning_rate: float
    warmup: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    shift: int

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _CHOICES:
                if value not in _CHOICES[field.name]:
                    known = ", ".join(_CHOICES[field.name])
                    raise InvalidRecipe(f"recipe: no {field.name} {value!r}. All: {known}")
                continue
            whole = field.type == "int"
            number = isinstance(value, int if whole else (int, float))
            if not number or isinstance(value, bool) or not math.isfinite(value) or value < 0:
                kind = "a whole number" if whole else "a number"
                raise InvalidRecipe(f"recipe: {field.name} is {value!r}, not {kind} from 0 up")
            if not whole:
                object.__setattr__(self, field.name, float(value))
        if not (self.epochs and self.batch and self.learning_rate):
            raise InvalidRecipe("recipe: epochs, batch and learning_rate must be above 0")
        if self.warmup >= self.epochs or self.momentum >= 1 or self.label_smoothing >= 1:
            raise InvalidRecipe(
                "recipe: warmup must be below epochs, momentum and label_smoothing below 1"
            )

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Recipe:
        """A recipe from settings, each of which must be there.

        Raises:
            InvalidRecipe: a setting is missing, unknown or impossible.
        """
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in given]
        unknown = sorted(set(given) - set(names))
        if missing or unknown:
            wrong = [f"no {name}" for name in missing] + [f"unknown {name}" for name in unknown]
            raise InvalidRecipe(f"recipe: {', '.join(wrong)}. All: {', '.join(names)}")
        return cls(**given)

    @property
    def hash(self) -> str:
        """SHA-256 of the settings as canonical JSON (sorted keys, no blanks), in hexadecimal."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        InvalidRecipe: the file is missing or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRecipe(f"{path}: {error}") from None
