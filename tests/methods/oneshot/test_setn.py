"""SETN: uniform paths, and the best of the most probable architectures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from methods.oneshot.likeliest import likeliest
from methods.oneshot.setn import SETN
from tests.methods.oneshot.toy import ToyBenchmark, ToySpace, opened, run

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("count", [1, 7, 100])
@pytest.mark.parametrize("rule", [lambda arch: True, lambda arch: sum(arch) % 3 == 0])
def test_the_likeliest_are_those_of_a_full_list(count, rule):
    rng = np.random.default_rng(1)
    space = ToySpace((4, 3, 2, 4), rule)
    rows = [rng.dirichlet(np.ones(size)).tolist() for size in space.sizes]
    every = [a for a in product(*map(range, space.sizes)) if rule(a)]
    every.sort(key=lambda a: -sum(np.log(row[c]) for row, c in zip(rows, a, strict=True)))
    assert likeliest(space, rows, count) == every[:count]


def test_the_likeliest_of_a_space_that_no_list_holds():
    space = ToySpace((4,) * 30)
    found = likeliest(space, [[0.4, 0.3, 0.2, 0.1]] * 30, 32)
    assert found[0] == (0,) * 30
    # One decision less probable: 30 of equal probability.
    assert sorted(map(sum, found[1:31])) == [1] * 30
    assert len(set(found)) == 32


def test_choices_of_no_probability_come_last():
    found = likeliest(ToySpace((3, 2)), [[0.0, 1.0, 0.0], [0.5, 0.5]], 6)
    assert {arch[0] for arch in found[:2]} == {1}
    assert len(set(found)) == 6


def test_weights_are_trained_on_uniform_paths():
    search = opened(SETN(), "2000epochs")
    search._method._alphas.data[:, 0] = 50.0  # What is learned has no say.
    drawn = [search._method.paths(search)[0] for _ in range(2000)]
    for decision, size in enumerate((4, 4, 3)):
        counts = np.bincount([next(iter(plan[decision])) for plan in drawn], minlength=size)
        assert np.abs(counts / 2000 - 1 / size).max() < 0.05


def test_logits_follow_the_mixture_on_validation_images():
    search = opened(SETN(), "2000epochs")
    method = search._method
    search.valid = search.draw_valid(32)
    before = method._alphas.detach().clone().requires_grad_()
    mixed = search.mixture(before.masked_fill(~method._mask, -torch.inf).softmax(1))
    loss = torch.nn.functional.cross_entropy(
        search.supernet(search.valid[0], mixed), search.valid[1]
    )
    (gradient,) = torch.autograd.grad(loss, before)
    adam = torch.optim.Adam([before], lr=3e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    before.grad = gradient
    adam.step()
    method.learn(search)
    torch.testing.assert_close(method._alphas.detach(), before.detach())


def test_judges_the_likeliest_and_takes_the_best():
    search = opened(SETN(samples=4), "2000epochs")
    method = search._method
    method._alphas.data = torch.tensor([[0.0, 3, 2, 0], [0, 0, 9, 0], [5, 4.5, 0, 0]])
    judged = []

    def accuracies(archs):
        judged.extend(archs)
        return np.array([0.1, 0.2, 0.9, 0.3])

    search.accuracies = accuracies
    assert method.derive(search) == judged[2]
    assert judged == [(1, 2, 0), (1, 2, 1), (2, 2, 0), (2, 2, 1)]


def test_costs():
    # A path and a mixture; 48 architectures, of which the space has no more.
    record = run(SETN(), "20epochs", benchmark=ToyBenchmark(train=200, valid=60))
    judged = 48 * 60 / 200 / 3
    assert record.counts["epochs of the supernet"] == int((20 - judged) / 2)
    assert record.epochs == pytest.approx(2 * int((20 - judged) / 2) + judged)


def test_finds_paths_that_can_tell_the_classes():
    method = SETN(samples=12, learning_rate=0.1, architecture_learning_rate=0.05)
    found = [run(method, "40epochs", seed=seed).recommended for seed in range(3)]
    assert all(3 in arch for arch in found)
