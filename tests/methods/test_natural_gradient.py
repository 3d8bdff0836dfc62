from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from harness.core.registry import load_benchmark
from methods.natural_gradient import AdaptiveNaturalGradient, Categories, Integers, utilities
from tests.methods.asng_toy import iterations


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.3, 0.1], [-1, 1]),
        ([2.0, 2.0], [0, 0]),
        ([-1e9, -1e9 - 1e-6], [-1, 1]),
        ([1, 2, 3, 4, 5, 6, 7, 8], [0.5, 0.5, 0, 0, 0, 0, -0.5, -0.5]),
        ([5, 1, 1, 1], [-1, 1 / 3, 1 / 3, 1 / 3]),
        ([7, 3, 3, 9, 1], [-0.5, 0.25, 0.25, -0.5, 0.5]),
    ],
)
def test_utilities(losses, expected):
    assert utilities(losses) == pytest.approx(np.array(expected, float))


def simplex(rng, sizes, floor=0.02):
    law = Categories(sizes)
    for row, size in zip(law.theta, sizes, strict=True):
        row[:size] = rng.dirichlet(np.ones(size)) * (1 - size * floor) + floor
    return law


def test_whitened_length_is_the_fisher_length():
    rng = np.random.default_rng(0)
    for _ in range(200):
        sizes = rng.integers(1, 8, size=rng.integers(1, 9)).tolist()
        law = simplex(rng, sizes)
        gradient = rng.normal(size=law.theta.shape) * (law.theta > 0)
        gradient -= (law.theta > 0) * (gradient.sum(axis=1) / np.array(sizes))[:, None]
        whitened = law.whiten(gradient)
        assert whitened.shape == (sum(sizes) - len(sizes),) == (law.freedom,)
        exists = law.theta > 0
        truth = (gradient[exists] ** 2 / law.theta[exists]).sum()
        assert whitened @ whitened == pytest.approx(truth, rel=1e-10)


def test_whitening_of_categories_is_a_root_of_the_fisher_matrix():
    law = simplex(np.random.default_rng(1), [4])
    theta = law.theta[0]
    fisher = np.diag(1 / theta[:3]) + 1 / theta[3]
    columns = [law.whiten(np.array([[*row, -1.0]])) for row in np.eye(3)]
    root = np.stack(columns, axis=1)
    assert root.T @ root == pytest.approx(fisher, rel=1e-12)


def test_whitening_of_integers_is_the_root_of_the_fisher_matrix():
    law = Integers([(1, 9), (64, 256)])
    law.mean, law.square = np.array([3.2, 159.7]), np.array([3.2**2 + 0.3, 159.7**2 + 400.0])
    gradient = np.array([[0.3, -2.0], [1.7, -600.0]])
    found = law.whiten(gradient).reshape(2, 2)
    for i, (mean, variance) in enumerate([(3.2, 0.3), (159.7, 400.0)]):
        covariance = variance * np.array([[1, 2 * mean], [2 * mean, 4 * mean**2 + 2 * variance]])
        truth = sqrtm(np.linalg.inv(covariance)).real @ gradient[:, i]
        assert found[:, i] == pytest.approx(truth, rel=1e-6)


def test_natural_gradient_is_unbiased():
    # The mean of T(c) - theta, weighted by the loss, is the gradient of the expected loss.
    rng = np.random.default_rng(2)
    law = simplex(rng, [3, 2])
    worth = rng.normal(size=6)
    draws = np.array([(a, b) for a in range(3) for b in range(2)])
    chance = law.theta[0, draws[:, 0]] * law.theta[1, draws[:, 1]]
    found = law.gradient(draws, chance * worth)
    for i in range(2):
        for c in range((3, 2)[i]):
            mean = (chance * worth)[draws[:, i] == c].sum()
            assert found[i, c] == pytest.approx(mean - law.theta[i, c] * (chance @ worth))


def test_draws_follow_the_probabilities():
    rng = np.random.default_rng(3)
    law = simplex(rng, [4, 1, 3])
    drawn = law.draw(rng, 40_000)
    for i, size in enumerate((4, 1, 3)):
        shares = np.bincount(drawn[:, i], minlength=size) / len(drawn)
        assert len(shares) == size
        assert shares == pytest.approx(law.theta[i, :size], abs=0.012)


