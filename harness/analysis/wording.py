"""The words: what a comparison, a top group and a power calculation may be said to show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.analysis.comparison import Comparison
from harness.analysis.power import POWER
from harness.analysis.scale import Scale
from harness.analysis.significance import pairs_needed

FEW_SEEDS = 10
"""Below this many seeds intervals are announced as unreliable."""

FEW_BENCHMARKS = 5
"""Below this many benchmarks nothing is said about methods in general."""

WEAK_CORRELATION = 0.1
"""Below this seed correlation pairing gains next to nothing."""


def p_text(p: float) -> str:
    """A p value, e.g. ``0.004`` or ``<0.001``."""
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def phrase(comparison: Comparison, scale: Scale) -> str:
    """A comparison in one cell of a table, in which both names are known.

    E.g. ``better: +0.21 [0.13, 0.29], P(A>B) 0.78, p 0.001``.
    """
    if comparison.verdict == "cannot-tell":
        return _cannot_tell(comparison)
    found = _found(comparison, scale)
    if comparison.verdict == "equivalent":
        return f"practically equal: {found}, inside ±{comparison.margin:.2g}"
    if comparison.verdict == "inconclusive":
        return f"inconclusive: {found}; {_needed(comparison)}"
    return f"{comparison.verdict}: {found}, {_evidence(comparison, 'p')}"


def sentence(comparison: Comparison, where: str, scale: Scale) -> str:
    """A comparison as a sentence that stands by itself.

    Args:
        comparison: what was found.
        where: the population that the sentence is about, e.g. a benchmark or ``this suite``.
        scale: how its numbers are written.

    Returns:
        E.g. ``A better than B on this suite: mean +0.21 points [0.09, 0.33], P(A>B) 0.71,
        p_Holm 0.004, 100 paired seeds``.
    """
    a, b = comparison.a, comparison.b
    if comparison.verdict == "cannot-tell":
        return f"{a} against {b} on {where}: {_cannot_tell(comparison)}"
    found, seeds = _found(comparison, scale, scale.unit), f"{comparison.n} paired seeds"
    evidence = _evidence(comparison, "p_Holm")
    if comparison.verdict == "equivalent":
        inside = f"inside ±{comparison.margin:.2g}{scale.unit}"
        return (
            f"{a} and {b} practically equal on {where}: mean {found}, {inside}, {evidence}, {seeds}"
        )
    if comparison.verdict == "inconclusive":
        reason = _open_question(comparison, scale)
        return (
            f"{a} against {b} on {where}: inconclusive, mean {found} {reason}, {evidence}, "
            f"{seeds}; {_needed(comparison)}"
        )
    return f"{a} {comparison.verdict} than {b} on {where}: mean {found}, {evidence}, {seeds}"


def top_sentence(members: Sequence[str], uniform: bool, alpha: float, noun: str = "method") -> str:
    """What the top group is.

    Args:
        members: the methods that no test separates from the one with the best mean, which is first.
        uniform: no test separates any two of the members either.
        alpha: family-wise level of the tests.
        noun: what the members are.
    """
    if not members:
        return "Top group: cannot tell with so few seeds."
    if len(members) == 1:
        return f"Top group: {members[0]} (every other {noun} differs from it at {alpha:g})."
    why = (
        "no pair of them differs" if uniform else f"none differs from {members[0]}, the best mean,"
    )
    return f"Top group: {', '.join(members)} ({why} at {alpha:g})."


def pairing_sentence(correlation: float | None) -> str:
    """What pairing by seed gained, from the median correlation of two methods over seeds."""
    if correlation is None:
        return "Seed correlation: unknown (too few seeds, or scores that do not vary)."
    gain = (
        "pairing gains little here"
        if correlation < WEAK_CORRELATION
        else f"pairing takes about {correlation:.0%} off the variance of a difference"
    )
    return f"Seed correlation {round(correlation, 2) + 0.0:.2f}: {gain}."


def power_sentence(
    n: int, effects: tuple[float, float], sd: float, scale: Scale, tests: int
) -> str:
    """What so many seeds can find.

    Args:
        n: number of paired seeds.
        effects: detectable effect at alpha and at Holm's first step, in standard deviations.
        sd: standard deviation of a typical paired difference, on the benchmark's own scale.
        scale: how numbers on it are written.
        tests: size of the family.
    """
    alone, corrected = (
        f"{effect:.2f} sd ({scale.number(effect * sd)}{scale.unit})" for effect in effects
    )
    return (
        f"Power: {n} paired seeds detect {alone} with {POWER:.0%} probability, "
        f"{corrected} at Holm's first step of {tests}."
    )


def population_sentence(benchmarks: int) -> str:
    """What population aggregated results speak about."""
    if benchmarks < FEW_BENCHMARKS:
        plural = "" if benchmarks == 1 else "s"
        return (
            f"Across {benchmarks} benchmark{plural}: too few for a general claim "
            f"({FEW_BENCHMARKS} or more)."
        )
    return (
        f"Across {benchmarks} benchmarks: tests take each benchmark's mean over seeds as one "
        "observation and speak about benchmarks like these."
    )


def _found(comparison: Comparison, scale: Scale, unit: str = "") -> str:
    """Mean difference with its interval."""
    assert comparison.difference is not None
    assert comparison.ci is not None
    if comparison.ties == comparison.n:
        return f"{scale.number(0.0)}{unit} (all {comparison.n} pairs tie)"
    found = f"{scale.signed(comparison.difference)}{unit} {scale.interval(comparison.ci)}"
    return f"{found} (all differences equal)" if comparison.degenerate else found


def _evidence(comparison: Comparison, name: str) -> str:
    """Effect size and adjusted p value."""
    assert comparison.p_adjusted is not None
    chance = comparison.probability_of_improvement
    return f"P(A>B) {chance:.2f}, {name} {p_text(comparison.p_adjusted)}"


def _open_question(comparison: Comparison, scale: Scale) -> str:
    """Why an interval or its test settles nothing."""
    assert comparison.ci is not None
    low, high = comparison.ci
    if not low <= 0.0 <= high:
        return f"is not significant among {comparison.tests} tests"
    if comparison.margin is not None:
        return f"crosses the margin of {comparison.margin:.2g}{scale.unit}"
    return "includes zero"


def _needed(comparison: Comparison) -> str:
    """How many seeds would settle it, to two digits."""
    if comparison.ties == comparison.n:
        return "no seed tells them apart"
    if comparison.seeds_needed is None:
        return "no practical number of seeds would settle it"
    digits = max(0, len(str(comparison.seeds_needed)) - 2)
    return f"about {math.ceil(comparison.seeds_needed / 10**digits) * 10**digits} seeds needed"


def _cannot_tell(comparison: Comparison) -> str:
    """Why nothing can be said."""
    n, tests = comparison.n, comparison.tests
    if n == 0:
        return "cannot tell: no seed that both have run"
    seeds = "seed" if n == 1 else "seeds"
    if comparison.p is None:
        return f"cannot tell: a score of the {n} {seeds} is not finite"
    smallest = f"smallest possible p {comparison.smallest_p:.2g}"
    if comparison.smallest_p <= comparison.alpha:
        smallest += f", {comparison.smallest_p * tests:.2g} among {tests} tests"
    enough = pairs_needed(tests, comparison.alpha)
    return f"cannot tell with {n} {seeds} ({smallest}; {enough} seeds can)"
