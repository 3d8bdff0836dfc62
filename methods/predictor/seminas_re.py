"""SemiNAS with evolution (Luo et al., NeurIPS 2020): a predictor picks among children."""

from __future__ import annotations

from collections import deque
from math import inf

from harness import Architecture, Method, Predictor, Problem, load_predictor, require
from methods.predictor.labels import Labels
from methods.predictor.models.self_training import SelfTraining


class SemiNASRE(Method):
    """Aging evolution in which a semi-supervised predictor picks among the children of a parent.

    Regularized evolution (Real et al., AAAI 2019, algorithm 1) makes one child and evaluates it.
    Here each parent has several, and the one with the best prediction is evaluated. The paper says
    that its predictor was plugged into evolution and no more, so everything about the children is
    ours. The evolution is that of ``regularized-evolution`` with its defaults, save that nothing is
    evaluated twice: where all children are known already, a random architecture takes their place.

    With ``semi_supervised=false`` the same predictor learns from labels alone, which is the search
    to compare this one with.

    Attributes:
        predictor: by name or path.
        semi_supervised: whether the predictor also learns from its own guesses, see
            ``self-training``. One that does so by itself, as ``seminas`` does, wants false.
        unlabelled: how many architectures it guesses for in each fit; the 10,000 of the paper
            would make every one of the many fits five times as slow.
        population: how many are alive.
        sample: how many of them are drawn, with replacement, to find a parent.
        children: how many children a parent has.
        refit: evaluations between two fits.
    """

    predictor: str = "lightgbm"
    semi_supervised: bool = True
    unlabelled: int = 2_000
    population: int = 10
    sample: int = 3
    children: int = 20
    refit: int = 10

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, population=(1, inf), sample=(1, inf), children=(1, inf), refit=(1, inf))
        require(self, unlabelled=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the predictor needs."""
        return load_predictor(self.predictor).needs()

    def search(self, problem: Problem) -> None:
        """Evolve until the budget is spent or nothing is new."""
        labels = Labels(problem)
        labels.ask(labels.sample_new(self.population))
        alive = deque(zip(labels.scores, labels.archs, strict=True), maxlen=self.population)
        predictor = labels.teach(self._predictor())
        fitted = len(labels.archs)
        while True:
            if len(labels.archs) >= fitted + self.refit:
                predictor = labels.teach(self._predictor())
                fitted = len(labels.archs)
            child = self._child(problem, labels, predictor, alive)
            if not child:
                return
            labels.ask(child)
            alive.append((labels.scores[-1], labels.archs[-1]))

    def _predictor(self) -> Predictor:
        if self.semi_supervised:
            return SelfTraining(predictor=self.predictor, unlabelled=self.unlabelled)
        return load_predictor(self.predictor)

    def _child(
        self,
        problem: Problem,
        labels: Labels,
        predictor: Predictor,
        alive: deque[tuple[float, Architecture]],
    ) -> list[Architecture]:
        """The child to evaluate; nothing where the space has nothing new."""
        space, rng = problem.space, problem.rng
        drawn = [alive[int(u * len(alive))] for u in rng.random(self.sample).tolist()]
        parent = max(drawn, key=lambda member: member[0])[1]
        children = labels.new(space.mutate(parent, rng) for _ in range(self.children))
        if not children:
            return labels.sample_new(1)
        return labels.best_new(space.integers(children), predictor.predict(children), 1)