def test_invariants_over_many_updates(monkeypatch):
    rng = np.random.default_rng(4)
    law = Categories([2, 5, 1, 3])
    learner = AdaptiveNaturalGradient([law])
    steps = []
    move = Categories.move
    monkeypatch.setattr(
        Categories, "move", lambda self, change: (steps.append(change), move(self, change))
    )
    exists = law.theta > 0
    for _ in range(2000):
        drawn, before, delay = law.draw(rng, 2), law.theta, learner.delay
        if learner.update([drawn], rng.normal(size=2)):
            length = np.sqrt((steps[-1][exists] ** 2 / before[exists]).sum())
            assert abs(length * delay - 1) < 1e-9
        else:
            assert (drawn[0] == drawn[1]).all()
        assert np.abs(law.theta.sum(axis=1) - 1).max() < 1e-12
        assert (law.theta >= law.least[:, None] * exists - 1e-12).all()
        assert not law.theta[~exists].any()
        assert learner.delay > 0


def test_ties_change_nothing():
    rng = np.random.default_rng(5)
    law = Categories([3, 3, 3])
    learner = AdaptiveNaturalGradient([law])
    for losses in ([1, 2], [-5.0, -5.0], [0, 0]):
        before = (law.theta, learner.delay, learner._path.copy(), learner._expected)
        changed = learner.update([np.array([[0, 1, 2], [1, 1, 0]])], losses)
        assert changed == (losses == [1, 2])
        if not changed:
            assert law.theta is before[0]
            assert (learner.delay, learner._expected) == (before[1], before[3])
            assert (learner._path == before[2]).all()
    assert law.draw(rng, 3).shape == (3, 3)


@pytest.mark.parametrize(
    ("sizes", "least"),
    [
        ([5] * 6, 1 / 24),
        ([3], 1 / 6),  # The published 1/2 for three choices would not sum to one.
        ([2, 2], 1 / 8),  # The published 1/2 would freeze both.
        ([3, 3], 1 / 4),
        ([2, 2, 2, 1], 1 / 3),
    ],
)
def test_least_probability(sizes, least):
    law = Categories(sizes)
    assert law.least[0] == pytest.approx(least)
    learner = AdaptiveNaturalGradient([law])
    rng = np.random.default_rng(6)
    for _ in range(300):
        drawn = law.draw(rng, 2)
        learner.update([drawn], -(drawn == 0).sum(axis=1))
    assert law.mode == (0,) * len(sizes)
    # One choice has everything that the others need not have.
    assert law.theta[0, 0] == pytest.approx(1 - (sizes[0] - 1) * least, abs=0.02)


def delays(signal, steps, adaptive=True, seed=0):
    """Delay after each step, mean distance from uniform, and step at which the mode was right."""
    rng = np.random.default_rng(seed)
    law = Categories([5] * 10)
    learner = AdaptiveNaturalGradient([law], adaptive=adaptive)
    found, off, right = [], [], []
    for _ in range(steps):
        drawn = law.draw(rng, 2)
        losses = -(drawn == 0).sum(axis=1) if signal else rng.normal(size=2)
        learner.update([drawn], losses)
        found.append(learner.delay)
        off.append(np.abs(law.theta - 0.2).mean())
        right.append(law.mode == (0,) * 10)
    return np.array(found), np.array(off), np.array(right)


@pytest.mark.parametrize("seed", range(3))
def test_signal_lengthens_steps_and_noise_shortens_them(seed):
    delay, _, right = delays(True, 300, seed=seed)
    assert right.any()
    assert right[-1]
    assert delay[-1] < 4
    delay, off, _ = delays(False, 2000, seed=seed)
    assert delay[499] > 15
    assert delay[-1] > 50
    fixed = delays(False, 2000, adaptive=False, seed=seed)
    assert fixed[0].tolist() == [1.0] * 2000
    assert off[1000:].mean() < fixed[1][1000:].mean()


