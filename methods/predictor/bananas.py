"""BANANAS (White, Neiswanger and Savani, AAAI 2021)."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

import numpy as np

from harness import Method, Problem, require
from methods.predictor.labels import Labels
from methods.predictor.models.mlp import MLP
from methods.predictor.proposals import more, mutants

# Random architectures, and how many of them the path encoding must tell apart to be used: 193 in
# NAS-Bench-101, 190 in NAS-Bench-201, but 76 in NAS-Bench-Graph and 1 in a chain of eight, where
# networks on features order the space much better.
SAMPLES, TOLD_APART = 200, 150


class BANANAS(Method):
    """Bayesian optimisation with an ensemble of networks on the path encoding.

    After random samples, each round trains fresh networks on all labels and draws a score of each
    candidate, a mutation of the best, from what the ensemble expects of it (independent Thompson
    sampling); the highest are evaluated. All constants are those of the paper (section 5 and
    appendix B) and its code. One deviation: scores are scaled for the networks, see `MLP`, since
    benchmarks have many units.

    A space without graphs is shown by its features, and so is one of whose graphs the shortest
    paths say little, as they do of long chains.

    Attributes:
        initial: random architectures that are evaluated first.
        batch: how many are evaluated in a round.
        candidates: how many mutations are compared.
        encoding: what the networks see; ``auto`` for paths where the space has graphs and the paths
            tell most architectures apart, else features.
        paths: number of paths that are kept. All of at most two operations are 31 in NAS-Bench-201,
            where the published search keeps these.
        members: networks in the ensemble.
        layers: hidden layers of each.
        width: units of a layer.
        epochs: passes over the labels.
        targets: what the networks learn, see `methods.predictor.models.targets.targets_of`.
    """

    extra: ClassVar[str] = "neural"

    initial: int = 10
    batch: int = 10
    candidates: int = 100
    encoding: Literal["auto", "paths", "features"] = "auto"
    paths: int = 40
    members: int = 5
    layers: int = 10
    width: int = 20
    epochs: int = 150
    targets: Literal["ranks", "standardised"] = "standardised"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(1, inf), batch=(1, inf), candidates=(1, inf), paths=(1, inf))
        require(self, members=(2, inf), layers=(0, inf), width=(1, inf), epochs=(1, inf))

    def needs(self) -> frozenset[str]:
        """See `Method.needs`."""
        return frozenset({"graph" if self.encoding == "paths" else "features"})

    def search(self, problem: Problem) -> None:
        """Train, draw and evaluate until the budget is spent or nothing new is left."""
        labels = Labels(problem)
        labels.ask(labels.sample_new(self.initial))
        model = MLP(
            members=self.members,
            layers=self.layers,
            width=self.width,
            epochs=self.epochs,
            batch=32,
            rate=0.01,
            beta2=0.99,
            loss="mae",
            encoding=self._encoding(problem),
            paths=self.paths,
            targets=self.targets,
        )
        while more(problem) and (pool := mutants(problem, labels, self.candidates)):
            labels.teach(model)
            drawn = problem.rng.normal(*model.predict_with_std(pool))
            labels.ask(labels.best_new(problem.space.integers(pool), drawn, self.batch))

    def _encoding(self, problem: Problem) -> Literal["paths", "features"]:
        if self.encoding != "auto":
            return self.encoding
        space = problem.space
        if "graph" not in space.encodings:
            return "features"
        # Drawn apart from the search, so that a given encoding makes no other samples.
        rng = np.random.default_rng(0)
        encoded = space.paths([space.sample(rng) for _ in range(SAMPLES)], self.paths)
        different = len({row.tobytes() for row in encoded})
        # A space with fewer architectures can still be told apart as a whole.
        return "paths" if different >= min(TOLD_APART, space.cardinality) else "features"
