"""The architectures that predictors are tried on: which are labelled, which are ordered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError
from harness.study.results import FloatArray, IntArray


@dataclass(frozen=True)
class Draw:
    """What one seed gives; indices of `Field.archs`.

    Attributes:
        labelled: to learn from, shape (labels,).
        tested: to be ordered, shape (tested,).
        shuffle: a random order of the latter, shape (tested,).
    """

    labelled: IntArray
    tested: IntArray
    shuffle: IntArray


class Field:
    """The architectures of a benchmark, drawn from by seed, with their true scores.

    Attributes:
        benchmark: where they come from.
        archs: one row each, shape (n, decisions).
        split: whether the benchmark fixes which ones are learnt from and which ones are ordered.
    """

    def __init__(self, benchmark: Benchmark) -> None:
        """List the architectures.

        Raises:
            HarnessError: the benchmark has too many, or cannot tell the score of each.
        """
        if not benchmark.reports_every_incumbent:
            raise HarnessError(
                f"{benchmark.id} trains each architecture that it reports, so that the true order "
                "is not known. Rank on a table: harness list benchmarks"
            )
        self.benchmark = benchmark
        parts = benchmark.ranking_split()
        self.split = parts is not None
        if parts is None:
            self.archs = benchmark.space.population
            self._train = self._all = len(self.archs)
        else:
            self.archs = np.concatenate(parts)
            self._train, self._all = len(parts[0]), len(self.archs)
        self._truth = np.full(self._all, np.nan)

    @property
    def available(self) -> int:
        """Largest number of labels that leaves two architectures to be ordered."""
        return self._train if self.split else max(0, self._all - 2)

    def tested(self, labels: int, candidates: int) -> int:
        """How many architectures are ordered.

        Args:
            labels: number of labels.
            candidates: largest number of architectures that are ordered.
        """
        return min(candidates, self._all - (self._train if self.split else labels))

    def draw(self, seed: int, labels: int, tested: int) -> Draw:
        """What a seed gives; it depends on the seed and the benchmark alone.

        The labelled architectures are the first ones of a random order, so that fewer labels are
        some of those of more. The tested ones are its last ones, so that they are the same ones
        however many are labelled, where there are enough. Of a fixed split both parts keep their
        order where they are taken whole.

        Args:
            seed: of the run.
            labels: up to `available`.
            tested: from `tested`.
        """
        digest = hashlib.sha256(self.benchmark.id.encode()).digest()
        rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
        if self.split:
            labelled = _some(self._train, labels, rng)
            test = self._train + _some(self._all - self._train, tested, rng)
        else:
            order = rng.permutation(self._all)
            labelled, test = order[:labels], order[self._all - tested :]
        return Draw(labelled, test, rng.permutation(tested))

    def labels(self, indices: IntArray, noise_key: int) -> FloatArray:
        """What a search sees of architectures at full fidelity, higher is better, shape (n,).

        Args:
            indices: shape (n,).
            noise_key: stands for the seed, see `Benchmark.oracle`.
        """
        oracle, epochs = self.benchmark.oracle(noise_key), self.benchmark.fidelities[-1]
        archs = self.benchmark.space.tuples(self.archs[indices])
        return np.array([oracle.measure(arch, epochs)[0] for arch in archs])

    def truth(self, indices: IntArray) -> FloatArray:
        """Reported scores, higher is better, shape (n,); each is read once.

        Args:
            indices: shape (n,).
        """
        unknown = indices[np.isnan(self._truth[indices])]
        if unknown.size:
            reported = self.benchmark.report(
                self.benchmark.space.tuples(self.archs[unknown]),
            )
            self._truth[unknown] = self.benchmark.sign * np.array(reported)
        return self._truth[indices]


def _some(size: int, wanted: int, rng: np.random.Generator) -> IntArray:
    """So many of the first numbers: all in order, or the first ones of a random order."""
    order = rng.permutation(size)
    return np.arange(size) if wanted == size else order[:wanted]
