"""Examples to learn from or to be judged by, whatever they are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# A tensor or a tuple of tensors; which of them, every task knows of its own.
Values: TypeAlias = Any
"""Something of n examples: a tensor, or several, each with n entries along its first dimension."""

Batch: TypeAlias = tuple[Values, Values]
"""What a network is shown, and what is expected of it."""


class Examples(ABC):
    """A set of examples, in memory or not."""

    @abstractmethod
    def __len__(self) -> int:
        """Their number."""

    @abstractmethod
    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """Some of the examples.

        Args:
            index: which of them, whole numbers on the CPU, shape (n,).
            device: where they are wanted.
            generator: on the CPU; draws how they are changed for training. None: as they are.
        """


def count(values: Values) -> int:
    """Of how many examples it is."""
    return len(values[0] if isinstance(values, tuple) else values)


def changed(values: Values, change: Callable[[Tensor], Tensor]) -> Values:
    """The same with every tensor changed."""
    if isinstance(values, tuple):
        return tuple(change(value) for value in values)
    return change(values)


def parts(values: Values, number: int) -> list[Values]:
    """Cut into so many parts of equal size, to within one example."""
    if isinstance(values, tuple):
        return list(zip(*(value.tensor_split(number) for value in values), strict=True))
    return list(values.tensor_split(number))
