"""The contract of a predictor: it learns the scores of a few architectures and guesses the rest."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.core.configured import Configured
from harness.core.errors import HarnessError
from harness.core.logs import Logs, write_down
from harness.core.space import Architecture, Architectures, SearchSpace
from harness.core.suitability import refuse_lacking_encodings

if TYPE_CHECKING:
    from harness.core.problem import Problem

FloatArray = NDArray[np.float64]
Properties = Callable[[Architecture], Mapping[str, float]]


def _no_properties(arch: Architecture) -> Mapping[str, float]:
    return {}


class Predictor(Configured, ABC):
    """Orders architectures by the scores that it expects of them.

    A subclass writes its hyper-parameters as annotated fields with defaults, and implements
    `learn` and `guess`; one that knows how sure it is implements `guess_with_std` as well. What
    it learned belongs into attributes that are no fields, names with an underscore. To use one::

        predictor.attach(space, rng)
        predictor.fit(archs, scores)
        order = predictor.predict(others).argsort()[::-1]

    Attributes:
        space: of the architectures; set by `attach`.
        rng: the only source of randomness that a predictor may use; set by `attach`.
        properties: what is known of an architecture for free; set by `attach`.
        task: data and networks, see `Benchmark.task`; set by `attach`.
        logs: what `log` wrote down, by its name.
        spent: epochs of training that its work on networks was worth since `attach`. A subclass
            adds what `learn` spends; what predictions cost is added by itself.
    """

    def needs(self) -> frozenset[str]:
        """Encodings that the search space must have; see `SearchSpace.encodings`."""
        return frozenset({"features"})

    def learns(self) -> bool:
        """Whether predictions depend on the scores that it was given; by default True."""
        return True

    def cost(self) -> float:
        """Epochs of training that the prediction of one architecture is worth; by default 0.

        Known once it is attached. An image whose loss is differentiated counts as one of an epoch,
        and one that is only shown to the network as a third, as in a one-shot method.
        """
        return 0.0

    def attach(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        properties: Properties = _no_properties,
        task: Any = None,
    ) -> None:
        """Say what the architectures are.

        Args:
            space: of the architectures.
            rng: a generator; each fit draws from it.
            properties: what is known of an architecture for free.
            task: data and networks, for a predictor that trains some; see `Benchmark.task`.

        Raises:
            HarnessError: the space lacks an encoding that the predictor needs, or there is no task
                for one that trains networks.
        """
        refuse_lacking_encodings(self.class_name(), self.needs(), space)
        if task is None and self.trains():
            raise HarnessError(
                f"{self.class_name()} needs images and networks, which only some benchmarks have; "
                "those that have none are tables"
            )
        # Not declared in the class, where they would become hyper-parameters.
        self.space: SearchSpace = space
        self.rng: np.random.Generator = rng
        self.properties: Properties = properties
        self.task: Any = task
        self.logs: Logs = {}
        self.spent: float = 0.0
        self._trains = self.trains()
        self._problem: Problem | None = None

    def attach_to(self, problem: Problem) -> None:
        """Attach to what a method searches, and charge it whatever is spent on networks.

        Raises:
            HarnessError: see `attach`.
        """
        self.attach(
            problem.space,
            problem.rng,
            problem.properties,
            problem.task if self.trains() else None,
        )
        self._problem = problem

    def fit(self, archs: Architectures, scores: Sequence[float] | FloatArray) -> None:
        """Learn anew; what was learned before is forgotten.

        Args:
            archs: n different or repeated genotypes of the space, n of at least 1.
            scores: higher is better, shape (n,); may be constant.

        Raises:
            HarnessError: there is nothing to learn from, or a score is no finite number.
            BudgetExhausted: what it spent on networks does not fit into what is left.
        """
        targets = np.asarray(scores, np.float64)
        if len(archs) == 0 or targets.shape != (len(archs),):
            raise HarnessError(
                f"{self.class_name()} learns from one score an architecture and needs at least "
                f"one; it was given {len(archs)} architectures and scores of shape {targets.shape}"
            )
        if not np.isfinite(targets).all():
            bad = np.flatnonzero(~np.isfinite(targets))
            raise HarnessError(
                f"{self.class_name()} cannot learn from {len(bad)} of {len(targets)} scores that "
                f"are not finite, the first one {targets[bad[0]]} at position {bad[0]}"
            )
        with self._charged():
            self.learn(self.space.integers(archs), targets)

    def predict(self, archs: Architectures) -> FloatArray:
        """Expected scores, shape (n,); only their order means something for some predictors.

        Raises:
            HarnessError: a prediction is NaN.
            BudgetExhausted: what it spent on networks does not fit into what is left.
        """
        with self._charged(len(archs)):
            guessed = self.guess(self.space.integers(archs))
        return self._checked(guessed, len(archs))

    def predict_with_std(self, archs: Architectures) -> tuple[FloatArray, FloatArray]:
        """Expected scores and their standard deviations, each of shape (n,).

        Raises:
            HarnessError: the predictor does not know how sure it is, or a prediction is NaN.
        """
        with self._charged(len(archs)):
            mean, std = self.guess_with_std(self.space.integers(archs))
        return self._checked(mean, len(archs)), self._checked(std, len(archs))

    def log(self, name: str, value: float | Sequence[float]) -> None:
        """Write something down; see `Problem.log`."""
        write_down(self.logs, name, value)

    @property
    def has_std(self) -> bool:
        """Whether `predict_with_std` works."""
        return type(self).guess_with_std is not Predictor.guess_with_std

    @abstractmethod
    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """Learn from architectures of shape (n, decisions) and their scores of shape (n,)."""

    @abstractmethod
    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """Expected scores of architectures of shape (n, decisions)."""

    def guess_with_std(self, archs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Expected scores and their standard deviations; implemented where it can be known."""
        raise HarnessError(f"{self.class_name()} does not say how sure it is of a prediction")

    @contextmanager
    def _charged(self, predictions: int = 0) -> Iterator[None]:
        """Charge the problem that it is attached to, if any, for what is done meanwhile.

        Seconds of the processor are charged where the budget is one of seconds. They would differ
        from run to run, so they are not where nothing depends on them.
        """
        before, start = self.spent, time.process_time()
        yield
        if predictions:
            self.spent += predictions * self.cost()
        if self._trains and self._problem is not None:
            measured = self._problem.budget.unit == "seconds"
            self._problem.spend(
                epochs=self.spent - before,
                seconds=time.process_time() - start if measured else 0.0,
            )

    def _checked(self, guessed: FloatArray, expected: int) -> FloatArray:
        if guessed.shape != (expected,):
            raise HarnessError(
                f"{self.class_name()} returned predictions of shape {guessed.shape} "
                f"for {expected} architectures"
            )
        if np.isnan(guessed).any():
            raise HarnessError(
                f"{self.class_name()} returned NaN for {int(np.isnan(guessed).sum())} of "
                f"{expected} architectures: its training diverged"
            )
        return guessed.astype(np.float64, copy=False)
