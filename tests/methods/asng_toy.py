"""The toy problem on which ASNG was introduced (Akimoto et al., ICML 2019, section 3.1)."""

from __future__ import annotations

import math

import numpy as np

from methods.natural_gradient import AdaptiveNaturalGradient, Categories

# Iterations over which the learning rate of x falls to zero.
LENGTH = 100_000


def iterations(variables, choices, seed, limit, rate=0.05, step=1.0, adaptive=True):
    """Iterations until the best choices and their x are found; `limit` where they are not.

    The loss is the sum of (x[i, c] - z)**2 + c / choices, with x learned by SGD along the way and z
    drawn for each pair of samples.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((variables, choices))
    velocity = np.zeros_like(x)
    law = Categories([choices] * variables)
    learner = AdaptiveNaturalGradient([law], step=step, adaptive=adaptive)
    rows = np.arange(variables)

    def losses(drawn, z):
        return ((x[rows, drawn] - z) ** 2 + drawn / choices).sum(axis=1)

    for iteration in range(limit):
        drawn, z = law.draw(rng, 2), rng.standard_normal(variables) / choices
        best = losses(drawn, 0).min()
        gradient = np.zeros_like(x)
        for c in drawn:
            gradient[rows, c] += x[rows, c] - z
        velocity = 0.9 * velocity + gradient
        x -= rate * (1 + math.cos(math.pi * iteration / LENGTH)) / 2 * velocity
        drawn, z = law.draw(rng, 2), rng.standard_normal(variables) / choices
        learner.update([drawn], losses(drawn, z))
        if min(best, losses(drawn, 0).min()) <= 1 / choices:
            return iteration + 1
    return limit
