"""A Gaussian process on the features of architectures (Rasmussen and Williams, 2006, chapter 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, Predictor
from methods.predictor.models.sklearn_regressor import (
    FloatArray,
    chunks,
    double,
    joined,
    squared_distances,
)

# What the marginal likelihood chooses from: length scales in units of the median distance of two
# architectures, and variances of the noise in units of the variance of the process.
LENGTHS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0)
NOISES = (1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 10.0)
# Memory grows with the square of the labels and time with the third power.
MOST_LABELS = 2_000


@dataclass
class _Posterior:
    """What is left of the labels after a fit.

    Attributes:
        known: features of the architectures learned from, shape (n, features).
        length: length scale of the covariance.
        variance: of the process, in units of the squared standard deviation of the labels.
        noise: variance of the noise, in units of ``variance``.
        weights: of each known architecture in a mean, shape (n,).
        whitening: turns covariances with the known ones into uncorrelated ones, shape (n, n).
        mean: of the labels.
        std: of the labels.
    """

    known: FloatArray
    length: float
    variance: float
    noise: float
    weights: FloatArray
    whitening: FloatArray
    mean: float
    std: float


class GaussianProcess(Predictor):
    """A Gaussian process with a squared exponential covariance and noise.

    The covariance of two architectures at distance d is ``variance * exp(-d**2 / (2 * length**2))``
    and labels have independent noise. Labels are scaled to mean 0 and variance 1, and scaled back.
    Length scale and noise are the point of a grid at which the marginal likelihood of the labels is
    largest, and the variance is its maximum for these two, which has a closed form: the same labels
    always give the same process, with no optimiser that stops somewhere. The standard deviation is
    that of the score without its noise.
    """

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """See `Predictor.learn`.

        Raises:
            HarnessError: there are more than `MOST_LABELS` labels.
        """
        from threadpoolctl import threadpool_limits

        if len(archs) > MOST_LABELS:
            raise HarnessError(
                f"gaussian-process learns from at most {MOST_LABELS:,} scores, as its time grows "
                f"with their third power; it was given {len(archs):,}. Use lightgbm or "
                "random-forest for so many"
            )
        mean, std = float(scores.mean()), float(scores.std())
        # Equal scores differ from their mean by a rounding error.
        if std <= 1e-12 * abs(mean):
            std = 0.0
        targets = (scores - mean) / std if std else np.zeros(len(scores))
        with threadpool_limits(limits=1):
            self._posterior = _fit(double(self, archs), targets, mean, std)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`."""
        from threadpoolctl import threadpool_limits

        fitted = self._posterior
        with threadpool_limits(limits=1):
            return fitted.mean + fitted.std * joined(
                _covariance(features, fitted.known, fitted.length) @ fitted.weights
                for features in chunks(self, archs)
            )

    def guess_with_std(self, archs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """See `Predictor.guess_with_std`."""
        from threadpoolctl import threadpool_limits

        fitted = self._posterior
        means, explained = [], []
        with threadpool_limits(limits=1):
            for features in chunks(self, archs):
                near = _covariance(features, fitted.known, fitted.length)
                means.append(near @ fitted.weights)
                explained.append(((near @ fitted.whitening) ** 2).sum(axis=1))
        left = fitted.variance * np.maximum(1 - joined(iter(explained)), 0)
        return fitted.mean + fitted.std * joined(iter(means)), fitted.std * np.sqrt(left)


def _fit(known: FloatArray, targets: FloatArray, mean: float, std: float) -> _Posterior:
    """Condition on the labels; everything for one length scale follows from one decomposition."""
    squared = squared_distances(known, known)
    apart = np.sqrt(squared[squared > 1e-12])
    unit = float(np.median(apart)) if len(apart) else 1.0
    n = len(known)
    best, chosen = np.inf, None
    for length in LENGTHS:
        values, vectors = np.linalg.eigh(np.exp(-squared / (2 * (unit * length) ** 2)))
        values, along = np.maximum(values, 0), (vectors.T @ targets) ** 2
        for noise in NOISES:
            variance = float((along / (values + noise)).sum()) / n
            # Twice the negative logarithm of the likelihood at this variance, but for constants.
            loss = n * np.log(max(variance, 1e-300)) + float(np.log(values + noise).sum())
            if loss < best:
                best, chosen = loss, (unit * length, noise, variance, values, vectors)
    assert chosen is not None
    length, noise, variance, values, vectors = chosen
    return _Posterior(
        known=known,
        length=length,
        variance=variance,
        noise=noise,
        weights=vectors @ ((vectors.T @ targets) / (values + noise)),
        whitening=vectors / np.sqrt(values + noise),
        mean=mean,
        std=std,
    )


def _covariance(first: FloatArray, second: FloatArray, length: float) -> FloatArray:
    """Covariances of a process of variance 1, shape (len(first), len(second))."""
    covariance = squared_distances(first, second)
    covariance /= -2 * length**2
    return np.exp(covariance, out=covariance)
