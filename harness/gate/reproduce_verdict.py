"""Do our numbers agree with published ones?

What is compared are two independent samples of which the other one is known by its mean alone, or
by mean, standard deviation and size. The difference D is ours less theirs; its standard error is
``sqrt(s1**2 / n1 + s2**2 / n2)``, with as many degrees of freedom as Welch (1947) and Satterthwaite
give it, and its 95 % interval is Student's. A printed mean is rounded, so half a unit of its last
digit is added to either end. Where no deviation is printed ours stands in for it, since the same
procedure is claimed; where it is not known how many runs there were, nothing can be concluded.

In this order:

1. ``cannot tell`` without a standard error, i.e. with one seed of ours or without a known number of
   published runs, and where nothing is published;
2. ``agree`` where the whole interval lies inside the margin, be it to one side of zero or not: the
   rule for practical equivalence that `harness.analysis.comparison.judge` has. It is two one-sided
   tests at 2.5 %. A wide interval around zero does not agree;
3. ``differ`` where the p value of D, corrected by Holm over all values of the protocol, is at most
   0.05;
4. ``cannot tell`` otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.analysis.significance import holm
from harness.gate.published import PublishedValue
from harness.study.results import FloatArray

ALPHA = 0.05

Numbers = Literal["agree", "differ", "cannot tell"]


@dataclass(frozen=True)
class Distance:
    """How far our mean is from a published one.

    Attributes:
        difference: ours less theirs.
        se: its standard error; None where it is not known.
        ci: its 95 % interval, rounding included; None likewise.
        p: two-sided p value of no difference but by rounding; None likewise.
        lacking: why there is no standard error; empty where there is one.
    """

    difference: float
    se: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    lacking: str = ""


def distance(ours: FloatArray, theirs: PublishedValue) -> Distance:
    """Compare our runs with a published mean.

    Args:
        ours: one value a run, shape (n,), not empty, on the published scale.
        theirs: the published value.
    """
    difference = float(ours.mean()) - theirs.mean
    if ours.size < 2:
        return Distance(difference, lacking="one seed has no standard error")
    if theirs.runs is None or (theirs.std is not None and theirs.runs < 2):
        return Distance(difference, lacking="how many runs they had is not known")
    own = float(ours.var(ddof=1))
    other = own if theirs.std is None else theirs.std**2
    se = math.sqrt(own / ours.size + other / theirs.runs)
    # A spread that ours stands in for is as well known as ours.
    freedom = ours.size - 1 if theirs.std is None else min(ours.size, theirs.runs) - 1
    away = max(0.0, abs(difference) - theirs.rounding)
    half, p = 0.0, float(away == 0.0)
    if se > 0.0:
        from scipy import special

        half = float(special.stdtrit(freedom, 1 - ALPHA / 2)) * se
        p = 2 * float(special.stdtr(freedom, -away / se))
    half += theirs.rounding
    return Distance(difference, se, (difference - half, difference + half), p)


def numbers(distances: Sequence[Distance | None], margins: Sequence[float]) -> list[Numbers]:
    """Judge a family of distances; see the module.

    Args:
        distances: None where nothing is published.
        margins: differences up to this are practically none, one a distance.
    """
    tested = [each.p for each in distances if each is not None and each.p is not None]
    adjusted = iter(holm(np.array(tested, dtype=np.float64)))
    found: list[Numbers] = []
    for each, margin in zip(distances, margins, strict=True):
        if each is None or each.ci is None:
            found.append("cannot tell")
            continue
        p = float(next(adjusted))
        if -margin <= each.ci[0] and each.ci[1] <= margin:
            found.append("agree")
        else:
            found.append("differ" if p <= ALPHA else "cannot tell")
    return found
