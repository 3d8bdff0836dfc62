"""Benchmarks over generated tables: small, the same everywhere, and as odd as a test needs them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import Direction, Repeats
from harness.core.budget import Budget
from harness.core.encodings import Graphs, chain
from harness.core.errors import InvalidTable
from harness.core.space import Architecture, Architectures, Decision, SearchSpace
from harness.tables import Layout, LevelColumns, Source, TableBenchmark, TableFacts

Rule = Callable[[Architecture], bool]


class SyntheticSpace(SearchSpace):
    """A space of numbered choices with any validity rule; as graphs, chains of decisions."""

    encodings: ClassVar[frozenset[str]] = SearchSpace.encodings | {"graph"}

    def __init__(self, sizes: Sequence[int], rule: Rule | None = None) -> None:
        """Make a space.

        Args:
            sizes: number of choices of each decision.
            rule: which genotypes are valid; all of them where None.
        """
        decisions = [
            Decision(f"decision{i}", tuple(f"choice{c}" for c in range(size)))
            for i, size in enumerate(sizes)
        ]
        super().__init__("synthetic", decisions)
        self._rule = rule

    def is_valid(self, arch: Architecture) -> bool:
        """Whether the rule allows the genotype."""
        return self._rule is None or self._rule(arch)

    def graphs(self, archs: Architectures) -> Graphs:
        """A node a decision between an input and an output; kinds are the numbers of choices."""
        return chain(self.integers(archs), max(self.sizes))


class SyntheticBenchmark(TableBenchmark):
    """A benchmark whose table is generated when it is read and not kept.

    Scores are a sum of what each choice is worth, what each architecture is worth, and noise.
    """

    def __init__(
        self,
        sizes: Sequence[int] = (3, 3, 3, 3, 3),
        *,
        rule: Rule | None = None,
        fidelities: Sequence[int | None] = (4, 12, 36),
        trials: int = 3,
        direction: Direction = "maximize",
        repeats: Repeats = "charged",
        seconds: bool = True,
        flat: bool = False,
        hidden: int = 0,
    ) -> None:
        """Make a benchmark.

        Args:
            sizes: number of choices of each decision.
            rule: which genotypes are valid; all of them where None.
            fidelities: epochs, ascending; ``(None,)`` for a table that does not know them.
            trials: training runs an architecture; scores are sampled where there are several.
            direction: ``minimize`` makes every score a loss above zero.
            repeats: whether asking again costs again.
            seconds: whether a query costs seconds.
            flat: whether every architecture has the same score.
            hidden: another number gives other test scores and changes nothing that a search sees.
        """
        space = SyntheticSpace(sizes, rule)
        source = _Generated(space, len(fidelities), trials, direction, flat=flat, hidden=hidden)
        levels = tuple(
            LevelColumns(
                epochs,
                tuple(f"valid{level}.{trial}" for trial in range(trials)),
                ((float(epochs or 1), "seconds"),) if seconds else (),
            )
            for level, epochs in enumerate(fidelities)
        )
        tests = tuple(f"test.{trial}" for trial in range(trials))
        facts = TableFacts(
            id=f"synthetic/{'x'.join(map(str, sizes))}",
            dataset="generated",
            metric="score" if direction == "maximize" else "loss",
            direction=direction,
            searched="valid",
            reported="test",
            default_budget=Budget(50, "queries"),
            citation="none",
            licence="none",
        )
        super().__init__(
            facts,
            space,
            source,
            Layout({"valid": levels}, {"test": tests}, {"params": "params"}, cost="generated"),
            lambda source: _archs(source),
            lambda arch: arch,
            {"repeats": repeats},
        )

    @property
    def task(self) -> Any:
        """See `harness.testing.synthetic_task.SyntheticTask`."""
        from harness.testing.synthetic_task import SyntheticTask

        # An epoch is a single step: a check makes many runs.
        return SyntheticTask(self.space, train=64, valid=32)


def _archs(source: Source) -> list[Hashable]:
    keys: list[Hashable] = source.read(["arch"])["arch"].tolist()
    return keys


class _Generated(Source):
    """Columns ``arch``, ``valid{level}.{trial}``, ``test.{trial}``, ``seconds`` and ``params``."""

    place = "a generated table"

    def __init__(
        self,
        space: SyntheticSpace,
        levels: int,
        trials: int,
        direction: Direction,
        *,
        flat: bool,
        hidden: int,
    ) -> None:
        """See `SyntheticBenchmark`."""
        self._space, self._levels, self._trials = space, levels, trials
        self._minimise, self._flat, self._hidden = direction == "minimize", flat, hidden

    @property
    def columns(self) -> frozenset[str]:
        """Names of all columns."""
        splits = [f"valid{level}" for level in range(self._levels)] + ["test"]
        scores = (f"{split}.{trial}" for split, trial in product(splits, range(self._trials)))
        return frozenset({"arch", "seconds", "params", *scores})

    @property
    def checksum(self) -> str:
        """SHA-256 of what the table is generated from."""
        told = (self._space.sizes, self._levels, self._trials, self._minimise, self._flat)
        return hashlib.sha256(repr((*told, self._hidden)).encode()).hexdigest()

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Generate columns; see `Source.read`."""
        if missing := set(names) - self.columns:
            raise InvalidTable(f"a generated table has no column {', '.join(sorted(missing))}")
        archs = self._space.integers(list(self._space.enumerate()))
        return {name: self._column(name, archs) for name in names}

    def _column(self, name: str, archs: NDArray[np.int64]) -> NDArray[Any]:
        if name == "arch":
            column = np.empty(len(archs), dtype=object)
            column[:] = [tuple(arch) for arch in archs.tolist()]
            return column
        if name == "params":
            return np.asarray(1000 + 100 * archs.sum(axis=1), np.float64)
        if name == "seconds":
            return 10.0 + 20.0 * _uniform("seconds", len(archs))
        if self._flat:
            return np.full(len(archs), 0.5)
        split, _, _ = name.partition(".")
        secret = f" {self._hidden}" if split == "test" else ""
        choices = _uniform(f"choices{secret}", archs.shape[1] * max(self._space.sizes))
        worth = choices.reshape(archs.shape[1], -1)[np.arange(archs.shape[1]), archs].mean(axis=1)
        own = _uniform(f"own{secret}", len(archs))
        score = 0.2 + 0.5 * worth + 0.2 * own + 0.1 * _uniform(f"{name}{secret}", len(archs))
        return np.asarray(5.0 - 4.0 * score if self._minimise else score, np.float64)


def _uniform(purpose: str, count: int) -> NDArray[np.float64]:
    """Numbers between 0 and 1 that depend on their purpose alone."""
    seed = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).random(count)
