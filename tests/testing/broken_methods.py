"""Methods that each break one rule; the names of the rules are in test_checks.py."""

from __future__ import annotations

import gc
import math
import random
import sys
import time

import numpy as np

from harness import BudgetExhausted, Method

SEEN = []


def sample(problem):
    return problem.space.sample(problem.rng)


class Good(Method):
    """Samples."""

    count: int = 100
    share: float = 0.5
    name: str = "a"
    flag: bool = False
    limit: int | None = None

    def search(self, problem):
        for _ in range(self.count):
            problem.evaluate(sample(problem))


class Enumerates(Method):
    """Asks for everything in order; draws nothing."""

    def search(self, problem):
        problem.evaluate_many(list(problem.space.enumerate()))


class Catches(Method):
    """Catches the end of the budget and recommends what it saw first."""

    def search(self, problem):
        first = sample(problem)
        try:
            problem.evaluate(first)
            while True:
                problem.evaluate(sample(problem))
        except BudgetExhausted:
            return first


class GlobalRandom(Method):
    """Draws from the global generator of the standard library."""

    def search(self, problem):
        archs = list(problem.space.enumerate())
        while True:
            problem.evaluate(random.choice(archs))


class NumpyGlobal(Method):
    """Draws from the global generator of NumPy."""

    def search(self, problem):
        archs = list(problem.space.enumerate())
        while True:
            problem.evaluate(archs[np.random.randint(len(archs))])  # noqa: NPY002


class SeedsGlobal(Method):
    """Seeds a global generator, if only from the run's own one."""

    def search(self, problem):
        random.seed(int(problem.rng.integers(1000)))
        archs = list(problem.space.enumerate())
        while True:
            problem.evaluate(random.choice(archs))


class TorchGlobal(Method):
    """Seeds the global generator of torch."""

    def search(self, problem):
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(int(problem.rng.integers(1000)))
        problem.evaluate(sample(problem))


class Unseeded(Method):
    """Has a generator without a seed."""

    def search(self, problem):
        rng = np.random.default_rng()
        while True:
            problem.evaluate(problem.space.sample(rng))


class IgnoresSeed(Method):
    """Has a generator with a seed of its own."""

    def search(self, problem):
        rng = np.random.default_rng(0)
        while True:
            problem.evaluate(problem.space.sample(rng))


class ReadsClock(Method):
    """Lets the clock decide."""

    def search(self, problem):
        while True:
            if time.time_ns() // 100 % 2:
                sample(problem)
            problem.evaluate(sample(problem))


class ClassState(Method):
    """Remembers what earlier runs asked for."""

    def search(self, problem):
        while True:
            arch = sample(problem)
            problem.evaluate(arch)
            SEEN.append(arch)
            if len(SEEN) % 3:
                sample(problem)


class Invalid(Method):
    """Does not know of validity rules."""

    def search(self, problem):
        while True:
            draws = problem.rng.random(len(problem.space.sizes)).tolist()
            sizes = problem.space.sizes
            problem.evaluate(tuple(int(u * n) for u, n in zip(draws, sizes, strict=True)))


class InvalidSwallowed(Method):
    """Finds out what is valid by trying."""

    def search(self, problem):
        sizes = problem.space.sizes
        while True:
            draws = problem.rng.random(len(sizes)).tolist()
            try:
                problem.evaluate(tuple(int(u * n) for u, n in zip(draws, sizes, strict=True)))
            except Exception:
                continue


class SwallowsForever(Method):
    """Never ends."""

    def search(self, problem):
        while True:
            try:  # noqa: SIM105
                problem.evaluate(sample(problem))
            except:  # noqa: E722
                pass


class SwallowsSome(Method):
    """Goes on for a while after its budget is spent."""

    def search(self, problem):
        for _ in range(1000):
            try:
                problem.evaluate(sample(problem))
            except BaseException:
                continue


class Hangs(Method):
    """Asks for nothing."""

    def search(self, problem):
        while True:
            time.sleep(0.001)


