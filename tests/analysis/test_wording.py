"""The sentences, word for word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.analysis.comparison import Comparison
from harness.analysis.scale import Scale
from harness.analysis.wording import (
    p_text,
    pairing_sentence,
    phrase,
    population_sentence,
    power_sentence,
    sentence,
    top_sentence,
)
from harness.core.benchmark import BenchmarkCard

POINTS = Scale(2, " points", 0.1)
BETTER = Comparison(
    a="A",
    b="B",
    n=100,
    unpaired=0,
    difference=0.21,
    ci=(0.09, 0.33),
    sd=0.6,
    p=0.001,
    probability_of_improvement=0.71,
    tests=5,
    p_adjusted=0.004,
    smallest_p=0.0001,
    margin=0.1,
    verdict="better",
)
OPEN = replace(
    BETTER,
    difference=0.05,
    ci=(-0.1, 0.25),
    p_adjusted=0.3,
    seeds_needed=173,
    verdict="inconclusive",
)


def test_better() -> None:
    assert sentence(BETTER, "this suite", POINTS) == (
        "A better than B on this suite: mean +0.21 points [0.09, 0.33], P(A>B) 0.71, "
        "p_Holm 0.004, 100 paired seeds"
    )
    assert phrase(BETTER, POINTS) == "better: +0.21 [0.09, 0.33], P(A>B) 0.71, p 0.004"


def test_worse() -> None:
    worse = replace(BETTER, difference=-0.21, ci=(-0.33, -0.09), verdict="worse", p_adjusted=1e-4)
    assert phrase(worse, POINTS) == "worse: -0.21 [-0.33, -0.09], P(A>B) 0.71, p <0.001"
    assert sentence(worse, "x/y", POINTS).startswith("A worse than B on x/y: mean -0.21 points")


def test_inconclusive() -> None:
    assert phrase(OPEN, POINTS) == "inconclusive: +0.05 [-0.10, 0.25]; about 180 seeds needed"
    assert sentence(OPEN, "x/y", POINTS) == (
        "A against B on x/y: inconclusive, mean +0.05 points [-0.10, 0.25] crosses the margin of "
        "0.1 points, P(A>B) 0.71, p_Holm 0.30, 100 paired seeds; about 180 seeds needed"
    )


def test_inconclusive_for_other_reasons() -> None:
    assert "[-0.10, 0.25] includes zero," in sentence(replace(OPEN, margin=None), "x", POINTS)
    corrected = replace(OPEN, ci=(0.02, 0.3))
    assert "[0.02, 0.30] is not significant among 5 tests," in sentence(corrected, "x", POINTS)
    hopeless = replace(OPEN, seeds_needed=None)
    assert phrase(hopeless, POINTS).endswith("; no practical number of seeds would settle it")


@pytest.mark.parametrize(("seeds", "words"), [(7, "7"), (45, "45"), (173, "180"), (1801, "1900")])
def test_seeds_needed_have_two_digits_and_are_enough(seeds: int, words: str) -> None:
    assert phrase(replace(OPEN, seeds_needed=seeds), POINTS).endswith(f"about {words} seeds needed")


def test_equivalent() -> None:
    equal = replace(OPEN, difference=0.01, ci=(-0.03, 0.05), verdict="equivalent")
    assert phrase(equal, POINTS) == "practically equal: +0.01 [-0.03, 0.05], inside ±0.1"
    assert sentence(equal, "x/y", POINTS) == (
        "A and B practically equal on x/y: mean +0.01 points [-0.03, 0.05], inside ±0.1 points, "
        "P(A>B) 0.71, p_Holm 0.30, 100 paired seeds"
    )


def test_all_pairs_tie() -> None:
    tied = replace(
        OPEN, difference=0.0, ci=(0.0, 0.0), ties=100, degenerate=True, seeds_needed=None
    )
    assert (
        phrase(tied, POINTS) == "inconclusive: 0.00 (all 100 pairs tie); no seed tells them apart"
    )
    equal = replace(tied, verdict="equivalent")
    assert phrase(equal, POINTS) == "practically equal: 0.00 (all 100 pairs tie), inside ±0.1"


def test_an_interval_without_width_is_flagged() -> None:
    flat = replace(BETTER, ci=(0.21, 0.21), degenerate=True)
    assert "+0.21 [0.21, 0.21] (all differences equal)" in phrase(flat, POINTS)


def test_cannot_tell() -> None:
    few = replace(BETTER, n=3, smallest_p=0.25, verdict="cannot-tell")
    words = "cannot tell with 3 seeds (smallest possible p 0.25; 8 seeds can)"
    assert phrase(few, POINTS) == words
    assert sentence(few, "x/y", POINTS) == f"A against B on x/y: {words}"
    six = replace(few, n=6, smallest_p=2 / 64)
    assert phrase(six, POINTS) == (
        "cannot tell with 6 seeds (smallest possible p 0.031, 0.16 among 5 tests; 8 seeds can)"
    )
    one = replace(few, n=1, smallest_p=1.0, tests=1)
    assert phrase(one, POINTS) == "cannot tell with 1 seed (smallest possible p 1; 6 seeds can)"
    none = replace(few, n=0, p=None)
    assert phrase(none, POINTS) == "cannot tell: no seed that both have run"
    broken = replace(few, n=30, p=None)
    assert phrase(broken, POINTS) == "cannot tell: a score of the 30 seeds is not finite"


@pytest.mark.parametrize(
    ("p", "text"), [(0.00099, "<0.001"), (0.001, "0.001"), (0.0312, "0.031"), (1.0, "1.00")]
)
def test_p_values(p: float, text: str) -> None:
    assert p_text(p) == text


def test_top_group() -> None:
    assert top_sentence((), True, 0.05) == "Top group: cannot tell with so few seeds."
    assert top_sentence(("A", "B"), True, 0.05) == (
        "Top group: A, B (no pair of them differs at 0.05)."
    )
    assert top_sentence(("A", "B", "C"), False, 0.05) == (
        "Top group: A, B, C (none differs from A, the best mean, at 0.05)."
    )
    assert top_sentence(("A",), True, 0.01) == (
        "Top group: A (every other method differs from it at 0.01)."
    )


def test_pairing() -> None:
    assert pairing_sentence(None).startswith("Seed correlation: unknown")
    assert pairing_sentence(-0.003) == "Seed correlation 0.00: pairing gains little here."
    assert pairing_sentence(0.42) == (
        "Seed correlation 0.42: pairing takes about 42% off the variance of a difference."
    )


def test_power() -> None:
    assert power_sentence(30, (0.53, 0.66), 0.2, POINTS, 5) == (
        "Power: 30 paired seeds detect 0.53 sd (0.11 points) with 80% probability, "
        "0.66 sd (0.13 points) at Holm's first step of 5."
    )


def test_population() -> None:
    assert population_sentence(2) == (
        "Across 2 benchmarks: too few for a general claim (5 or more)."
    )
    assert population_sentence(1).startswith("Across 1 benchmark: too few")
    assert "benchmarks like these" in population_sentence(5)


def test_scale_of_a_metric(make_card: Callable[..., BenchmarkCard]) -> None:
    assert Scale.of(make_card()) == POINTS
    share = Scale.of(make_card(metric="accuracy", optimum=0.987, mean_random=0.917))
    assert (share.decimals, share.unit) == (4, "")
    assert share.margin == pytest.approx(0.0007)
    loss = Scale.of(make_card(metric="loss", optimum=120.0, mean_random=450.0))
    assert (loss.decimals, loss.margin) == (0, pytest.approx(3.3))
    unknown = Scale.of(make_card(metric="accuracy", optimum=float("nan")))
    assert unknown == Scale(3)


def test_a_rounded_zero_has_no_sign() -> None:
    assert POINTS.number(-0.001) == POINTS.signed(0.001) == POINTS.signed(-0.001) == "0.00"
    assert POINTS.interval((-0.004, 0.004)) == "[0.00, 0.00]"
    assert POINTS.signed(0.005001) == "+0.01"
