from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from methods.blackbox.gp_bo import (
    LENGTHS,
    NOISES,
    GpBo,
    expected_improvement,
    normal_scores,
    surrogate,
)

SIZES = (4, 3, 5, 2)


@pytest.fixture
def data(toy_space, smooth):
    space, rng = toy_space(SIZES), np.random.default_rng(0)
    archs = list(dict.fromkeys(space.sample(rng) for _ in range(30)))
    return space, archs, normal_scores([smooth(SIZES)(arch, None) for arch in archs])


def covariance(first, second, length):
    changed = np.array(
        [[sum(x != y for x, y in zip(a, b, strict=True)) for b in second] for a in first]
    )
    return np.exp(-changed / length**2)


def test_kernel_has_the_largest_likelihood_of_the_grid(data):
    space, archs, targets = data
    model = surrogate().fit(space.one_hot(archs), targets)
    likelihoods = {
        (length, noise): multivariate_normal(
            cov=covariance(archs, archs, length) + noise * np.eye(len(archs))
        ).logpdf(targets)
        for length, noise in product(LENGTHS, NOISES)
    }
    best = max(likelihoods, key=likelihoods.get)
    assert (model.kernel_.k1.length_scale, model.kernel_.k2.noise_level) == pytest.approx(best)
    assert model.log_marginal_likelihood_value_ == pytest.approx(likelihoods[best])


def test_posterior_is_the_formula(data):
    space, archs, targets = data
    model = surrogate().fit(space.one_hot(archs), targets)
    again = surrogate(model.kernel_).fit(space.one_hot(archs), targets)
    length, noise = model.kernel_.k1.length_scale, model.kernel_.k2.noise_level
    others = list(space.enumerate())
    inverse = np.linalg.inv(covariance(archs, archs, length) + noise * np.eye(len(archs)))
    cross = covariance(others, archs, length)
    mean = cross @ inverse @ targets
    std = np.sqrt(1 - np.einsum("ij,jk,ik->i", cross, inverse, cross))
    assert again.predict(space.one_hot(others)) == pytest.approx(mean, abs=1e-6)

    z = (mean - 1.5) / std
    gain = std * (z * norm.cdf(z) + norm.pdf(z))
    for fitted in (model, again):
        assert expected_improvement(fitted, space.one_hot(others), 1.5) == pytest.approx(
            gain, abs=1e-6
        )


def test_expected_improvement_is_the_mean_gain(data):
    space, archs, targets = data
    model = surrogate().fit(space.one_hot(archs), targets)
    arch = space.one_hot([(3, 2, 4, 1)])
    mean, std = model.predict(arch, return_std=True)
    latent = np.sqrt(std[0] ** 2 - model.kernel_.k2.noise_level)
    drawn = np.random.default_rng(0).normal(mean[0], latent, 400_000)
    simulated = np.maximum(drawn - 0.2, 0).mean()
    assert expected_improvement(model, arch, 0.2)[0] == pytest.approx(simulated, rel=0.02)


def test_scores_become_normal_by_rank():
    scores = normal_scores([0.1, 90.0, 91.0, 92.0, 90.0])
    assert scores == pytest.approx(norm.ppf([0.1, 0.4, 0.7, 0.9, 0.4]))
    assert normal_scores([7.0, 7.0]) == pytest.approx([0.0, 0.0])


def test_unit_of_the_score_does_not_matter(play, toy, toy_space, smooth):
    score = smooth(SIZES)
    plain = play(GpBo(), toy(toy_space(SIZES), score), 40)
    scaled = play(GpBo(), toy(toy_space(SIZES), lambda a, epochs: 1e3 * score(a, epochs) - 7), 40)
    assert plain.archs == scaled.archs


def test_asks_for_nothing_twice_and_ends_with_the_space(play, toy, toy_space, smooth):
    run = play(GpBo(initial=5), toy(toy_space(SIZES), smooth(SIZES)), 1000)
    assert len(set(run.archs[5:])) == len(run.archs[5:])
    assert len(set(run.archs)) > 110


def test_candidates_include_the_neighbours_of_the_best(toy, toy_space, table):
    space, rng = toy_space(SIZES), np.random.default_rng(0)
    seen = {(0, 0, 0, 0): 1.0, (3, 2, 4, 1): 2.0, (1, 1, 1, 1): 0.0}
    problem = SimpleNamespace(space=space, rng=rng)
    pool = GpBo(candidates=1, parents=2)._pool(problem, seen)
    rng = np.random.default_rng(0)
    near = space.neighbours((3, 2, 4, 1)) + space.neighbours((0, 0, 0, 0))
    assert pool == [a for a in dict.fromkeys([space.sample(rng), *near]) if a not in seen]


def test_threads_do_not_change_the_search(play, toy, toy_space, smooth):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    sizes = (5,) * 8
    runs = []
    for threads in (1, 4):
        with threadpoolctl.threadpool_limits(threads):
            runs.append(play(GpBo(), toy(toy_space(sizes), smooth(sizes)), 60).archs)
    assert runs[0] == runs[1]
