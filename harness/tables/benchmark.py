"""A benchmark whose scores stand in a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from harness.core.benchmark import Benchmark, BenchmarkCard, Noise, Oracle, Repeats
from harness.core.budget import Unit
from harness.core.errors import HarnessError, InvalidTable, UnknownName
from harness.core.names import format_reference
from harness.core.space import Architecture, SearchSpace
from harness.tables.layout import Layout, LevelColumns, TableFacts
from harness.tables.oracle import Level, MeanOracle, SampledOracle
from harness.tables.source import Source

FloatArray = NDArray[np.float64]


class Levels(dict[int | None, Level]):
    """Levels by epochs, each read when it is first asked for: a learning curve has hundreds."""

    def __init__(
        self,
        columns: Mapping[int | None, LevelColumns],
        read: Callable[[LevelColumns], Level],
    ) -> None:
        """Remember what can be read."""
        super().__init__()
        self._columns, self._read = columns, read

    def __missing__(self, epochs: int | None) -> Level:
        """Read a level."""
        level = self[epochs] = self._read(self._columns[epochs])
        return level


SETTINGS = ("searched", "reported", "noise", "trial", "repeats")


class TableBenchmark(Benchmark):
    """A benchmark whose scores stand in a table.

    Only what is searched is kept in memory. Reported scores are read when asked for and dropped.
    """

    def __init__(
        self,
        facts: TableFacts,
        space: SearchSpace,
        source: Source,
        layout: Layout,
        row_keys: Callable[[Source], Sequence[Hashable] | Mapping[Hashable, int]],
        key_of: Callable[[Architecture], Hashable],
        settings: Mapping[str, str],
        variant: Mapping[str, str | None] | None = None,
        task: Callable[[], Any] | None = None,
    ) -> None:
        """Make a benchmark.

        Args:
            facts: what is said of the table.
            space: its search space.
            source: the table.
            layout: which column means what.
            row_keys: reads the key of each row, or the row of each key; keys are unique.
            key_of: the key of an architecture; every valid genotype has its row.
            settings: of the names in `SETTINGS`.
            variant: settings of the family's own, applied already; those not None go into the id.
            task: makes what `Benchmark.task` says; None for a table without data.

        Raises:
            HarnessError: a setting is unknown or impossible with this table.
            InvalidTable: a key stands twice, or a score is missing.
        """
        variant = variant or {}
        for name in settings:
            if name not in SETTINGS:
                raise UnknownName(f"setting of {facts.id}", name, (*SETTINGS, *variant))
        self.space = space
        self.direction = facts.direction
        self.default_budget = facts.default_budget
        self._facts, self._source, self._layout = facts, source, layout
        self._row_keys, self._key_of, self._make_task = row_keys, key_of, task
        self._searched = _choose(facts.id, "searched", settings, facts.searched, layout.searched)
        self._reported = _choose(facts.id, "reported", settings, facts.reported, layout.reported)
        self._levels = layout.searched[self._searched]
        self.fidelities = tuple(level.epochs for level in self._levels)
        self._noise, self._trial = self._choose_noise(settings)
        repeats = settings.get("repeats", "charged")
        if repeats not in get_args(Repeats):
            raise UnknownName(f"value for repeats of {facts.id}", repeats, get_args(Repeats))
        self.repeats = "free" if repeats == "free" else "charged"
        units: list[Unit] = ["queries"]
        if self.fidelities[-1] is not None:
            units.append("epochs")
        if all(level.seconds for level in self._levels):
            units.append("seconds")
        self.units = tuple(units)
        changed = {
            "searched": self._searched if self._searched != facts.searched else None,
            "reported": self._reported if self._reported != facts.reported else None,
            "noise": settings.get("noise"),
            "trial": settings.get("trial"),
            "repeats": self.repeats if self.repeats != "charged" else None,
            **variant,
        }
        self.id = format_reference(facts.id, {k: v for k, v in changed.items() if v is not None})

    def _choose_noise(self, settings: Mapping[str, str]) -> tuple[Noise, int]:
        several = len(self._levels[-1].scores) > 1
        noise = settings.get("noise", "sampled" if several else "mean")
        if noise not in get_args(Noise):
            raise UnknownName(f"value for noise of {self._facts.id}", noise, get_args(Noise))
        if noise != "mean" and self._layout.averaged:
            raise HarnessError(
                f"{self._facts.id}: noise={noise} needs single training runs, but the table at "
                f"{self._source.place} has only their averages. Use noise=mean"
            )
        if ("trial" in settings) != (noise == "fixed"):
            raise HarnessError(
                f"{self._facts.id}: noise=fixed and trial=NUMBER go together "
                f"(0 to {len(self._levels[-1].scores) - 1})"
            )
        trial = settings.get("trial", "0")
        if not trial.isdigit() or int(trial) >= min(len(level.scores) for level in self._levels):
            raise HarnessError(
                f"{self._facts.id} has no trial {trial}: it has {len(self._levels[-1].scores)}, "
                "counted from 0"
            )
        return ("sampled" if noise == "sampled" else "fixed" if noise == "fixed" else "mean"), int(
            trial
        )

    @property
    def task(self) -> Any:
        """See `Benchmark.task`."""
        return self._make_task() if self._make_task else super().task

    @property
    def checksum(self) -> str:
        """See `Benchmark.checksum`."""
        return self._source.checksum

    @cached_property
    def _rows(self) -> Mapping[Hashable, int]:
        keys = self._row_keys(self._source)
        if isinstance(keys, Mapping):
            return keys
        rows = {key: row for row, key in enumerate(keys)}
        if len(rows) < len(keys):
            raise InvalidTable(
                f"{self._source.place}: {len(keys) - len(rows)} of {len(keys)} rows describe an "
                "architecture that another row describes already"
            )
        return rows

    @cached_property
    def _known(self) -> dict[Architecture, int]:
        """Rows of the genotypes met so far: the fast path of a query."""
        return {}

    def row(self, arch: Architecture) -> int:
        """Row of an architecture.

        Raises:
            InvalidArchitecture: the genotype is not in the space.
            InvalidTable: the table lacks it.
        """
        self.space.check(arch)
        try:
            row = self._rows[self._key_of(arch)]
        except KeyError:
            raise InvalidTable(
                f"{self._source.place} has no row for {self.space.to_str(arch)}, "
                f"a valid architecture of {self.space.id}"
            ) from None
        self._known[arch] = row
        return row

    def _scores(self, columns: Sequence[str]) -> FloatArray:
        """Scores of shape (rows, trials); NaN where an architecture lacks a trial."""
        read = self._source.read(columns)
        scores = np.stack([np.asarray(read[name], dtype=np.float64) for name in columns], axis=1)
        if np.isinf(scores).any():
            raise InvalidTable(f"{self._source.place}: infinite scores in {', '.join(columns)}")
        lacking = np.isnan(scores).all(axis=1)
        if lacking.any():
            raise InvalidTable(
                f"{self._source.place}: {lacking.sum()} rows have no score in "
                f"{', '.join(columns)}, the first one in row {int(lacking.argmax())}"
            )
        return scores

    @cached_property
    def _search_levels(self) -> Levels:
        levels = Levels({level.epochs: level for level in self._levels}, self._read_level)
        # The level that every search needs is read at once, so that a damaged table is refused
        # before anything is run.
        levels[self.fidelities[-1]]
        return levels

    def _read_level(self, level: LevelColumns) -> Level:
        scores = self.sign * self._scores(level.scores)
        if self._noise == "fixed":
            scores = scores[:, [self._trial]]
            if np.isnan(scores).any():
                raise InvalidTable(
                    f"{self._source.place}: {int(np.isnan(scores).sum())} architectures were "
                    f"not trained in trial {self._trial}. Use noise=sampled or noise=mean"
                )
        return Level.of(scores, self._seconds(level), averaged=self._noise == "mean")

    def _seconds(self, level: LevelColumns) -> FloatArray | None:
        if not level.seconds:
            return None
        read = self._source.read([column for _, column in level.seconds])
        seconds: FloatArray = np.sum(
            [factor * np.asarray(read[column], np.float64) for factor, column in level.seconds],
            axis=0,
        )
        if not (np.isfinite(seconds) & (seconds >= 0)).all():
            raise InvalidTable(f"{self._source.place}: seconds that are negative or missing")
        return seconds

    @cached_property
    def _properties(self) -> dict[str, list[float]]:
        columns = self._layout.properties
        read = self._source.read(list(columns.values()))
        return {name: read[column].astype(float).tolist() for name, column in columns.items()}

    def oracle(self, noise_key: int) -> Oracle:
        """See `Benchmark.oracle`."""
        args = (self._known, self.row, self._search_levels, lambda: self._properties)
        if self._noise == "sampled":
            return SampledOracle(*args, noise_key)
        return MeanOracle(*args)

    def report(self, archs: Sequence[Architecture]) -> list[float]:
        """See `Benchmark.report`: the mean over the trials that an architecture has."""
        known = self._known
        rows = [known[arch] if arch in known else self.row(arch) for arch in archs]
        return [float(score) for score in self._reported_means()[rows]]

    def reported_trials(self, arch: Architecture) -> FloatArray:
        """The reported scores of one architecture, on the benchmark's scale, shape (trials,)."""
        row = self.row(arch)
        scores: FloatArray = self._scores(self._layout.reported[self._reported])[row]
        return scores[~np.isnan(scores)]

    def _reported_means(self) -> FloatArray:
        means: FloatArray = np.nanmean(self._scores(self._layout.reported[self._reported]), axis=1)
        return means

    def genotype_rows(self) -> NDArray[np.int64]:
        """Row of every valid genotype, in the order of `SearchSpace.enumerate`."""
        known = self._known
        return np.array(
            [known[a] if a in known else self.row(a) for a in self.space.enumerate()], np.int64
        )

    def searched_trials(self) -> FloatArray:
        """What one query at full fidelity can show, on the benchmark's scale.

        Returns:
            Shape (valid genotypes, trials), in the order of `SearchSpace.enumerate`, each trial as
            likely as another; NaN where an architecture lacks a trial.
        """
        scores = self._scores(self._levels[-1].scores)
        if self._noise == "mean":
            scores = np.nanmean(scores, axis=1, keepdims=True)
        elif self._noise == "fixed":
            scores = scores[:, [self._trial]]
        return scores[self.genotype_rows()]

    def reported_means(self) -> FloatArray:
        """Reported score of every valid genotype, on the benchmark's scale."""
        return self._reported_means()[self.genotype_rows()]

    def card(self) -> BenchmarkCard:
        """See `Benchmark.card`."""
        reported = self.reported_means()
        best, worst = (reported.max(), reported.min())
        if self.direction == "minimize":
            best, worst = worst, best
        facts, layout = self._facts, self._layout
        return BenchmarkCard(
            id=self.id,
            version=self.version,
            space=self.space.id,
            dataset=facts.dataset,
            metric=facts.metric,
            direction=self.direction,
            searched=self._searched,
            searched_trials=self._trials_in_words(len(self._levels[-1].scores), self._noise),
            reported=self._reported,
            reported_trials=self._trials_in_words(len(layout.reported[self._reported]), "mean"),
            searches_reported=layout.searches_reported or self._searched == self._reported,
            noise=self._noise,
            repeats=self.repeats,
            cost=layout.cost,
            architectures=len(reported),
            unique=self.unique(),
            optimum=float(best),
            worst=float(worst),
            mean_random=float(reported.mean()),
            default_budget=str(self.default_budget),
            units=self.units,
            citation=facts.citation,
            licence=facts.licence,
            checksum=self.checksum,
        )

    def unique(self) -> int:
        """Number of distinct architectures among the valid genotypes."""
        return len({self.space.canonical(arch) for arch in self.space.enumerate()})

    def _trials_in_words(self, columns: int, noise: Noise) -> str:
        unit = self._layout.trials
        if self._layout.averaged or columns == 1:
            return unit
        if noise == "sampled":
            return f"one {unit} of up to {columns}"
        if noise == "fixed":
            return f"{unit} {self._trial} of {columns}"
        return f"mean of up to {columns} {unit}s"


def _choose(
    id: str, name: str, settings: Mapping[str, str], default: str, known: Mapping[str, Any]
) -> str:
    chosen = settings.get(name, default)
    if chosen not in known:
        raise UnknownName(f"value for {name} of {id}", chosen, known)
    return chosen
