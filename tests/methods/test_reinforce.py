from __future__ import annotations

import numpy as np
import pytest

from methods.blackbox.reinforce import Adam, Reinforce, softmax

SIZES = (5, 2, 3, 4)


def test_adam_by_hand():
    adam = Adam((2,), 0.1)
    # Bias correction makes the first step the learning rate in the direction of the gradient.
    assert adam.step(np.array([3.0, -0.01])) == pytest.approx([0.1, -0.1], rel=1e-5)
    first = (0.9 * 0.1 * 3.0 + 0.1 * 1.0) / (1 - 0.9**2)
    second = (0.999 * 0.001 * 9.0 + 0.001 * 1.0) / (1 - 0.999**2)
    assert adam.step(np.array([1.0, 0.0]))[0] == pytest.approx(0.1 * first / (second**0.5 + 1e-8))


def test_equals_the_published_loop_in_torch(play, toy, toy_space, table):
    torch = pytest.importorskip("torch")
    score = table(SIZES)
    run = play(Reinforce(learning_rate=0.1), toy(toy_space(SIZES), score), 60, 7)

    rng = np.random.default_rng(7)
    start = rng.normal(0.0, 1e-3, (4, 5))
    policy = torch.nn.ParameterList(
        [torch.tensor(row[:n]) for row, n in zip(start, SIZES, strict=True)]
    )
    optimiser = torch.optim.Adam(policy, lr=0.1)
    numerator = denominator = 0.0
    for arch in run.archs:
        noise = rng.gumbel(size=(4, 5))
        drawn = [
            int(np.argmax(p.detach().numpy() + g[: len(p)]))
            for p, g in zip(policy, noise, strict=True)
        ]
        assert tuple(drawn) == arch
        reward = score(arch, None)
        numerator = 0.9 * numerator + 0.1 * reward
        denominator = 0.9 * denominator + 0.1
        chances = [torch.log_softmax(p, dim=0)[a] for p, a in zip(policy, arch, strict=True)]
        loss = -sum(chances) * (reward - numerator / denominator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@pytest.mark.parametrize(("factor", "shift"), [(100.0, 0.0), (1.0, -3.0), (0.01, 50.0)])
def test_unit_of_the_score_does_not_matter(factor, shift, play, toy, toy_space, smooth):
    score = smooth(SIZES)
    plain = toy(toy_space(SIZES), score)
    other = toy(toy_space(SIZES), lambda a, epochs: factor * score(a, epochs) + shift)
    method = Reinforce(learning_rate=0.1)
    assert play(method, plain, 100).archs == play(method, other, 100).archs


def test_settles_on_the_best(play, toy, toy_space):
    benchmark = toy(toy_space(SIZES), lambda arch, epochs: sum(arch))
    archs = play(Reinforce(learning_rate=0.1), benchmark, 600).archs
    assert archs[-50:].count((4, 1, 2, 3)) > 40


def test_softmax():
    assert softmax(
        np.array([[0.0, np.log(3.0), -np.inf], [900.0, 900.0, -900.0]])
    ) == pytest.approx(np.array([[0.25, 0.75, 0.0], [0.5, 0.5, 0.0]]))
