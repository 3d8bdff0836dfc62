"""AceNAS (Zhang et al. 2021, "AceNAS: Learning to Rank Ace Neural Architectures")."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from harness import Architecture, Method, Predictor, Problem, load_predictor, require
from methods.predictor.labels import Labels, candidates
from methods.predictor.pace import Pace


class AceNAS(Method):
    """Learn to rank in rounds, half of each at random, then evaluate the predicted top.

    Of n labels each of five rounds adds a fifth. In the first round all are random; after that the
    predictor learns from what there is, and half of the next share is its top of the whole space,
    the rest random. In the end, the k that are predicted best are evaluated as well (Zhang et al.
    2021, the released code). The published count of labels is n; here n + k is the budget.

    The predictor is pretrained once in a search and tuned in each round from there, where the
    released code goes on from the weights of the round before.

    Attributes:
        predictor: what ranks, by name or path.
        rounds: of labelling before the end.
        top: k, at most half of the budget; up to 200 in the released code.
        pool: how many architectures are ranked in a round where the space cannot be listed; ours.
    """

    extra: ClassVar[str] = "neural"

    predictor: str = "lambdarank"
    rounds: int = 5
    top: int = 200
    pool: int = 10_000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, rounds=(1, inf), top=(0, inf), pool=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the predictor needs."""
        return load_predictor(self.predictor).needs()

    def search(self, problem: Problem) -> None:
        """Label in rounds, then from the predicted top, until nothing is left."""
        labels = Labels(problem)
        predictor = load_predictor(self.predictor)
        predictor.attach_to(problem)
        pace = Pace(problem, labels)
        labels.ask(labels.sample_new(1))
        for done in range(1, self.rounds + 1):
            learned = pace.whole - min(self.top, pace.whole // 2)
            share = pace.missing(learned * done / self.rounds)
            if done > 1:
                labels.ask(self._best(problem, labels, predictor, share // 2))
                share -= share // 2
            labels.ask(labels.sample_new(share))
        while share := pace.missing(pace.whole):
            best = self._best(problem, labels, predictor, share) or labels.sample_new(share)
            if not best:
                return
            labels.ask(best)

    def _best(
        self, problem: Problem, labels: Labels, predictor: Predictor, count: int
    ) -> list[Architecture]:
        """The predicted top of what is not labelled."""
        if count == 0:
            return []
        predictor.fit(labels.archs, labels.scores)
        rows = candidates(problem, self.pool)
        return labels.best_new(rows, predictor.predict(rows), count)
