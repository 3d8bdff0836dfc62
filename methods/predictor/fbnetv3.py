"""FBNetV3 (Dai et al., CVPR 2021): joint architecture-recipe search, predictor pretraining."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, inf
from typing import ClassVar

import numpy as np

from harness import Architecture, HarnessError, Method, Predictor, Problem, load_predictor, require
from methods.predictor.evolution import Allowed, evolve
from methods.predictor.labels import Labels, candidates
from methods.predictor.pace import Pace

# Queries of a round at least, so that short searches do not fit anew for every few labels.
FEWEST = 10

# Draws for each random architecture that is wanted, where the space cannot be listed.
TRIES = 100


class FBNetV3(Method):
    """A pretrained predictor guides a few rounds, then an evolution whose winners are evaluated.

    The steps of Dai et al. (CVPR 2021, section 3): a predictor learns what is free to know of
    architectures; random ones are evaluated; in rounds, the predictor learns from all labels and
    what it puts on top is evaluated (constrained iterative optimisation); at last, mutation and
    crossover search the space with the predictor, and the winners are evaluated, in rounds here as
    well. Architecture and recipe are searched jointly wherever the space has a recipe: its
    decisions are decisions of the space like all others.

    The paper's sizes and schedules are not public here: all numbers are ours. Random samples stand
    for its quasi-random ones.

    With a cap, only architectures within it are evaluated. The predictor knows nothing of caps, so
    that one fit serves any.

    Attributes:
        predictor: by name or path.
        initial: share of the budget for random architectures.
        guided: share of the budget for the rounds that the predictor guides; evolution has the
            rest.
        rounds: of each of these two, fewer where each would have less than ten queries.
        pool: how many architectures are ranked in a round where the space cannot be listed.
        generations: of an evolution, at most.
        children: in a generation.
        survivors: that children descend from.
        cap: largest value of a free property; none for no limit.
        capped: name of that property.
    """

    extra: ClassVar[str] = "neural"

    predictor: str = "pretrained-mlp"
    initial: float = 0.5
    guided: float = 0.25
    rounds: int = 5
    pool: int = 10_000
    generations: int = 20
    children: int = 100
    survivors: int = 20
    cap: float | None = None
    capped: str = "params"

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, initial=(0, 1), guided=(0, 1 - self.initial), rounds=(1, inf), pool=(1, inf))
        require(self, generations=(1, inf), children=(1, inf), survivors=(1, inf))

    def needs(self) -> frozenset[str]:
        """What the predictor needs."""
        return load_predictor(self.predictor).needs()

    def search(self, problem: Problem) -> None:
        """Label at random, then from rankings, then from evolution, until nothing is left."""
        labels = Labels(problem)
        predictor = load_predictor(self.predictor)
        predictor.attach_to(problem)
        allowed = self._within(problem)
        pace = Pace(problem, labels)
        labels.ask(_random(problem, labels, allowed, 1))
        if not labels.archs:
            raise HarnessError(
                f"fbnetv3 found no architecture of {problem.space.id} with {self.capped} of at "
                f"most {self.cap:g}. Raise cap"
            )
        labels.ask(_random(problem, labels, allowed, pace.missing(self.initial * pace.whole)))
        for propose, end in ((self._ranked, self.initial + self.guided), (self._evolved, 1.0)):
            size = max(FEWEST, ceil(pace.missing(end * pace.whole) / self.rounds))
            while count := min(size, pace.missing(end * pace.whole)):
                predictor.fit(labels.archs, labels.scores)
                proposed = filter(allowed, propose(problem, labels, predictor))
                chosen = labels.new(proposed, count) or _random(problem, labels, allowed, count)
                if not chosen:
                    return
                labels.ask(chosen)

    def _within(self, problem: Problem) -> Allowed:
        """Whether an architecture is within the cap."""
        cap = self.cap
        if cap is None:
            return lambda arch: True

        def within(arch: Architecture) -> bool:
            known = problem.properties(arch)
            if self.capped not in known:
                raise HarnessError(
                    f"fbnetv3 cannot cap {self.capped}: what this benchmark knows of an "
                    f"architecture is {', '.join(sorted(known)) or 'nothing'}"
                )
            return known[self.capped] <= cap

        return within

    def _ranked(
        self, problem: Problem, labels: Labels, predictor: Predictor
    ) -> Iterator[Architecture]:
        """The space or samples of it, the best first."""
        rows = candidates(problem, self.pool)
        for i in np.argsort(-predictor.predict(rows), kind="stable"):
            yield tuple(rows[i].tolist())

    def _evolved(
        self, problem: Problem, labels: Labels, predictor: Predictor
    ) -> Iterator[Architecture]:
        """What an evolution from the best labels found, the best first; then what is ranked."""
        yield from evolve(
            problem.space,
            problem.rng,
            labels.top(self.survivors),
            predictor.predict,
            self._within(problem),
            generations=self.generations,
            children=self.children,
            survivors=self.survivors,
        )
        # Evolution can end where all is known, while other parts of the space are not.
        yield from self._ranked(problem, labels, predictor)


def _random(problem: Problem, labels: Labels, allowed: Allowed, count: int) -> list[Architecture]:
    """Random architectures that are allowed and not labelled; fewer where there are no more."""
    space, rng = problem.space, problem.rng

    def draws() -> Iterator[Architecture]:
        if space.enumerable:
            for i in rng.permutation(len(space.population)):
                yield tuple(space.population[i].tolist())
        else:
            for _ in range(TRIES * count):
                yield space.sample(rng)

    return labels.new(filter(allowed, draws()), count)
