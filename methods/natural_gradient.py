"""Adaptive stochastic natural gradient (Akimoto et al., ICML 2019): distributions that learn.

Losses are minimised. All is float64: with integers of some hundreds, smaller numbers do not carry
the second moments.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Steps shorter than this have no direction: all draws were the same.
SHORTEST = 1e-12

# Least standard deviation of an integer, a quarter of the distance to the next one.
LEAST_DEVIATION = 0.25


class Variables(ABC):
    """A family of distributions in expectation parameters, where T(c) - theta is natural.

    Attributes:
        freedom: number of free parameters.
    """

    freedom: int

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> NDArray[Any]:
        """Sample, shape (count, variables)."""

    @abstractmethod
    def gradient(self, drawn: NDArray[Any], weights: FloatArray) -> FloatArray:
        """The natural gradient: the sum of T(c) - theta over draws, weighted.

        Args:
            drawn: what `draw` gave, unchanged.
            weights: of the draws, shape (count,); larger is better.
        """

    @abstractmethod
    def whiten(self, gradient: FloatArray) -> FloatArray:
        """The gradient times a root of the Fisher matrix, shape (freedom,)."""

    @abstractmethod
    def move(self, change: FloatArray) -> None:
        """Add to the parameters and return to those that are allowed."""


class Categories(Variables):
    """Independent categorical variables.

    Attributes:
        theta: probabilities, shape (variables, most choices); zero where there is no choice.
        least: smallest probability of each variable's choices, ``1 / (d (C - 1))`` for ``d``
            variables of more than one choice. Where that would freeze the variable or exceed what
            is possible, which is in the smallest spaces, ``1 / (2 d C)``.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        """Start uniform.

        Args:
            sizes: number of choices of each variable.
        """
        self._sizes = np.array(sizes)
        self._exists = np.arange(self._sizes.max()) < self._sizes[:, None]
        self._rows, self._last = np.arange(len(sizes)), self._sizes - 1
        self._free = self._exists.copy()
        self._free[self._rows, self._last] = False
        self.freedom = int(self._free.sum())
        self.theta: FloatArray = self._exists / self._sizes[:, None]
        opened = max(1, int((self._sizes > 1).sum()))
        usual = opened * (self._sizes - 1)
        feasible = usual > self._sizes
        self.least: FloatArray = 1 / np.where(feasible, usual, 2 * opened * self._sizes)

    @property
    def mode(self) -> tuple[int, ...]:
        """The most probable choice of each variable; the first one of equals."""
        return tuple(self.theta.argmax(axis=1).tolist())

    def probabilities(self) -> list[list[float]]:
        """Of each variable's choices."""
        return [row[:size].tolist() for row, size in zip(self.theta, self._sizes, strict=True)]

    def log_probability(self, choices: Sequence[int]) -> float:
        """Of one choice for each variable."""
        return float(np.log(self.theta[self._rows, list(choices)]).sum())

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Indices of choices, by the inverse of the distribution function."""
        uniform = rng.random((count, len(self._sizes), 1))
        below: NDArray[np.int64] = (uniform >= self.theta.cumsum(axis=1)).sum(axis=2)
        # The sum of the probabilities can miss 1 by a rounding.
        drawn: NDArray[np.int64] = np.minimum(below, self._last)
        return drawn

    def decode(self, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
        """What draws stand for: themselves."""
        return drawn

    def gradient(self, drawn: NDArray[Any], weights: FloatArray) -> FloatArray:
        """Shape of `theta`; each row sums to zero."""
        chosen = drawn[:, :, None] == np.arange(self.theta.shape[1])
        found: FloatArray = np.tensordot(weights, chosen - self.theta, axes=1)
        return found

    def whiten(self, gradient: FloatArray) -> FloatArray:
        """See `Variables.whiten`; the squared length is the sum of ``gradient**2 / theta``."""
        root = np.sqrt(self.theta)
        last = root[self._rows, self._last]
        others = (gradient * self._free).sum(axis=1)
        shared = others / (last**2 + last)
        with np.errstate(divide="ignore", invalid="ignore"):
            whole: FloatArray = gradient / root + root * shared[:, None]
        return whole[self._free]

    def move(self, change: FloatArray) -> None:
        """Add, lift what is below `least`, and take the excess from what lies above it."""
        least = np.where(self._exists, self.least[:, None], 0.0)
        theta = np.maximum(self.theta + change, least)
        total = theta.sum(axis=1, keepdims=True)
        above = total - least.sum(axis=1, keepdims=True)
        theta -= (total - 1) * (theta - least) / above
        self.theta = theta / theta.sum(axis=1, keepdims=True)


class Integers(Variables):
    """Independent integers in ranges, each a normal distribution that is rounded.

    Attributes:
        mean: E x, shape (variables,).
        square: E x**2.
    """

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Start in the middle, with half of the range as standard deviation.

        Args:
            ranges: smallest and largest value of each variable.
        """
        self._low, self._high = np.array(ranges, dtype=np.float64).T
        self._widest = np.maximum(LEAST_DEVIATION, (self._high - self._low) / 2)
        self.freedom = 2 * len(ranges)
        self.mean: FloatArray = (self._low + self._high) / 2
        self.square: FloatArray = self.mean**2 + self._widest**2

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation of each variable."""
        found: FloatArray = np.sqrt(self.square - self.mean**2)
        return found

    @property
    def mode(self) -> tuple[int, ...]:
        """The most probable value of each variable."""
        return tuple(self.decode(self.mean).tolist())

    def draw(self, rng: np.random.Generator, count: int) -> FloatArray:
        """Raw values, mirrored at the mean in pairs; neither rounded nor clipped."""
        offsets = self.deviation * rng.standard_normal(((count + 1) // 2, len(self.mean)))
        drawn: FloatArray = np.stack([self.mean + offsets, self.mean - offsets], axis=1)
        return drawn.reshape(-1, len(self.mean))[:count]

    def decode(self, drawn: FloatArray) -> NDArray[np.int64]:
        """What raw values stand for; learning uses the raw values."""
        return np.rint(np.clip(drawn, self._low, self._high)).astype(np.int64)

    def probabilities(self) -> list[list[float]]:
        """Of each variable's values: its normal density there, normalised.

        Draws from beyond the ends, which the ends stand for, are left out; so the mode is largest.
        """
        rows = []
        for low, high, mean, deviation in zip(
            self._low, self._high, self.mean, self.deviation, strict=True
        ):
            logs = -(((np.arange(low, high + 1) - mean) / deviation) ** 2) / 2
            density = np.exp(logs - logs.max())
            rows.append((density / density.sum()).tolist())
        return rows

    def log_probability(self, values: Sequence[int]) -> float:
        """Of one value for each variable, up to a constant, by the normal density there."""
        return float(-(((np.array(values) - self.mean) / self.deviation) ** 2).sum() / 2)

    def gradient(self, drawn: NDArray[Any], weights: FloatArray) -> FloatArray:
        """Of `mean` and `square`, shape (2, variables)."""
        return np.stack([weights @ (drawn - self.mean), weights @ (drawn**2 - self.square)])

    def whiten(self, gradient: FloatArray) -> FloatArray:
        """See `Variables.whiten`; the root is the symmetric one, in closed form."""
        first, second = gradient
        variance = self.square - self.mean**2
        # The Fisher matrix is the inverse of the covariance of x and x**2, [[a, b], [b, c]].
        a, b = variance, 2 * self.mean * variance
        c = variance * (4 * self.mean**2 + 2 * variance)
        determinant = 1 / (2 * variance**3)
        root = np.sqrt(determinant)
        scale = np.sqrt(determinant * (a + c) + 2 * root)
        whole = np.stack(
            [
                (determinant * (c * first - b * second) + root * first) / scale,
                (determinant * (a * second - b * first) + root * second) / scale,
            ]
        )
        return whole.ravel()

    def move(self, change: FloatArray) -> None:
        """Add; then the mean stays in the range and the deviation within its bounds."""
        mean = self.mean + change[0]
        variance = self.square + change[1] - mean**2
        self.mean = np.clip(mean, self._low, self._high)
        self.square = self.mean**2 + np.clip(variance, LEAST_DEVIATION**2, self._widest**2)


class AdaptiveNaturalGradient:
    """Moves distributions towards smaller losses by natural gradients of an adapted length.

    Each accepted step has the same length in the Fisher metric, ``step / delay``. Where successive
    steps agree the delay shrinks, where they are noise it grows (sections 3.2 and 3.3 of the
    paper, with the constants of the released code).

    Attributes:
        delay: the trust region is smaller by this factor.
    """

    def __init__(
        self,
        variables: Sequence[Variables],
        alpha: float = 1.5,
        step: float = 1.0,
        adaptive: bool = True,
    ) -> None:
        """Begin with a delay of 1.

        Args:
            variables: distributions, which are changed; they share one length and one delay.
            alpha: ratio of signal to noise at which the delay stays as it is, above 1.
            step: length of a step at a delay of 1.
            adaptive: whether the delay is adapted; it is 1 otherwise.
        """
        self._variables = tuple(variables)
        self._alpha, self._step, self._adaptive = alpha, step, adaptive
        self.freedom = sum(part.freedom for part in self._variables)
        self.delay = 1.0
        self._path: FloatArray = np.zeros(self.freedom)
        self._expected = 0.0

    def update(self, drawn: Sequence[NDArray[Any]], losses: Sequence[float]) -> bool:
        """Learn from the losses of draws.

        Args:
            drawn: what each of the distributions drew, in their order.
            losses: of the draws; the smallest is the best.

        Returns:
            Whether anything has changed; nothing has where all losses are equal, or all draws.
        """
        weights = utilities(losses) / len(losses)
        if not weights.any() or not self.freedom:
            return False
        parts = zip(self._variables, drawn, strict=True)
        gradients = [part.gradient(samples, weights) for part, samples in parts]
        pairs = list(zip(self._variables, gradients, strict=True))
        whitened = np.concatenate([part.whiten(gradient) for part, gradient in pairs])
        length = float(np.linalg.norm(whitened))
        if length < SHORTEST:
            return False
        delta = self._step / self.delay
        for part, gradient in pairs:
            part.move(delta / length * gradient)
        if self._adaptive:
            self._adapt(whitened / length, delta)
        return True

    def _adapt(self, direction: FloatArray, delta: float) -> None:
        # With few variables the published rate can exceed 1, which would be no average.
        rate = min(1.0, delta / math.sqrt(self.freedom))
        gain = rate * (2 - rate)
        self._path = (1 - rate) * self._path + math.sqrt(gain) * direction
        self._expected = (1 - rate) ** 2 * self._expected + gain
        excess = self._expected - float(self._path @ self._path) / self._alpha
        self.delay *= math.exp(rate * excess)


def utilities(losses: Sequence[float]) -> FloatArray:
    """What each draw is worth: 1 / m for the m best, -1 / m for the m worst, 0 between them.

    ``m`` is a quarter of the draws, rounded up. Equal losses share the mean of what they are worth;
    equal means equal here, not nearly equal as in the released code, whose tolerance is relative.

    Args:
        losses: shape (n,); the smallest is the best.
    """
    array = np.asarray(losses, dtype=np.float64)
    best = math.ceil(len(array) / 4)
    sorted_worth = np.zeros(len(array))
    sorted_worth[:best] += 1 / best
    sorted_worth[len(array) - best :] -= 1 / best
    worth = np.empty(len(array))
    worth[np.argsort(array, kind="stable")] = sorted_worth
    _, group = np.unique(array, return_inverse=True)
    shared: FloatArray = np.bincount(group, worth) / np.bincount(group)
    return shared[group]
