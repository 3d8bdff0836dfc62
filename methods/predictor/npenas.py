"""NPENAS (Wei, Niu, Tang, Wang, Hu and Liang, TNNLS 2022)."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

from harness import Method, Problem, require
from methods.predictor.labels import Labels
from methods.predictor.models.gin import GIN
from methods.predictor.proposals import more, mutants


class NPENAS(Method):
    """Evolution in which a graph network chooses among many children of the best.

    After random samples, each round trains a fresh graph isomorphism network on all labels; of the
    candidates, mutations of the best architecture and the next ones, those with the highest
    prediction are evaluated (variant ``np``, section 3.4), or with the highest draw from the
    predicted normal distribution (variant ``bo``, section 3.3). All counts are published ones.

    The network is trained with a schedule of ours by default, which is faster; see `GIN` for it and
    for the published one. The paper's ``*_new`` variants, in which labels of the first round take
    the place of predictions, are left out on purpose.

    Attributes:
        variant: how candidates are chosen.
        initial: random architectures that are evaluated first.
        batch: how many are evaluated in a round.
        candidates: how many children are compared.
        schedule: of the network's training.
        targets: what the network learns, see `methods.predictor.models.targets.targets_of`.
    """

    extra: ClassVar[str] = "neural"

    variant: Literal["np", "bo"] = "np"
    initial: int = 10
    batch: int = 10
    candidates: int = 100
    schedule: Literal["fast", "published"] = "fast"
    targets: Literal["ranks", "standardised"] = "ranks"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(1, inf), batch=(1, inf), candidates=(1, inf))

    def needs(self) -> frozenset[str]:
        """See `Method.needs`."""
        return frozenset({"graph"})

    def search(self, problem: Problem) -> None:
        """Train, choose and evaluate until the budget is spent or nothing new is left."""
        labels = Labels(problem)
        labels.ask(labels.sample_new(self.initial))
        model = GIN(uncertainty=self.variant == "bo", schedule=self.schedule, targets=self.targets)
        while more(problem) and (pool := mutants(problem, labels, self.candidates)):
            labels.teach(model)
            if self.variant == "bo":
                values = problem.rng.normal(*model.predict_with_std(pool))
            else:
                values = model.predict(pool)
            labels.ask(labels.best_new(problem.space.integers(pool), values, self.batch))
