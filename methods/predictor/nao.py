"""NAO (Luo et al., NeurIPS 2018): gradient ascent in a space that an encoder made continuous."""

from __future__ import annotations

from math import inf
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Method, Problem, require
from methods.predictor.gradient_ascent import climb, rounds_of
from methods.predictor.labels import Labels

Rows = NDArray[np.integer[Any]]


class NAO(Method):
    """Move the codes of the best architectures along a predictor's gradient and decode new ones.

    Each round trains an encoder-predictor-decoder further on all labels, encodes the best
    architectures and decodes new ones from further and further along the gradient of the predicted
    score, until it has a batch of them (Luo et al., NeurIPS 2018, section 3.2). This is the NAO
    that SemiNAS (Luo et al., NeurIPS 2020) compares with on NAS-Bench-101: its network, and no
    unlabelled architectures. The schedule of training is shortened, see `NAOPredictor`.

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
        seeds: best architectures from which the ascent begins.
        step: the first step along the gradient, and what each further one adds.
        longest: the last step.
    """

    extra: ClassVar[str] = "neural"

    settings: Literal["paper", "released"] = "paper"
    schedule: Literal["fast", "paper"] = "fast"
    initial: int = 0
    batch: int = 0
    seeds: int = 100
    step: float = 1.0
    longest: float = 100.0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(0, inf), batch=(0, inf), seeds=(1, inf), step=(1e-6, inf))
        require(self, longest=(self.step, inf))

    def needs(self) -> frozenset[str]:
        """Sequences of tokens."""
        return frozenset({"sequence"})

    def search(self, problem: Problem) -> None:
        """Label, train and climb until the budget is spent or nothing is new."""
        from methods.predictor.models.encoder_decoder_training import Learner

        labels = Labels(problem)
        initial, batch = rounds_of(problem.budget, self.initial, self.batch)
        labels.ask(labels.sample_new(initial))
        learner = Learner(problem.space, problem.rng, self.settings, self.schedule)
        steps = [self.step * i for i in range(1, int(self.longest / self.step) + 1)]
        while problem.budget.amount > 0:
            archs, scores = problem.space.integers(labels.archs), np.array(labels.scores)
            others, upsample = self._others(problem, archs)
            guesses = learner.fit(archs, scores, others, upsample)
            best = np.argsort(-np.concatenate([scores, guesses]), kind="stable")[: self.seeds]
            seeds = np.concatenate([archs, others])[best]
            found = climb(problem, labels, learner, seeds, steps, batch)
            labels.ask(found)
            random = labels.sample_new(batch - len(found))
            problem.count("random samples in place of decoded ones", len(random))
            labels.ask(random)
            if not found and not random:
                return

    def _others(self, problem: Problem, archs: Rows) -> tuple[Rows, int]:
        """Architectures without label that are learned from, and the weight of a label."""
        return archs[:0], 1
