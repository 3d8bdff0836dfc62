"""BRP-NAS (Dudziak et al., NeurIPS 2020)."""

from __future__ import annotations

from math import ceil, inf
from typing import ClassVar, Literal

import numpy as np

from harness import Architecture, Method, Predictor, Problem, require
from methods.predictor.labels import Labels, candidates
from methods.predictor.models.binary_relation import BinaryRelation
from methods.predictor.proposals import ask_in_order, more


class BRPNAS(Method):
    """A binary relation predictor, trained in rounds on what it puts ever higher.

    The first round labels random architectures. In each of the next ones, half of the new labels go
    to the predicted top, and half to random architectures of the predicted top ``1 / 2**i`` of the
    space, i being the number of rounds before (section 4.2 and the released code). Then the space
    is ranked once more, and evaluated in this order until the budget is spent.

    Deviations: each round trains fresh weights and as long as the others, where the published
    search goes on with the weights of the round before, with more epochs and larger batches; and
    the training is faster by default, see `BinaryRelation`.

    Attributes:
        labels: how many architectures are labelled for training.
        rounds: in how many rounds of equal size.
        hidden: numbers a node of the network; published: 600.
        schedule: of the network's training.
        targets: whose softmax it learns, see `methods.predictor.models.targets.targets_of`.
        samples: how many are ranked of a space that cannot be listed.
    """

    extra: ClassVar[str] = "neural"

    labels: int = 100
    rounds: int = 5
    hidden: int = 64
    schedule: Literal["fast", "published"] = "fast"
    targets: Literal["ranks", "standardised"] = "ranks"
    samples: int = 10_000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, rounds=(1, inf), labels=(self.rounds, inf), hidden=(1, inf), samples=(1, inf))

    def needs(self) -> frozenset[str]:
        """See `Method.needs`."""
        return frozenset({"graph"})

    def search(self, problem: Problem) -> None:
        """Train in rounds, then evaluate the ranking until the budget is spent."""
        labels = Labels(problem)
        model = BinaryRelation(hidden=self.hidden, schedule=self.schedule, targets=self.targets)
        sizes = [len(part) for part in np.array_split(np.arange(self.labels), self.rounds)]
        labels.ask(labels.sample_new(sizes[0]))
        for i, size in enumerate(sizes[1:], start=1):
            if more(problem):
                labels.teach(model)
                labels.ask(self._chosen(problem, labels, model, size, i))
        if more(problem):
            labels.teach(model)
            ask_in_order(problem, labels, model, self.samples)

    def _chosen(
        self, problem: Problem, labels: Labels, model: Predictor, size: int, i: int
    ) -> list[Architecture]:
        pool = candidates(problem, self.samples)
        predicted = model.predict(pool)
        best = labels.best_new(pool, predicted, size)
        top = pool[np.argsort(-predicted, kind="stable")[: ceil(len(pool) / 2**i)]]
        others = [tuple(row) for row in problem.rng.permutation(top).tolist()]
        # The best ones again, in case that too few of the others are new.
        return labels.new([*best[: size // 2], *others, *best], size)
