"""FairNAS: every choice is trained once in a step, and gradients are summed."""

from __future__ import annotations

from collections import Counter

import pytest

from methods.oneshot.fairnas import FairNAS
from tests.methods.oneshot.toy import ToyBenchmark, ToySpace, opened, run

torch = pytest.importorskip("torch")


def trained(plans, decision):
    return Counter(choice for plan in plans for choice in plan[decision])


def test_each_choice_is_trained_exactly_once():
    search = opened(FairNAS(), "2000epochs", benchmark=ToyBenchmark(ToySpace((4, 4))))
    seen = set()
    for _ in range(200):
        plans = search._method.paths(search)
        assert len(plans) == 4
        for decision in range(2):
            assert trained(plans, decision) == {0: 1, 1: 1, 2: 1, 3: 1}
        seen.add(tuple(sorted(tuple(next(iter(row)) for row in plan) for plan in plans)))
    assert len(seen) == 24  # Which goes with which is one of 4! permutations.


def test_fewer_choices_go_on_with_a_further_permutation():
    search = opened(FairNAS(), "2000epochs", benchmark=ToyBenchmark(ToySpace((4, 3, 2))))
    for _ in range(50):
        plans = search._method.paths(search)
        assert sorted(trained(plans, 1).values()) == [1, 1, 2]
        assert trained(plans, 2) == {0: 2, 1: 2}


def test_gradients_are_summed():
    search = opened(
        FairNAS(clip=1e9, weight_decay=0.0, momentum=0.0, learning_rate=1.0), "2000epochs"
    )
    plans, batch = search._method.paths(search), search.draw_train(16)
    before = [weight.detach().clone() for weight in search.weights]
    losses = [
        torch.nn.functional.cross_entropy(search.supernet(batch[0], plan), batch[1])
        for plan in plans
    ]
    expected = torch.autograd.grad(sum(losses), search.weights)
    mean = search.descend(plans, batch)
    for old, weight, gradient in zip(before, search.weights, expected, strict=True):
        torch.testing.assert_close(old - weight.detach(), gradient, rtol=1e-4, atol=1e-6)
    assert mean.item() == pytest.approx(sum(loss.item() for loss in losses) / 4, rel=1e-6)


def test_an_epoch_is_charged_for_each_path():
    method = FairNAS(population=4, generations=2, normalisation="batch")
    record = run(method, "30epochs")
    # 8 x 100 images judged, a third of an epoch of 200 each, and epochs of 4.
    assert record.counts["epochs of the supernet"] == 7
    assert record.epochs == pytest.approx(7 * 4 + 8 * 100 / 200 / 3)


def test_finds_paths_that_can_tell_the_classes():
    method = FairNAS(population=10, generations=3)
    found = [run(method, "75epochs", seed=seed).recommended for seed in range(3)]
    assert all(3 in arch for arch in found)
