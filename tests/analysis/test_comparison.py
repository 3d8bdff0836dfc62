"""From paired scores to a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.analysis.comparison import (
    Comparison,
    PairedDifference,
    judge_family,
    paired_difference,
)
from harness.analysis.power import seeds_needed

RNG = np.random.default_rng(0)


def pair(differences: list[float] | np.ndarray, b: float = 90.0) -> PairedDifference:
    """A constant method and one that differs from it."""
    scores = np.full(len(differences), b)
    return paired_difference(("A", "B"), scores + differences, scores, RNG)


def judge(difference: PairedDifference, margin: float | None = None) -> Comparison:
    return judge_family([difference], 0.05, margin)[0]


def test_what_a_paired_difference_holds() -> None:
    a, b = np.random.default_rng(1).normal(90, 1, (2, 12))
    found = paired_difference(("A", "B"), a, b, RNG, unpaired=3)
    theirs = stats.ttest_rel(a, b)
    assert (found.a, found.b, found.n, found.unpaired, found.ties) == ("A", "B", 12, 3, 0)
    assert found.difference == pytest.approx((a - b).mean())
    assert found.sd == pytest.approx((a - b).std(ddof=1))
    assert found.ci == pytest.approx(theirs.confidence_interval(), abs=1e-12)
    assert found.probability_of_improvement == pytest.approx((a > b).mean())
    assert found.a12 == pytest.approx(stats.mannwhitneyu(a, b).statistic / 144)
    assert found.seed_correlation == pytest.approx(stats.pearsonr(a, b)[0])
    assert not found.degenerate


def test_reversed_is_the_comparison_the_other_way_round() -> None:
    a, b = np.random.default_rng(2).normal(90, 1, (2, 40)).round(1)
    forward = paired_difference(("A", "B"), a, b, np.random.default_rng(0))
    backward = paired_difference(("B", "A"), b, a, np.random.default_rng(0))
    for name, value in vars(backward).items():
        assert vars(forward.reversed())[name] == pytest.approx(value), name


@pytest.mark.parametrize(
    ("shift", "margin", "verdict"),
    [
        (0.5, None, "better"),
        (-0.5, None, "worse"),
        (0.5, 0.1, "better"),
        (0.05, 0.2, "equivalent"),
        (0.0, 0.2, "equivalent"),
        (0.05, None, "better"),
        (0.0, None, "inconclusive"),
        (0.0, 0.01, "inconclusive"),
    ],
)
def test_verdicts(shift: float, margin: float | None, verdict: str) -> None:
    noise = np.linspace(-0.1, 0.1, 30)
    assert judge(pair(shift + noise), margin).verdict == verdict


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_too_few_seeds_cannot_tell_however_large_the_difference(n: int) -> None:
    comparison = judge(pair(5.0 + np.arange(n) / 10), margin=10.0)
    assert comparison.verdict == "cannot-tell"
    assert comparison.smallest_p == 2 / 2**n


def test_holm_decides_how_few_are_too_few() -> None:
    six = pair(5.0 + np.arange(6) / 10)
    assert judge(six).verdict == "better"
    assert {c.verdict for c in judge_family([six] * 2, 0.05, None)} == {"cannot-tell"}
    seven = pair(5.0 + np.arange(7) / 10)
    assert {c.verdict for c in judge_family([seven] * 3, 0.05, None)} == {"better"}


def test_holm_over_the_family() -> None:
    rng = np.random.default_rng(3)
    family = [pair(rng.normal(shift, 1, 20)) for shift in (0.0, 0.5, 1.0, 2.0)]
    judged = judge_family(family, 0.05, None)
    assert [c.p for c in judged] == [d.p for d in family]
    assert all(c.tests == 4 for c in judged)
    smallest = min(judged, key=lambda c: c.p or 1.0)
    assert smallest.p_adjusted == pytest.approx(4 * (smallest.p or 1.0))


def test_one_seed_has_neither_interval_nor_spread() -> None:
    found = pair([0.5])
    assert (found.n, found.ci, found.sd, found.p) == (1, None, None, 1.0)
    assert found.difference == pytest.approx(0.5)


def test_all_equal_is_degenerate_and_equivalent_only_by_margin() -> None:
    tied = pair(np.zeros(30))
    assert (tied.ties, tied.degenerate, tied.p) == (30, True, 1.0)
    assert tied.ci == (0.0, 0.0)
    assert tied.probability_of_improvement == 0.5
    assert judge(tied).verdict == "inconclusive"
    assert judge(tied).seeds_needed is None
    assert judge(tied, 0.1).verdict == "equivalent"


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_scores_that_are_not_finite_are_no_test(bad: float) -> None:
    broken = pair([0.1] * 9 + [bad])
    assert (broken.p, broken.difference, broken.n) == (None, None, 10)
    sound = pair(1.0 + np.arange(10) / 10)
    judged = judge_family([broken, sound], 0.05, None)
    assert [c.verdict for c in judged] == ["cannot-tell", "better"]
    assert [c.tests for c in judged] == [1, 1]


def test_no_pair_at_all() -> None:
    nothing = paired_difference(("A", "B"), np.empty(0), np.empty(0), RNG, unpaired=7)
    assert judge(nothing).verdict == "cannot-tell"
    assert (nothing.n, nothing.unpaired, nothing.p) == (0, 7, None)


def test_seeds_needed_are_for_the_first_step_of_holm() -> None:
    open_question = pair(np.random.default_rng(9).normal(0.1, 1, 30))
    first, _ = judge_family([open_question] * 2, 0.05, None)
    assert first.verdict == "inconclusive"
    assert first.seeds_needed == seeds_needed(first.difference or 0, first.sd or 0, 0.025)
    assert (first.seeds_needed or 0) > 30


def test_an_empty_family() -> None:
    assert judge_family([], 0.05, None) == ()
