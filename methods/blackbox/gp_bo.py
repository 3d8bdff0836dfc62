"""Bayesian optimisation with a Gaussian process (Snoek, Larochelle and Adams, NeurIPS 2012)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Method, Problem, SearchSpace
from methods.blackbox.parameters import require

# What the marginal likelihood chooses from: the scale on which architectures become unlike, in
# square roots of changed decisions, and the share of noise.
LENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
NOISES = (1e-3, 1e-2, 1e-1, 1.0)


class GpBo(Method):
    """Bayesian optimisation: a Gaussian process and expected improvement.

    Attributes:
        initial: random samples before the first model.
        candidates: random samples among the candidates of each query.
        parents: best architectures whose neighbours are candidates too.
        growth: the kernel is fitted anew when the data has grown by this factor.
    """

    initial: int = 10
    candidates: int = 100
    parents: int = 3
    growth: float = 1.2
    transform: str = "rank"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(2, inf), candidates=(1, inf), parents=(0, inf), growth=(1, inf))

    def search(self, problem: Problem) -> None:
        """Model and query until the budget is spent."""
        from threadpoolctl import threadpool_limits

        space, rng = problem.space, problem.rng
        seen: dict[Architecture, float] = {}
        for _ in range(self.initial):
            arch = space.sample(rng)
            seen[arch] = problem.evaluate(arch)
        kernel, due = None, 0.0
        # One thread: sums in another order would be another search.
        with threadpool_limits(limits=1):
            while True:
                model = process(kernel if len(seen) < due else None)
                archs = list(seen)
                targets = self.targets(list(seen.values()))
                model.fit(space.one_hot(archs), targets)
                if len(seen) >= due:
                    kernel, due = model.kernel_, self.growth * len(seen)
                pool = self._pool(seen, space, rng)
                if pool:
                    gains = expected_improvement(model, space.one_hot(pool), targets.max())
                    arch = pool[int(np.argmax(gains))]
                else:
                    arch = space.sample(rng)
                seen[arch] = problem.evaluate(arch)

    def targets(self, scores):
        if self.transform == "rank":
            from scipy.special import ndtri
            from scipy.stats import rankdata
            return ndtri((rankdata(scores) - 0.5) / len(scores))
        s = np.array(scores)
        return (s - s.mean()) / (s.std() or 1.0)

    def _pool(self, seen, space, rng):
        best = sorted(seen, key=lambda arch: seen[arch], reverse=True)[: self.parents]
        pool = [space.sample(rng) for _ in range(self.candidates)]
        for arch in best:
            pool += space.neighbours(arch)
        return [arch for arch in dict.fromkeys(pool) if arch not in seen]


def process(kernel: Any) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    if kernel is not None:
        return GaussianProcessRegressor(kernel, optimizer=None)
    grid = [np.log([length, noise]) for length, noise in product(LENGTHS, NOISES)]

    def choose(loss, initial, bounds):
        values = [loss(theta, eval_gradient=False) for theta in grid]
        return grid[int(np.argmin(values))], min(values)

    return GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=choose)


def expected_improvement(model, X, best):
    from scipy.special import ndtr
    noise = model.kernel_.k2.noise_level
    mean, std = model.predict(X, return_std=True)
    std = np.sqrt(np.maximum(std**2 - noise, 1e-12))
    z = (mean - best) / std
    return std * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))
