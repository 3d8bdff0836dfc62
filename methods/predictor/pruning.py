"""Pruning a space by what trees say of its features (Luo et al. 2020, GBDT-NAS-3S)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Architecture, Architectures, HarnessError, Predictor, SearchSpace
from methods.predictor.models.light_gbm import LightGBM
from methods.predictor.models.self_training import SelfTraining

Rows = NDArray[np.integer[Any]]
Columns = NDArray[np.intp]

# Changes of one architecture after which it is given up.
STEPS = 1_000


def harmful(
    features: NDArray[np.float32], contributions: NDArray[np.float64], banned: Columns, most: int
) -> Columns:
    """The features that lower the prediction most where they are on.

    Args:
        features: of architectures, shape (n, features). Those with another value than 0 and 1 are
            never harmful: they are not something that an architecture has or has not.
        contributions: SHAP values, shape (n, features).
        banned: features that are not to be named again.
        most: how many are named at most.

    Returns:
        Columns with a negative mean, the worst first; of equal ones the first one.
    """
    on = features == 1
    times = on.sum(axis=0)
    means = np.where(on, contributions, 0.0).sum(axis=0) / np.maximum(times, 1)
    means[~((features == 0) | on).all(axis=0)] = 0.0
    means[banned] = 0.0
    order = np.argsort(means, kind="stable")[:most]
    found: Columns = order[means[order] < 0]
    return found


def contributions(predictor: Predictor, archs: Architectures) -> NDArray[np.float64]:
    """SHAP values of the trees of a predictor, shape (n, features).

    Raises:
        HarnessError: it has no trees of LightGBM.
    """
    trees = predictor.learner if isinstance(predictor, SelfTraining) else predictor
    if not isinstance(trees, LightGBM):
        raise HarnessError(
            f"pruning asks trees what features are worth, and {trees.class_name()} has none. "
            "Use predictor=lightgbm, or pruning=none"
        )
    return trees.contributions(trees.space.integers(archs))[:, :-1]


def has_any(space: SearchSpace, rows: Rows, banned: Columns) -> NDArray[np.bool_]:
    """Which architectures have a banned feature; shape (n,)."""
    found: NDArray[np.bool_] = (space.features(rows)[:, banned] == 1).any(axis=1)
    return found


def sample_without(
    space: SearchSpace, rng: np.random.Generator, banned: Columns, size: int
) -> Rows:
    """Draw architectures that have no banned feature, from a space that cannot be listed.

    Chance would find few: most architectures have one of many banned features. So each drawn one is
    changed, a decision at a time, wherever this does not add a banned feature, until it has none.
    Where decisions are independent, this draws uniformly from what is allowed.

    Returns:
        Shape (n, decisions); n is less than `size` where some could not be changed so.
    """
    rows = space.integers([space.sample(rng) for _ in range(size)])
    counts = _count(space, rows, banned)
    for _ in range(STEPS):
        (wrong,) = np.nonzero(counts)
        if len(wrong) == 0:
            break
        children: list[Architecture] = [
            space.mutate(arch, rng) for arch in space.tuples(rows[wrong])
        ]
        changed = space.integers(children)
        after = _count(space, changed, banned)
        better = after <= counts[wrong]
        rows[wrong[better]] = changed[better]
        counts[wrong[better]] = after[better]
    clean: Rows = rows[counts == 0]
    return clean


def _count(space: SearchSpace, rows: Rows, banned: Columns) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = (space.features(rows)[:, banned] == 1).sum(axis=1)
    return counts
