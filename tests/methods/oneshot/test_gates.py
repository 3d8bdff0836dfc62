"""ProxylessNAS: gates and REINFORCE, against enumeration."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

torch = pytest.importorskip("torch")

from methods.oneshot.gates import (  # noqa: E402
    draw,
    draw_pairs,
    gate_gradient,
    keep_others,
    reinforce_gradient,
)
from methods.oneshot.proxylessnas import ProxylessNAS  # noqa: E402
from tests.methods.oneshot.toy import opened  # noqa: E402

INF = float("inf")
LOGITS = torch.tensor([[0.5, -0.4, 1.0], [0.0, 0.8, -INF]], dtype=torch.float64)
PROBABILITIES = LOGITS.softmax(1)
SLOPES = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, 0.0]], dtype=torch.float64)
EVERYTHING = LOGITS.isfinite()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def linear(plan):
    """A loss whose derivatives by the gates are `SLOPES`, whichever is open."""
    return sum(SLOPES[i, k] * gate for i, choices in enumerate(plan) for k, gate in choices.items())


def expected(slopes, probabilities):
    return float((slopes * probabilities).sum())


def test_choices_are_drawn_by_the_softmax(generator):
    drawn = draw(LOGITS[:1].expand(50_000, -1), generator).numpy()
    counts = np.bincount(drawn, minlength=3)
    assert stats.chisquare(counts, 50_000 * PROBABILITIES[0].numpy()).pvalue > 0.001


def test_pairs_are_drawn_without_replacement(generator):
    pairs = draw_pairs(LOGITS[:1].expand(50_000, -1), generator)
    assert (pairs.sum(1) == 2).all()
    p = PROBABILITIES[0].tolist()
    for a, b in combinations(range(3), 2):
        chance = p[a] * p[b] * (1 / (1 - p[a]) + 1 / (1 - p[b]))
        count = int((pairs[:, a] & pairs[:, b]).sum())
        assert stats.binomtest(count, 50_000, chance).pvalue > 0.001


def test_decisions_with_few_choices(generator):
    logits = torch.tensor([[0.0, -INF, -INF], [0.0, 0.0, -INF]])
    for _ in range(20):
        assert draw_pairs(logits, generator).tolist() == [[True, False, False], [True, True, False]]
    assert draw_pairs(torch.zeros(2, 1), generator).tolist() == [[True], [True]]


def test_one_gate_is_open_and_the_others_are_computed(generator):
    plans = []

    def loss(plan):
        plans.append(plan)
        return linear(plan)

    for _ in range(20):
        gate_gradient(LOGITS, draw_pairs(LOGITS, generator), loss, generator)
    for plan in plans:
        for choices in plan:
            assert sorted(gate.item() for gate in choices.values()) == [0.0, 1.0]
    assert {tuple(sorted(plan[0])) for plan in plans} == set(combinations(range(3), 2))
    assert all(set(plan[1]) == {0, 1} for plan in plans)


def test_all_gates_give_the_chain_rule(generator):
    logits = LOGITS.clone().requires_grad_()
    (SLOPES * logits.softmax(1)).sum().backward()
    found = gate_gradient(LOGITS, EVERYTHING, linear, generator)
    torch.testing.assert_close(found, logits.grad)


def test_slopes_are_those_at_the_open_gate(generator):
    def square(plan):
        return sum((gate * (k + 1)) ** 2 for choices in plan for k, gate in choices.items())

    logits = LOGITS.clone()
    logits[:, 2] = torch.tensor([50.0, -INF])  # Choice 2 of the first decision is always open.
    found = gate_gradient(logits, EVERYTHING, square, generator)
    p = logits[0].softmax(0)
    slopes = torch.tensor([0.0, 0.0, 2 * 9.0], dtype=torch.float64)
    torch.testing.assert_close(found[0], p * (slopes - (slopes * p).sum()))


def test_pairs_give_the_chain_rule_within_the_pair(generator):
    mean = torch.stack(
        [
            gate_gradient(LOGITS, draw_pairs(LOGITS, generator), linear, generator)
            for _ in range(4000)
        ]
    ).mean(0)
    p, exact = PROBABILITIES[0].numpy(), np.zeros(3)
    for a, b in combinations(range(3), 2):
        chance = p[a] * p[b] * (1 / (1 - p[a]) + 1 / (1 - p[b]))
        q = p[a] / (p[a] + p[b])
        slope = q * (1 - q) * float(SLOPES[0, a] - SLOPES[0, b])
        exact += chance * slope * (np.eye(3)[a] - np.eye(3)[b])
    np.testing.assert_allclose(mean[0], exact, atol=5 * 0.75 / 4000**0.5)


def test_probabilities_of_others_stay(generator):
    before = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    involved = draw_pairs(before, generator)
    after = before + involved * torch.randn(6, 5, generator=generator, dtype=torch.float64)
    kept = keep_others(before, after, involved)
    torch.testing.assert_close(kept.softmax(1)[~involved], before.softmax(1)[~involved])
    # Within the pair, the odds are those after the step.
    odds = [
        torch.where(involved, x, 0.0).sum(1) - 2 * torch.where(involved, x, INF).amin(1)
        for x in (kept, after)
    ]
    torch.testing.assert_close(*odds)


def test_reinforce_is_unbiased():
    rewards = {
        path: 0.1 * path[0] ** 2 - 0.3 * path[0] * path[1] for path in product((0, 1, 2), (0, 1))
    }
    logits = LOGITS.clone().requires_grad_()
    p = logits.softmax(1)
    sum(p[0, a] * p[1, b] * -reward for (a, b), reward in rewards.items()).backward()
    for baseline in (0.0, 0.7):
        # The mean over all paths, each with its probability.
        mean = sum(
            PROBABILITIES[0, path[0]]
            * PROBABILITIES[1, path[1]]
            * reinforce_gradient(
                LOGITS, torch.tensor([path]), torch.tensor([reward - baseline]).double()
            )
            for path, reward in rewards.items()
        )
        torch.testing.assert_close(mean, logits.grad)


def test_reinforce_takes_the_mean_of_its_samples():
    paths, advantages = torch.tensor([[0, 1], [2, 0]]), torch.tensor([0.5, -1.0]).double()
    parts = [reinforce_gradient(LOGITS, paths[i : i + 1], advantages[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(reinforce_gradient(LOGITS, paths, advantages), sum(parts) / 2)


def test_a_step_moves_the_pair_only():
    method = ProxylessNAS(every=1, warm_up=0, architecture_learning_rate=0.1)
    search = opened(method, "20epochs")
    search.valid = search.draw_valid(50)
    before = method.probabilities().detach()
    method.learn(search)
    moved = (method.probabilities().detach() - before).abs() > 1e-6
    assert (moved.sum(1) <= 2).all()
    assert moved.any()
    assert method._alphas.isfinite().all()


def test_weights_are_trained_on_drawn_paths_and_logits_rest_at_first():
    method = ProxylessNAS(epochs=8, batch=40)  # Five steps an epoch.
    search = opened(method, "20epochs")
    before = method._alphas.detach().clone()
    assert all(list(choices.values()) == [None] for choices in method.paths(search)[0])
    for epoch in range(3):
        search.run_epoch()
        assert torch.equal(before, method._alphas) == (epoch < 2)
    assert search.gradient_images == 3 * 200 + 40


def test_baseline_follows_the_mean_reward(monkeypatch):
    method = ProxylessNAS(every=1, warm_up=0, gates="reinforce", samples=2, baseline=0.5)
    search = opened(method, "20epochs")
    search.valid = search.draw_valid(50)
    rewards, given = iter([[0.2, 0.4], [0.9, 0.7], [0.5, 0.5]]), []
    monkeypatch.setattr(search, "plan_accuracies", lambda plans, batch: np.array(next(rewards)))
    monkeypatch.setattr(
        "methods.oneshot.gates.reinforce_gradient",
        lambda logits, paths, advantages: given.append(advantages.tolist()) or logits * 0,
    )
    monkeypatch.setattr(method, "descend", lambda gradients: None)
    for _ in range(3):
        method.learn(search)
    # The first mean is its own baseline, 0.3; then 0.3 is half way to 0.8.
    assert given == [
        pytest.approx([-0.1, 0.1]),
        pytest.approx([0.6, 0.4]),
        pytest.approx([-0.05, -0.05]),
    ]
