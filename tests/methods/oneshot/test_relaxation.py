"""Samples and their gradients, against closed forms and integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

torch = pytest.importorskip("torch")

from methods.oneshot.relaxation import (  # noqa: E402
    concrete,
    dirichlet,
    gumbel,
    straight_through,
)

ROWS = 100_000


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def logits_of(values, rows=ROWS):
    """One row of logits, and many copies that send their gradients to it."""
    row = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    return row, row.expand(rows, -1)


def logistic(x):
    return stats.logistic.pdf(x)


def test_gumbel_noise(generator):
    noise = gumbel(torch.empty(ROWS, dtype=torch.float64), generator)
    assert stats.kstest(noise.numpy(), stats.gumbel_r.cdf).pvalue > 0.001


def test_gumbel_noise_is_drawn_again_where_it_is_infinite():
    class Broken:
        calls = 0

    def exponential(self, generator=None):
        Broken.calls += 1
        return self.fill_(0.0 if Broken.calls == 1 else 1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "exponential_", exponential)
        assert gumbel(torch.empty(3), torch.Generator()).tolist() == [0.0] * 3
    assert Broken.calls == 2


def test_largest_weights_are_drawn_by_the_softmax(generator):
    row, rows = logits_of([0.5, -1.0, 2.0, float("-inf")])
    counts = np.bincount(concrete(rows, 0.7, generator).argmax(1).numpy(), minlength=4)
    expected = ROWS * row.softmax(0).detach().numpy()
    assert counts[3] == 0
    assert stats.chisquare(counts[:3], expected[:3]).pvalue > 0.001


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_mean_gradient_of_the_relaxation_is_that_of_the_expectation(temperature, generator):
    # Of two choices the first has the weight sigmoid((a - b + logistic noise) / temperature).
    row, rows = logits_of([0.4, -0.3])

    def value(z):
        return z**3 - 0.5 * z

    def expectation(difference):
        def integrand(x):
            z = 1 / (1 + np.exp(-(difference + x) / temperature))
            return value(z) * logistic(x)

        return quad(integrand, -40, 40, epsabs=1e-12)[0]

    exact = (expectation(0.7 + 1e-4) - expectation(0.7 - 1e-4)) / 2e-4
    value(concrete(rows, temperature, generator)[:, 0]).mean().backward()
    # Five standard errors; a gradient per row is below 1 / temperature.
    assert row.grad[0].item() == pytest.approx(exact, abs=5 / temperature / ROWS**0.5)
    assert row.grad[1].item() == pytest.approx(-row.grad[0].item())


def test_path_is_exact_and_has_the_gradient_of_the_relaxation(generator):
    row, rows = logits_of([0.2, -0.6, 1.1], rows=50)
    temperature = 0.8
    weights = concrete(rows, temperature, generator)
    plan = straight_through(weights)
    for own, choices in zip(weights.detach(), plan, strict=True):
        ((k, weight),) = choices.items()
        assert k == int(own.argmax())
        assert weight.item() == 1.0
        (gradient,) = torch.autograd.grad(weight, row, retain_graph=True)
        indicator = torch.eye(3, dtype=torch.float64)[k]
        torch.testing.assert_close(gradient, own[k] * (indicator - own) / temperature)


def test_path_without_gradient_multiplies_by_nothing(generator):
    with torch.no_grad():
        plan = straight_through(concrete(torch.zeros(2, 3), 1.0, generator))
    assert [list(choices.values()) for choices in plan] == [[None], [None]]


def test_mean_gradient_of_paths_is_their_integral(generator):
    # Each choice has a constant loss c: the estimate is c of the drawn one times dp/da.
    temperature, losses, difference = 0.9, (1.0, 3.0), 0.7
    row, rows = logits_of([0.4, -0.3], rows=20_000)
    plan = straight_through(concrete(rows, temperature, generator))
    total = sum(losses[k] * weight for choices in plan for k, weight in choices.items())
    (total / len(plan)).backward()

    def integrand(x):
        p = 1 / (1 + np.exp(-(difference + x) / temperature))
        slope = p * (1 - p) / temperature
        return (losses[0] * slope if p > 0.5 else -losses[1] * slope) * logistic(x)

    exact = quad(integrand, -40, -difference)[0] + quad(integrand, -difference, 40)[0]
    assert row.grad[0].item() == pytest.approx(exact, abs=5 / 20_000**0.5)


def test_low_temperatures_choose(generator):
    # T12: with logits as they begin.
    _, rows = logits_of([0.001, -0.002, 0.0005, 0.0, 0.001])
    share = [(concrete(rows, t, generator).max(1).values > 0.99).double().mean() for t in (0.1, 10)]
    assert share[0] > 0.5
    assert share[1] == 0


CONCENTRATIONS = [0.3, 1.0, 2.5]


def test_dirichlet_samples_have_their_moments(generator):
    _, rows = logits_of([*CONCENTRATIONS, 5.0])
    mask = torch.tensor([True, True, True, False])
    drawn = dirichlet(rows.detach(), mask.expand(ROWS, -1), generator)
    assert drawn[:, 3].abs().max() == 0
    np.testing.assert_allclose(drawn.sum(1), 1, rtol=1e-12)
    exact = stats.dirichlet(CONCENTRATIONS)
    np.testing.assert_allclose(drawn[:, :3].mean(0), exact.mean(), atol=5 * 0.5 / ROWS**0.5)
    np.testing.assert_allclose(drawn[:, :3].var(0), exact.var(), rtol=0.05)
    for k, own in enumerate(CONCENTRATIONS):
        marginal = stats.beta(own, sum(CONCENTRATIONS) - own)
        assert stats.kstest(drawn[:5000, k].numpy(), marginal.cdf).pvalue > 0.001


def test_dirichlet_gradient_is_that_of_the_expectation(generator):
    row, rows = logits_of(CONCENTRATIONS)
    drawn = dirichlet(rows, torch.ones(ROWS, 3, dtype=torch.bool), generator)
    (drawn[:, 0] ** 2 + drawn[:, 1] * drawn[:, 2]).mean().backward()

    b = torch.tensor(CONCENTRATIONS, dtype=torch.float64, requires_grad=True)
    total = b.sum()
    exact = (b[0] * (b[0] + 1) + b[1] * b[2]) / (total * (total + 1))
    exact.backward()
    np.testing.assert_allclose(row.grad, b.grad, atol=0.005)


def test_dirichlet_of_tiny_concentrations_stays_finite(generator):
    row, rows = logits_of([1e-4, 1e-4], rows=1000)
    drawn = dirichlet(rows.float(), torch.ones(1000, 2, dtype=torch.bool), generator)
    assert drawn.dtype == torch.float32
    np.testing.assert_allclose(drawn.detach().sum(1), 1, rtol=1e-6)
    drawn[:, 0].sum().backward()
    assert row.grad.isfinite().all()
