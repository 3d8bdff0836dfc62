"""How one network is trained: everything about a training that is neither network nor data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.live.recipe import InvalidRecipe

_WORDS = {
    "optimizer": ("sgd", "nesterov", "adam"),
    "schedule": ("cosine", "step", "constant"),
    "each": ("epoch", "step"),
    "precision": ("float32", "mixed"),
}


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained.

    Attributes:
        optimizer: ``sgd``, with plain momentum; ``nesterov``, or ``adam``.
        epochs: how often the network is judged and a checkpoint written.
        batch: examples a step.
        learning_rate: its largest value.
        steps: in an epoch; 0 for a pass over the examples, with their last incomplete batch unless
            it has fewer than two examples a share.
        shares: each batch is shown in so many parts, whose gradients are averaged; normalisations
            see a part, and several processes divide the parts among them.
        schedule: ``cosine`` from `learning_rate` to `last_learning_rate`; ``step``: times `factor`
            after every `every` epochs; ``constant``.
        each: whether the schedule moves with each ``epoch`` or each ``step``.
        last_learning_rate: of a cosine.
        factor: of steps.
        every: epochs between them.
        warmup: epochs in which the learning rate rises linearly, step by step.
        momentum: of SGD; of Adam the decay of the mean.
        beta2: of Adam, the decay of the mean square.
        weight_decay: added times the weight to its gradient.
        decay_vectors: whether scales, shifts and biases decay as well.
        clip: largest norm of the gradient; 0 for any.
        drop_path: rises linearly from 0 to it over the epochs; what it means is the network's.
        ema: decay of a moving average of weights and statistics, which is what is judged; 0 for
            none.
        precision: ``mixed``: bfloat16 where that is safe, on a GPU only.
        compile: whether `torch.compile` is used, on a GPU only.
    """

    optimizer: str
    epochs: int
    batch: int
    learning_rate: float
    steps: int = 0
    shares: int = 1
    schedule: str = "cosine"
    each: str = "epoch"
    last_learning_rate: float = 0.0
    factor: float = 1.0
    every: float = 1.0
    warmup: float = 0.0
    momentum: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.0
    decay_vectors: bool = True
    clip: float = 0.0
    drop_path: float = 0.0
    ema: float = 0.0
    precision: str = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "str":
                if value not in _WORDS[field.name]:
                    known = ", ".join(_WORDS[field.name])
                    raise InvalidRecipe(f"recipe: no {field.name} {value!r}. All: {known}")
            elif field.type == "bool":
                if not isinstance(value, bool):
                    raise InvalidRecipe(f"recipe: {field.name} is {value!r}, not true or false")
            else:
                self._check_number(field.name, value, whole=field.type == "int")
        if not (self.epochs and self.batch and self.learning_rate and self.shares and self.every):
            raise InvalidRecipe(
                "recipe: epochs, batch, learning_rate, shares and every must be above 0"
            )
        below_one = ("momentum", "beta2", "drop_path", "ema")
        if wrong := [name for name in below_one if getattr(self, name) >= 1]:
            raise InvalidRecipe(f"recipe: {' and '.join(wrong)} must be below 1")
        if self.warmup >= self.epochs or self.shares > self.batch:
            raise InvalidRecipe("recipe: warmup must be below epochs, shares at most batch")

    def _check_number(self, name: str, value: Any, whole: bool) -> None:
        number = isinstance(value, int if whole else (int, float))
        if not number or isinstance(value, bool) or not math.isfinite(value) or value < 0:
            kind = "a whole number" if whole else "a number"
            raise InvalidRecipe(f"recipe: {name} is {value!r}, not {kind} from 0 up")
        if not whole:
            object.__setattr__(self, name, float(value))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> TrainingRecipe:
        """A recipe from settings; those that are not given have their defaults.

        Raises:
            InvalidRecipe: a setting is missing, unknown or impossible.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(given) - set(known))
        missing = [n for n in ("optimizer", "epochs", "batch", "learning_rate") if n not in given]
        if missing or unknown:
            wrong = [f"no {name}" for name in missing] + [f"unknown {name}" for name in unknown]
            raise InvalidRecipe(f"recipe: {', '.join(wrong)}. All: {', '.join(known)}")
        return cls(**given)

    def learning_rate_at(self, epoch: int, step: int, steps: int) -> float:
        """The learning rate of a step.

        Args:
            epoch: from 0.
            step: in the epoch, from 0.
            steps: in an epoch.
        """
        done = epoch + step / steps
        if (epoch * steps + step + 1) < self.warmup * steps:
            return self.learning_rate * (epoch * steps + step + 1) / (self.warmup * steps)
        at = float(epoch) if self.each == "epoch" else done
        if self.schedule == "cosine":
            progress = max(0.0, at - self.warmup) / (self.epochs - self.warmup)
            share = (1 + math.cos(math.pi * progress)) / 2
            return self.last_learning_rate + (self.learning_rate - self.last_learning_rate) * share
        if self.schedule == "step":
            return self.learning_rate * self.factor ** int(at / self.every)
        return self.learning_rate
