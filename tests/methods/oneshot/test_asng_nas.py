from __future__ import annotations

import numpy as np
import pytest

from harness import HarnessError
from harness.core.registry import load_benchmark
from methods.natural_gradient import AdaptiveNaturalGradient, Categories
from methods.oneshot.asng_nas import AsngNas
from tests.methods.oneshot.toy import ToyBenchmark, opened, problem

torch = pytest.importorskip("torch")


def test_steps_by_hand():
    method = AsngNas()
    search = opened(method)
    shown = []
    loss = search.loss

    def watched(plan, batch):
        arch = tuple(choice for choices in plan for choice in choices)
        shown.append((arch, batch is search.valid, torch.is_grad_enabled()))
        value = loss(plan, batch)
        shown[-1] += (value.item(),)
        return value

    search.loss = watched
    law = Categories(search.space.sizes)
    learner = AdaptiveNaturalGradient([law])
    state = search.rng.bit_generator.state
    search.run_epoch()

    rng = np.random.default_rng()
    rng.bit_generator.state = state
    assert len(shown) == 4 * search.steps == 16
    for i in range(search.steps):
        step = shown[4 * i : 4 * i + 4]
        # Two paths train the weights, then two new ones meet the same validation batch.
        assert [what[1:3] for what in step] == [(False, True)] * 2 + [(True, False)] * 2
        assert [what[0] for what in step[:2]] == list(map(tuple, law.draw(rng, 2).tolist()))
        drawn = law.draw(rng, 2)
        assert [what[0] for what in step[2:]] == list(map(tuple, drawn.tolist()))
        learner.update([drawn], [what[3] for what in step[2:]])
    assert method.distribution(search) == law.probabilities()
    assert [len(row) for row in law.probabilities()] == list(search.space.sizes)


def test_weights_follow_the_mean_loss_of_two_paths():
    method = AsngNas(clip=1e9)
    search = opened(method)
    batch = search.draw_valid(32)
    plans = method.paths(search)
    mean = (search.loss(plans[0], batch) + search.loss(plans[1], batch)) / 2
    weights = list(search.supernet.parameters())
    wanted = torch.autograd.grad(mean, weights, allow_unused=True)
    search.descend(plans, batch)
    for weight, gradient in zip(weights, wanted, strict=True):
        assert (gradient is None) == (weight.grad is None)
        if gradient is not None:
            assert torch.allclose(weight.grad, gradient, atol=1e-7)


@pytest.mark.parametrize("samples", [2, 3])
def test_cost_is_what_is_counted(samples):
    given = problem("20epochs")
    AsngNas(samples=samples, epochs=2).search(given)
    assert given._ledger.total_epochs == pytest.approx(2 * samples * 4 / 3)
    assert given._ledger.counts["images with gradient"] == 2 * samples * 200


def test_same_seed_same_probabilities():
    first, again, other = (problem("9epochs", seed) for seed in (1, 1, 2))
    for given in (first, again, other):
        AsngNas().search(given)
    assert first._ledger.logs == again._ledger.logs
    assert first._ledger.logs != other._ledger.logs


def test_finds_the_operations_that_can_tell_the_classes():
    method = AsngNas(epochs=30, learning_rate=0.1)
    arch = method.search(problem("500epochs", benchmark=ToyBenchmark()))
    # Number 3 is the only one that is not linear; the third edge does not have it.
    assert 3 in arch[:2]


def test_on_digits():
    # Cells of 16 channels and one cell; no choice can exceed 20 / 24.
    benchmark = load_benchmark("nasbench201/digits")
    given = problem("48epochs", benchmark=benchmark)
    method = AsngNas()
    arch = method.search(given)
    assert arch != (0,) * 6
    largest = np.array([max(row) for row in method._law.probabilities()])
    assert largest.mean() > 0.5
    assert largest.max() <= 20 / 24 + 1e-9
    # Few cells are worse than the mean of a random one.
    assert benchmark.report([arch])[0] > benchmark.card().mean_random


@pytest.mark.parametrize("name", ["samples", "alpha", "step"])
def test_refuses_impossible_parameters(name):
    with pytest.raises(HarnessError, match=name):
        AsngNas.from_text({name: "0"})
