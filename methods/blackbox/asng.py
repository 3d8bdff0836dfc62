"""ASNG (Akimoto et al., ICML 2019): adaptive stochastic natural gradient."""

from __future__ import annotations

from math import inf

from harness import Architecture, Method, Problem, require
from methods.blackbox.proposals import first_valid
from methods.genotype_law import GenotypeLaw
from methods.natural_gradient import AdaptiveNaturalGradient


class ASNG(Method):
    """Learn independent probabilities by natural gradients whose length adapts to the noise.

    Each update compares `samples` draws by rank alone (sections 3.2 and 3.3; the paper uses it
    within one-shot search, see ``asng-nas``). Ordered decisions are integers with a normal
    distribution each, which learns from rounded draws. Draws that are invalid are repeated and
    counted. The recommendation is the mode, which one query is kept for; where the mode is invalid,
    it is the most probable genotype of those evaluated. Up to `samples` queries can be left at the
    end, since fewer make no update. Where a budget does not pay for the mode, the best score
    decides.

    Attributes:
        samples: draws an update.
        alpha: ratio of signal to noise at which the length of a step stays as it is.
        step: length of a step at first, in the Fisher metric.
        adaptive: whether the length is adapted; false is SNG, the comparator of the paper.
    """

    samples: int = 2
    alpha: float = 1.5
    step: float = 1.0
    adaptive: bool = True

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, samples=(2, inf), alpha=(1, inf), step=(1e-12, inf))

    def search(self, problem: Problem) -> Architecture:
        """Learn until what is left pays for one query, and spend it on the mode."""
        space = problem.space
        law = GenotypeLaw(space)
        learner = AdaptiveNaturalGradient(law.variables, self.alpha, self.step, self.adaptive)

        def draw() -> Architecture:
            (arch,) = law.genotypes(law.draw(problem.rng, 1))
            if not space.is_valid(arch):
                problem.count("invalid genotypes drawn")
            return arch

        seen: set[Architecture] = set()
        dearest = 0.0
        # What a query costs is not known before the first one.
        while problem.budget.amount >= (self.samples + 1) * dearest:
            archs = [first_valid(space, problem.rng, draw) for _ in range(self.samples)]
            losses = []
            for arch in archs:
                before = problem.budget.amount
                losses.append(-problem.evaluate(arch))
                dearest = max(dearest, before - problem.budget.amount)
            seen.update(archs)
            learner.update(law.without_fractions(archs), losses)
        chosen = law.mode
        if not space.is_valid(chosen):
            chosen = most_probable(law, seen)
        problem.evaluate(chosen)
        return chosen


def most_probable(law: GenotypeLaw, archs: set[Architecture]) -> Architecture:
    """The genotype of highest probability; the first in order of equals."""
    return max(sorted(archs), key=law.log_probability)
