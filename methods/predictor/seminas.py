"""SemiNAS (Luo et al., NeurIPS 2020): NAO that also learns from architectures without label."""

from __future__ import annotations

from math import inf

from harness import Problem, require
from methods.predictor.models.unlabelled import draw_unlabelled
from methods.predictor.nao import NAO, Rows


class SemiNAS(NAO):
    """NAO whose network also learns its own guesses for architectures that nobody evaluated.

    Each round trains the network further on all labels, lets it guess the scores of unlabelled
    architectures that are drawn anew, trains it on both, and climbs from the best of both (Luo et
    al., NeurIPS 2020, algorithm 1). The schedule of training is shortened, see `SemiNASPredictor`;
    labels are normalised by those seen, not by the mean and deviation of the whole table.

    Invalid and known sequences that are decoded cost nothing and are counted. Where the longest
    step still leaves a batch short, random architectures fill it.

    Attributes:
        settings: ``paper`` has an LSTM of 16 and a predictor of 64; ``released``, as the code for
            NAS-Bench-101, 64 and 16.
        schedule: ``fast``, or ``paper`` for the published one.
        initial: random architectures that are labelled first; 0 for a third of up to 1,000
            queries, and 55 % of more.
        batch: labelled in each round; 0 for a third of up to 1,000 queries, and 15 % of more. With
            a budget of epochs or seconds 0 stands for 100, here and in `initial`.
        seeds: best architectures, evaluated or guessed, from which the ascent begins.
        step: the first step along the gradient, and what each further one adds.
        longest: the last step.
        unlabelled: how many architectures are guessed in each round; fewer where the space has
            fewer.
        upsample: how often a label counts beside a guess; 10 in the released code for 1,100
            labels, 0 for as many guesses as there are for each label, its fallback.
    """

    unlabelled: int = 10_000
    upsample: int = 0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        super().__post_init__()
        require(self, unlabelled=(0, inf), upsample=(0, inf))

    def _others(self, problem: Problem, archs: Rows) -> tuple[Rows, int]:
        others = draw_unlabelled(problem.space, problem.rng, archs, self.unlabelled)
        return others, self.upsample
