"""Bayesian optimisation with a Gaussian process (Snoek, Larochelle and Adams, NeurIPS 2012)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Method, Problem, require

FloatArray = NDArray[np.float64]

# What the marginal likelihood chooses from: the length scale of `surrogate` and its noise, where
# the scores have variance 1.
LENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
NOISES = (1e-3, 1e-2, 1e-1, 1.0)
# The two are chosen anew whenever the data has grown by this factor.
GROWTH = 1.2


class GpBo(Method):
    """Bayesian optimisation: a Gaussian process and expected improvement.

    Scores become normal by their ranks (Salinas, Shen and Perrone, ICML 2020), so that a few
    networks which do not train at all leave the scale of the others alone, and no unit matters. The
    candidates of a query are random samples and the neighbours of the best, without those
    evaluated before; when nothing is left of them the search ends. The constants are ours, apart
    from the ten random samples of White, Neiswanger and Savani (AAAI 2021).

    scikit-learn and not BoTorch: with a few hundred exact observations of categorical decisions
    neither gradients of the acquisition nor accelerators help, and the core stays free of torch. A
    run of 100 queries takes about 0.3 s and one of 200 about 0.6 s; long ones grow as n ** 4.

    Attributes:
        initial: random samples before the first model.
        candidates: random samples among the candidates of a query.
        parents: how many of the best have their neighbours among them.
    """

    initial: int = 10
    candidates: int = 100
    parents: int = 3

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(1, inf), candidates=(1, inf), parents=(0, inf))

    def search(self, problem: Problem) -> None:
        """Model and query until the budget is spent or no candidate is left."""
        from threadpoolctl import threadpool_limits

        space, rng = problem.space, problem.rng
        seen: dict[Architecture, float] = {}
        for _ in range(self.initial):
            arch = space.sample(rng)
            seen[arch] = problem.evaluate(arch)
        kernel, due = None, 0.0
        # One thread, since sums in another order round to another search.
        with threadpool_limits(limits=1):
            while pool := self._pool(problem, seen):
                targets = normal_scores(list(seen.values()))
                model = surrogate(kernel if len(seen) < due else None)
                model.fit(space.one_hot(list(seen)), targets)
                if len(seen) >= due:
                    kernel, due = model.kernel_, GROWTH * len(seen)
                gains = expected_improvement(model, space.one_hot(pool), targets.max())
                arch = pool[int(np.argmax(gains))]
                seen[arch] = problem.evaluate(arch)

    def _pool(self, problem: Problem, seen: dict[Architecture, float]) -> list[Architecture]:
        space = problem.space
        pool = [space.sample(problem.rng) for _ in range(self.candidates)]
        for arch in sorted(seen, key=lambda arch: -seen[arch])[: self.parents]:
            pool += space.neighbours(arch)
        return [arch for arch in dict.fromkeys(pool) if arch not in seen]


def normal_scores(scores: Sequence[float]) -> FloatArray:
    """The normal quantile of each score's rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    quantiles: FloatArray = ndtri((rankdata(scores) - 0.5) / len(scores))
    return quantiles


def surrogate(kernel: Any = None) -> Any:
    """A Gaussian process for one-hot genotypes.

    Its covariance ``exp(-h / length**2)`` falls with the number ``h`` of decisions in which two
    genotypes differ, for which their squared distance is ``2 * h``.

    Args:
        kernel: is used as it is; None to choose it from the grid when fitted.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    if kernel is not None:
        return GaussianProcessRegressor(kernel, optimizer=None)
    grid = [np.log(point) for point in product(LENGTHS, NOISES)]

    def choose(loss: Callable[..., float], *_: Any, **__: Any) -> tuple[FloatArray, float]:
        losses = [loss(point, eval_gradient=False) for point in grid]
        return grid[int(np.argmin(losses))], min(losses)

    return GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=choose)


def expected_improvement(model: Any, encoded: NDArray[np.float32], best: float) -> FloatArray:
    """How far each genotype is expected to exceed the best score, counting no noise as gain."""
    from scipy.special import ndtr

    mean, std = model.predict(encoded, return_std=True)
    std = np.sqrt(np.maximum(std**2 - model.kernel_.k2.noise_level, 1e-12))
    z = (mean - best) / std
    gain: FloatArray = std * (z * ndtr(z) + np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    return gain
