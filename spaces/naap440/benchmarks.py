"""The benchmark ``naap440/cifar10``.

Its table is a Parquet file with the author's columns (``naap440v2.csv``), one row a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import (
    Benchmark,
    BenchmarkEntry,
    BenchmarkFamily,
    Budget,
    DataFile,
    HarnessError,
    MissingData,
)
from harness.tables import SETTINGS, Source, TableBenchmark, TableFacts, missing_table
from spaces.naap440.protocol import SHOWN_EPOCHS, SPLITS, shown_features, split_rows
from spaces.naap440.space import Naap440Space
from spaces.naap440.table import LAYOUT, Naap440Table, table_path

_FACTS = TableFacts(
    id="naap440/cifar10",
    dataset="cifar10",
    metric="accuracy (0-1)",
    direction="maximize",
    searched="best@90",
    reported="best@90",
    default_budget=Budget(50, "queries"),
    citation="Hakim, NAAP-440 Dataset and Baseline for Neural Architecture Accuracy Prediction, "
    "arXiv 2209.06626, 2022",
    licence="MIT",
)
# Values of the settings that only this benchmark has; the first one is the default.
_OWN_SETTINGS = {"epochs": tuple(map(str, SHOWN_EPOCHS)), "split": tuple(SPLITS)}
_ALL_SETTINGS = (*_OWN_SETTINGS, *SETTINGS)

_HOW_TO_GET = (
    "its author keeps it in a repository (MIT):\n"
    "  https://github.com/talcs/NAAP-440   naap440v2.csv\n"
    "Then: harness data import naap440 FILE"
)


def _missing() -> str:
    return missing_table(
        (table_path(),),
        "naap440v2.csv of https://github.com/talcs/NAAP-440",
        "harness data import naap440 FILE",
    )


def _import(
    path: Path,
    target: Path,
    *,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> object:
    from spaces.naap440.importer import import_naap440

    # CSV cannot run code, and the file is read within a moment.
    del trust, progress
    return import_naap440(path, target)


def _row_keys(source: Source) -> Sequence[int]:
    keys: list[int] = source.read(["ModelId"])["ModelId"].tolist()
    return keys


def _choose(settings: Mapping[str, str], name: str) -> str:
    known = _OWN_SETTINGS[name]
    chosen = settings.get(name, known[0])
    if chosen not in known:
        raise HarnessError(f"{_FACTS.id} has no {name}={chosen}. All: {', '.join(known)}")
    return chosen


class Naap440(TableBenchmark):
    """440 networks with their learning curves, one training run each.

    A score is the best test accuracy of the first 1 to 90 epochs, which is what the author
    predicts; ``searched=test@90`` has the accuracy after each epoch instead. Predictors are shown
    the scheme of a network, and with ``epochs=3|6|9`` the losses and the accuracies of its first
    epochs as well. A search that uses these is not charged for them.
    """

    def __init__(self, source: Source, settings: Mapping[str, str]) -> None:
        """Make the benchmark.

        Args:
            source: the table.
            settings: of the names in `SETTINGS`, ``epochs`` and ``split``.

        Raises:
            HarnessError: a setting is unknown.
        """
        _refuse_unknown(settings)
        self._split = _choose(settings, "split")
        epochs = _choose(settings, "epochs")
        ids = _row_keys(source)
        shown = shown_features(source, self._split, int(epochs))[np.argsort(ids)]
        space = Naap440Space(shown)
        super().__init__(
            _FACTS,
            space,
            source,
            LAYOUT,
            _row_keys,
            space.number,
            {name: value for name, value in settings.items() if name in SETTINGS},
        )
        self._ids = ids
        for name, value in (("epochs", epochs), ("split", self._split)):
            if value != _OWN_SETTINGS[name][0]:
                self.id += f"{',' if ':' in self.id else ':'}{name}={value}"

    def ranking_split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See `Benchmark.ranking_split`: the author's split, each part by rising accuracy."""
        archs = self.space.integers(self.space.population)
        numbers = np.asarray(self._ids)
        train, test = split_rows(self._source, self._split)
        return archs[numbers[train] - 1], archs[numbers[test] - 1]


def _refuse_unknown(settings: Iterable[str]) -> None:
    for name in settings:
        if name not in _ALL_SETTINGS:
            raise HarnessError(
                f"{_FACTS.id} has no setting {name}. All: {', '.join(_ALL_SETTINGS)}"
            )


class Naap440Family(BenchmarkFamily):
    """CIFAR-10."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        return [
            BenchmarkEntry(
                _FACTS.id,
                "440 small networks with learning curves, one training run each, test only, "
                "cifar10",
                _missing(),
                _ALL_SETTINGS,
            )
        ]

    def data_file(self) -> DataFile:
        """See `BenchmarkFamily.data_file`."""
        return DataFile(table_path(), _HOW_TO_GET, _import)

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        if missing := _missing():
            raise MissingData(f"{_FACTS.id} {missing}")
        return Naap440(Naap440Table(table_path()), settings)