class Exits(Method):
    """Leaves the program."""

    def search(self, problem):
        sys.exit(0)


class Prints(Method):
    """Prints."""

    def search(self, problem):
        while True:
            problem.evaluate(sample(problem))
            print("score")


class ReturnsUnknown(Method):
    """Recommends something that is no architecture."""

    def search(self, problem):
        problem.evaluate(sample(problem))
        return (99,) * len(problem.space.sizes)


class ReturnsList(Method):
    """Recommends a list."""

    def search(self, problem):
        problem.evaluate(sample(problem))
        return list(sample(problem))


class SetOrder(Method):
    """Follows the order of a set of texts."""

    def search(self, problem):
        texts = {problem.space.to_str(arch) for arch in problem.space.enumerate()}
        for text in texts:
            problem.evaluate(problem.space.from_str(text))


class Peeks(Method):
    """Digs the benchmark out of the problem and asks it for test scores."""

    def search(self, problem):
        near = gc.get_referents(problem)
        (benchmark,) = (thing for thing in near if hasattr(thing, "report"))
        archs = list(problem.space.enumerate())
        scores = benchmark.report(archs)
        problem.evaluate(archs[int(np.argmax(scores))])


class Logarithm(Method):
    """Thinks that scores are positive."""

    def search(self, problem):
        while True:
            math.log(problem.evaluate(sample(problem)))


class DividesBySpread(Method):
    """Thinks that scores differ."""

    def search(self, problem):
        scores = [problem.evaluate(sample(problem)) for _ in range(5)]
        while True:
            scores.append(problem.evaluate(sample(problem)))
            1 / (max(scores) - min(scores))


class NeedsTwoQueries(Method):
    """Thinks that there are two queries."""

    def search(self, problem):
        scores = {}
        try:
            problem.evaluate(sample(problem))
            while True:
                arch = sample(problem)
                scores[arch] = problem.evaluate(arch)
        except BudgetExhausted:
            return max(scores, key=scores.get)


class QueriesOnly(Method):
    """Thinks that budgets are queries."""

    def search(self, problem):
        if problem.budget.unit != "queries":
            raise ValueError(problem.budget.unit)
        problem.evaluate(sample(problem))


class NeedsTwoFidelities(Method):
    """Thinks that there are several fidelities."""

    def search(self, problem):
        problem.evaluate(sample(problem), problem.fidelities[-2])


class HalvesEpochs(Method):
    """Thinks that epochs are known."""

    def search(self, problem):
        arch = sample(problem)
        problem.evaluate(arch)
        problem.evaluate(arch, min(problem.fidelities))


class NeedsSeconds(Method):
    """Thinks that epochs are numbers."""

    def search(self, problem):
        problem.fidelities[-1] // 2
        problem.evaluate(sample(problem))


class EveryQueryCosts(Method):
    """Thinks that every query is charged."""

    def search(self, problem):
        arch = sample(problem)
        while True:
            before = problem.budget.amount
            problem.evaluate(arch)
            if problem.budget.unit == "queries" and problem.budget.amount != before - 1:
                raise ValueError("not charged")


class WantsAnother(Method):
    """Draws until it meets another architecture."""

    def search(self, problem):
        arch = sample(problem)
        while True:
            problem.evaluate(arch)
            other = sample(problem)
            while other == arch:
                other = sample(problem)
            arch = other


class Undocumented(Method):
    def search(self, problem):
        problem.evaluate(sample(problem))


class Untyped(Method):
    """Has a hyper-parameter without a type."""

    population = 10

    def search(self, problem):
        problem.evaluate(sample(problem))


class NoDefault(Method):
    """Has a hyper-parameter without a default."""

    population: int

    def search(self, problem):
        problem.evaluate(sample(problem))


class WrongDefault(Method):
    """Has a default of another type than its field."""

    share: float = 1

    def search(self, problem):
        problem.evaluate(sample(problem))


class Parenthesis(Method):
    """Has a default that a command line cannot write."""

    layers: str = "3,5)"

    def search(self, problem):
        problem.evaluate(sample(problem))