def test_few_variables_never_break_the_average():
    # With one binary variable the published rate would leave [0, 1] when noise turns into signal.
    rng = np.random.default_rng(7)
    law = Categories([2])
    learner = AdaptiveNaturalGradient([law])
    for i in range(4000):
        drawn = law.draw(rng, 2)
        losses = rng.normal(size=2) if i < 1000 else drawn[:, 0].astype(float)
        learner.update([drawn], losses)
        assert np.isfinite(law.theta).all()
        assert 0 < learner.delay < np.inf


def test_small_toy():
    # 81 to 172 iterations in an independent implementation.
    found = [iterations(10, 3, seed, 1000) for seed in range(10)]
    assert sum(n < 1000 for n in found) >= 9
    assert max(found) < 300


def test_large_toy():
    # Eight seeds of an independent implementation, and of this one: 1,691 to 16,297, median 7.8k.
    found = [iterations(30, 5, seed, 40_000) for seed in range(8)]
    print("iterations until success", found)
    assert max(found) < 40_000
    # Rounding on another machine makes them other samples of the same.
    assert sum(1_691 <= n <= 16_297 for n in found) >= 5
    median = np.median(found)
    assert 3_000 < median < 13_000
    # A fixed step of 1 / 120 needs 19,122 to 26,436, median 22.4k.
    limit = round(2 * median)
    for seed in range(3):
        assert iterations(30, 5, seed, limit, step=1 / 120, adaptive=False) == limit


def test_integers_and_categories_together():
    good = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        numbers, kinds = Integers([(1, 20), (64, 256)]), Categories([3, 3])
        learner = AdaptiveNaturalGradient([kinds, numbers])
        assert learner.freedom == 4 + 4
        for _ in range(3000):
            chosen, raw = kinds.draw(rng, 2), numbers.draw(rng, 2)
            n = numbers.decode(raw)
            assert (n >= [1, 64]).all()
            assert (n <= [20, 256]).all()
            quadratic = ((n[:, 0] - 7) / 19) ** 2 + ((n[:, 1] - 100) / 192) ** 2
            learner.update([chosen, raw], quadratic + (chosen != 0).sum(axis=1) * 0.1)
        close = abs(numbers.mean - [7, 100]) <= [1.5, 15]
        good += bool(close.all()) and kinds.mode == (0, 0)
        assert numbers.deviation[0] == pytest.approx(0.25, abs=0.05)
    assert good >= 4


def test_an_odd_number_of_integers_is_drawn_and_bounds_hold():
    numbers = Integers([(3, 4)])
    rng = np.random.default_rng(0)
    drawn = numbers.draw(rng, 3)
    assert drawn.shape == (3, 1)
    assert drawn[:2].mean() == pytest.approx(3.5)
    assert numbers.mean[0] == 3.5
    assert numbers.deviation[0] == pytest.approx(0.5)
    numbers.move(np.array([[9.0], [500.0]]))
    assert numbers.mode == (4,)
    assert numbers.deviation[0] == pytest.approx(0.5)
    numbers.move(np.array([[0.0], [-500.0]]))
    assert numbers.deviation[0] == pytest.approx(0.25)


@pytest.mark.parametrize(("noise", "mean"), [(0.0, 94.25), (0.5, 94.05)])
def test_on_accuracies_of_nasbench201(harness_data, noise, mean):
    # 94.36 and 94.20 in an independent implementation, on another release of the table.
    benchmark = load_benchmark("nasbench201/cifar10")
    archs = list(benchmark.space.enumerate())
    accuracy = dict(zip(archs, benchmark.report(archs), strict=True))
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        law = Categories(benchmark.space.sizes)
        learner = AdaptiveNaturalGradient([law])
        for _ in range(300):
            drawn = law.draw(rng, 2)
            losses = [100 - accuracy[a] for a in map(tuple, drawn.tolist())]
            learner.update([drawn], np.add(losses, noise * rng.normal(size=2)))
        found.append(accuracy[law.mode])
    assert np.mean(found) > mean
    assert noise or np.mean(np.array(found) >= 94.2) >= 0.8
