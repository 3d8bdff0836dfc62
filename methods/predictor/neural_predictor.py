"""The search with the Neural Predictor (Wen et al., ECCV 2020)."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

from harness import Method, Problem, require
from methods.predictor.labels import Labels
from methods.predictor.models.gcn import GCN
from methods.predictor.proposals import ask_in_order, more


class NeuralPredictor(Method):
    """Label random architectures, train once, and evaluate what is predicted to be best.

    The three steps of section 3: N random labels, a graph convolutional network on them, and the
    architectures with the highest predictions until the budget is spent. N is 172 in the paper,
    which also filters them with a classifier of accuracies above 91 percent; ranks as targets make
    up for that here. The training is faster by default than the published one, see `GCN`.

    Attributes:
        labels: largest number of random labels.
        share: largest part of the budget that they get.
        hidden: numbers a node of the network; published: 144.
        schedule: of the network's training.
        targets: what the network learns, see `methods.predictor.models.targets.targets_of`.
        samples: how many are ranked at a time of a space that cannot be listed.
    """

    extra: ClassVar[str] = "neural"

    labels: int = 172
    share: float = 0.5
    hidden: int = 64
    schedule: Literal["fast", "published"] = "fast"
    targets: Literal["ranks", "standardised"] = "ranks"
    samples: int = 10_000

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, labels=(1, inf), share=(0, 1), hidden=(1, inf), samples=(1, inf))

    def needs(self) -> frozenset[str]:
        """See `Method.needs`."""
        return frozenset({"graph"})

    def search(self, problem: Problem) -> None:
        """Sample, train, and evaluate the ranking until the budget is spent."""
        labels = Labels(problem)
        kept = (1 - self.share) * problem.budget.amount
        while len(labels.archs) < self.labels:
            found = labels.sample_new(1)
            if not found or (labels.archs and problem.budget.amount <= kept):
                break
            labels.ask(found)
        if more(problem):
            model = GCN(hidden=self.hidden, schedule=self.schedule, targets=self.targets)
            labels.teach(model)
            ask_in_order(problem, labels, model, self.samples)
