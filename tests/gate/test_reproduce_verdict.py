"""When numbers agree: closed forms, the order of the rules, and how often the rule errs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.gate.published import PublishedValue
from harness.gate.reproduce_verdict import Distance, distance, numbers


def published(
    mean: float, std: float | None = 1.0, runs: int | None = 500, rounding: float = 0.0
) -> PublishedValue:
    return PublishedValue(mean, rounding, std, runs, "paper", "paper")


def of(mean: float, std: float, n: int) -> np.ndarray:
    """Values with exactly this mean and sample deviation."""
    x = np.linspace(-1, 1, n)
    return mean + std * x / x.std(ddof=1)


def test_closed_form() -> None:
    found = distance(of(93.8, 0.4, 100), published(93.7, 0.3, 400))
    se = math.sqrt(0.16 / 100 + 0.09 / 400)
    assert found.difference == pytest.approx(0.1)
    assert found.se == pytest.approx(se)
    half = stats.t(99).ppf(0.975) * se
    assert found.ci == pytest.approx((0.1 - half, 0.1 + half))
    assert found.p == pytest.approx(2 * stats.t(99).sf(0.1 / se))


def test_equal_samples_are_a_t_test() -> None:
    """With two samples of equal size it is scipy's test but for the degrees of freedom."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 1, 40), rng.normal(0.3, 2, 40)
    found = distance(a, published(b.mean(), b.std(ddof=1), 40))
    t = stats.ttest_ind(a, b, equal_var=False).statistic
    assert found.se is not None
    assert found.difference / found.se == pytest.approx(t)
    assert found.p == pytest.approx(2 * stats.t(39).sf(abs(t)))


def test_rounding_widens_and_forgives() -> None:
    plain = distance(of(1.0, 1.0, 50), published(0.9, 1.0, 50))
    rounded = distance(of(1.0, 1.0, 50), published(0.9, 1.0, 50, rounding=0.05))
    assert plain.ci is not None
    assert rounded.ci is not None
    assert rounded.ci == pytest.approx((plain.ci[0] - 0.05, plain.ci[1] + 0.05))
    assert plain.se is not None
    assert rounded.p == pytest.approx(2 * stats.t(49).sf(0.05 / plain.se))
    assert distance(of(0.94, 1.0, 50), published(0.9, 1.0, 50, rounding=0.05)).p == 1.0


def test_no_published_deviation() -> None:
    found = distance(of(2.0, 0.5, 30), published(1.0, None, 200))
    assert found.se == pytest.approx(0.5 * math.sqrt(1 / 30 + 1 / 200))
    one = distance(of(2.0, 0.5, 5), published(1.0, None, 1))
    assert one.se == pytest.approx(0.5 * math.sqrt(1 / 5 + 1))
    assert one.p == pytest.approx(2 * stats.t(4).sf(1 / one.se))


def test_nothing_varies() -> None:
    """Deterministic values agree to the last printed digit or differ."""
    same = distance(np.full(5, 0.01692), published(0.0169, None, 1, rounding=0.00005))
    other = distance(np.full(5, 64.0), published(65, None, 1, rounding=0.5))
    assert (same.se, same.p, other.p) == (0.0, 1.0, 0.0)
    assert numbers([same, other], [0.0005, 1.0]) == ["agree", "differ"]


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (of(1.0, 0.1, 30), published(1.0, 0.1, None), "how many runs they had is not known"),
        (of(1.0, 0.1, 30), published(1.0, None, None), "how many runs they had is not known"),
        (np.array([1.0]), published(1.0, 0.1, 9), "one seed has no standard error"),
    ],
)
def test_no_standard_error(ours: np.ndarray, theirs: PublishedValue, why: str) -> None:
    found = distance(ours, theirs)
    assert (found.se, found.ci, found.p, found.lacking) == (None, None, None, why)
    assert numbers([found], [100.0]) == ["cannot tell"]


def test_rules() -> None:
    def at(low: float, high: float, p: float) -> Distance:
        return Distance((low + high) / 2, 0.1, (low, high), p)

    assert numbers([at(-0.05, 0.08, 0.5)], [0.1]) == ["agree"]
    assert numbers([at(0.02, 0.08, 0.001)], [0.1]) == ["agree"], "practically equal"
    assert numbers([at(-0.05, 0.2, 0.5)], [0.1]) == ["cannot tell"], "wide around zero"
    assert numbers([at(0.05, 0.2, 0.01)], [0.1]) == ["differ"]
    assert numbers([None], [0.1]) == ["cannot tell"]


def test_holm() -> None:
    """Of four equal p values of 0.02 none passes; a small one does not carry the others."""
    wide = [Distance(1.0, 0.4, (0.2, 1.8), p) for p in (0.02, 0.02, 0.02, 0.001)]
    assert numbers(wide, [0.1] * 4) == ["cannot tell"] * 3 + ["differ"]
    assert numbers([wide[0]], [0.1]) == ["differ"]
    untested = [*wide[:1], *[Distance(1.0, lacking="x")] * 3, None]
    assert numbers(untested, [0.1] * 5) == ["differ"] + ["cannot tell"] * 4


@pytest.mark.parametrize(("n", "runs", "std"), [(2, 500, 1.0), (3, 3, 0.2), (30, 500, 1.5)])
def test_few_false_alarms(n: int, runs: int, std: float) -> None:
    """Where both come from the same mean, at most 5 % differ, with two seeds as with thirty."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(1000):
        theirs = rng.normal(0, std, runs)
        found = distance(rng.normal(0, 1, n), published(theirs.mean(), theirs.std(ddof=1), runs))
        wrong += numbers([found], [1e-9]) == ["differ"]
    assert wrong <= 65  # 50 expected at most; 65 is 2.2 standard deviations above
