"""Two methods on the same seeds: how far apart, how sure, and what may be concluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.analysis.estimates import (
    a12,
    mean_interval,
    probability_of_improvement,
    seed_correlation,
)
from harness.analysis.power import seeds_needed
from harness.analysis.significance import holm, sign_flip_p, smallest_p
from harness.study.results import FloatArray

Verdict = Literal["better", "worse", "equivalent", "inconclusive", "cannot-tell"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class PairedDifference:
    """Method ``a`` less method ``b`` over the seeds that both have run.

    Differences are oriented: above zero means that ``a`` is better, whatever the direction of the
    benchmark. What cannot be computed from so few, or not finite, scores is None.

    Attributes:
        a: identity of the one method.
        b: identity of the other.
        n: number of common seeds.
        unpaired: seeds that only one of the two has run; they are left out.
        difference: mean of the paired differences.
        ci: interval of that mean, before any correction for several tests.
        sd: standard deviation of the paired differences.
        degenerate: all differences are the same, so that the interval has no width.
        ties: number of pairs with equal scores.
        p: two-sided sign-flip p value.
        probability_of_improvement: P(a > b) with the same seed, ties counting half.
        a12: P(a > b) with independent seeds, ties counting half.
        seed_correlation: Pearson correlation of the scores over seeds, what pairing gains.
    """

    a: str
    b: str
    n: int
    unpaired: int
    difference: float | None = None
    ci: Interval | None = None
    sd: float | None = None
    degenerate: bool = False
    ties: int = 0
    p: float | None = None
    probability_of_improvement: float | None = None
    a12: float | None = None
    seed_correlation: float | None = None

    def reversed(self) -> PairedDifference:
        """The same finding told from the other side."""
        chance, dominance = self.probability_of_improvement, self.a12
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=None if self.difference is None else 0.0 - self.difference,
            ci=None if self.ci is None else (0.0 - self.ci[1], 0.0 - self.ci[0]),
            probability_of_improvement=None if chance is None else 1.0 - chance,
            a12=None if dominance is None else 1.0 - dominance,
        )


@dataclass(frozen=True)
class Comparison(PairedDifference):
    """A paired difference judged as one of a family of tests.

    Attributes:
        tests: size of the family.
        p_adjusted: p after Holm over the family.
        smallest_p: smallest p that this number of seeds can give, before Holm.
        alpha: level of the test.
        margin: differences up to this are practically none; None where nothing is.
        seeds_needed: about how many seeds would settle an inconclusive comparison.
        verdict: see `judge`.
    """

    tests: int = 1
    p_adjusted: float | None = None
    smallest_p: float = 1.0
    alpha: float = 0.05
    margin: float | None = None
    seeds_needed: int | None = None
    verdict: Verdict = "cannot-tell"


def paired_difference(
    names: tuple[str, str],
    a: FloatArray,
    b: FloatArray,
    rng: np.random.Generator,
    *,
    unpaired: int = 0,
    alpha: float = 0.05,
) -> PairedDifference:
    """Compare two methods on the same seeds.

    Args:
        names: identities of the two methods.
        a: scores of the one, larger is better, shape (n,).
        b: scores of the other on the same seeds, shape (n,).
        rng: for the permutation test where it is not exact.
        unpaired: number of runs left out for want of a partner.
        alpha: one minus the confidence of the interval.

    Returns:
        The difference; nothing but counts where there is no pair or a score is not finite.
    """
    if a.size == 0 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return PairedDifference(*names, n=a.size, unpaired=unpaired)
    differences = a - b
    several = a.size > 1
    ends = mean_interval(differences, alpha) if several else None
    return PairedDifference(
        *names,
        n=a.size,
        unpaired=unpaired,
        difference=float(differences.mean()),
        ci=None if ends is None else (float(ends[0]), float(ends[1])),
        sd=float(differences.std(ddof=1)) if several else None,
        degenerate=several and bool(np.ptp(differences) == 0.0),
        ties=int((differences == 0.0).sum()),
        p=sign_flip_p(differences, rng),
        probability_of_improvement=probability_of_improvement(differences),
        a12=a12(a, b),
        seed_correlation=seed_correlation(a, b),
    )


def judge_family(
    differences: Sequence[PairedDifference], alpha: float, margin: float | None
) -> tuple[Comparison, ...]:
    """Correct a family of tests for their number (Holm) and reach a verdict on each.

    Differences without a p value are no tests and do not count.

    Args:
        differences: the family.
        alpha: family-wise level.
        margin: differences up to this are practically none; None makes no claim of equivalence.

    Returns:
        The comparisons in the order given.
    """
    tested = [difference for difference in differences if difference.p is not None]
    adjusted = iter(holm(np.array([difference.p for difference in tested], dtype=np.float64)))
    judged = []
    for difference in differences:
        p_adjusted = None if difference.p is None else float(next(adjusted))
        verdict = judge(difference, p_adjusted, len(tested), alpha, margin)
        needed = None
        if verdict == "inconclusive":
            assert difference.difference is not None
            assert difference.sd is not None
            needed = seeds_needed(difference.difference, difference.sd, alpha / len(tested), margin)
        judged.append(
            Comparison(
                **vars(difference),
                tests=len(tested),
                p_adjusted=p_adjusted,
                smallest_p=smallest_p(difference.n),
                alpha=alpha,
                margin=margin,
                seeds_needed=needed,
                verdict=verdict,
            )
        )
    return tuple(judged)


def judge(
    difference: PairedDifference,
    p_adjusted: float | None,
    tests: int,
    alpha: float,
    margin: float | None,
) -> Verdict:
    """Say what may be concluded.

    In this order: ``cannot-tell`` where even the smallest p of so many seeds would not pass Holm's
    first step, or there is nothing to test; ``equivalent`` where the whole interval lies inside
    the margin, be it to one side of zero or not (Kruschke's rule for a region of practical
    equivalence); ``better`` or ``worse`` where the adjusted p is at most alpha; else
    ``inconclusive``.

    Args:
        difference: what was found.
        p_adjusted: its p after Holm.
        tests: size of the family.
        alpha: family-wise level.
        margin: differences up to this are practically none; None where nothing is.
    """
    if p_adjusted is None or difference.difference is None or difference.ci is None:
        return "cannot-tell"
    if smallest_p(difference.n) * tests > alpha:
        return "cannot-tell"
    low, high = difference.ci
    if margin is not None and -margin < low and high < margin:
        return "equivalent"
    if p_adjusted <= alpha:
        return "better" if difference.difference > 0.0 else "worse"
    return "inconclusive"
