"""The benchmark ``nasbench101/cifar10``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import (
    Benchmark,
    BenchmarkCard,
    BenchmarkEntry,
    BenchmarkFamily,
    Budget,
    DataFile,
    HarnessError,
    MissingData,
    data_home,
)
from harness.tables import SETTINGS, FileSource, TableBenchmark, TableFacts, missing_table
from spaces.nasbench101.layout import layout_of, read_keys
from spaces.nasbench101.noise import NoisyOracle
from spaces.nasbench101.row_index import RowIndex
from spaces.nasbench101.space import SAMPLINGS, NasBench101Space

OWN_SETTINGS = ("sampling", "label_noise")
_CITATION = (
    "Ying, Klein, Christiansen, Real, Murphy and Hutter, NAS-Bench-101: Towards Reproducible "
    "Neural Architecture Search, ICML 2019"
)


def table_path() -> Path:
    """Where the imported table lies."""
    return data_home() / "nasbench101" / "nasbench101.parquet"


def averages_path() -> Path:
    """Where the table of averages lies, which is used where no table was imported."""
    return data_home() / "nasbench101" / "nasbench101_test.parquet"


_HOW_TO_GET = (
    "its authors keep it here, as one of two files:\n"
    "  https://storage.googleapis.com/nasbench/nasbench_full.tfrecord      2 GB, all epochs\n"
    "  https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord   0.5 GB, 108 epochs\n"
    "Then: harness data import nasbench101 FILE"
)


def _paths() -> tuple[Path, ...]:
    return table_path(), averages_path()


def _found() -> Path | None:
    return next((path for path in _paths() if path.is_file()), None)


def _missing() -> str:
    return missing_table(
        _paths(),
        "https://storage.googleapis.com/nasbench/nasbench_full.tfrecord\n"
        "(or nasbench_only108.tfrecord, with less in it)",
        "harness data import nasbench101 FILE",
    )


def _import(
    path: Path,
    target: Path,
    *,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> object:
    from spaces.nasbench101.importer import import_nasbench101

    del trust  # Nothing in the authors' files can run code.
    return import_nasbench101(path, target, progress=progress)


class NasBench101(TableBenchmark):
    """The cells of NAS-Bench-101 with the scores of a table; its rows are the different cells."""

    def __init__(self, source: FileSource, settings: Mapping[str, str]) -> None:
        """Make the benchmark.

        Args:
            source: a table of `spaces.nasbench101.layout`.
            settings: of the names in `SETTINGS`, ``sampling`` of `NasBench101Space`, and
                ``label_noise``, for a table of averages: the standard deviation of noise that is
                added to what a search sees.

        Raises:
            HarnessError: a setting is unknown or impossible with this table.
        """
        others = {name: value for name, value in settings.items() if name not in OWN_SETTINGS}
        sampling = settings.get("sampling", SAMPLINGS[0])
        layout = layout_of(source)
        self._label_noise = _deviation(settings.get("label_noise", "0"), averaged=layout.averaged)
        self._index = index = cache(lambda: RowIndex(read_keys(source), source.place))
        space = NasBench101Space(sampling, lambda: index().ascending)
        self._cell_of = space.canonical
        super().__init__(
            TableFacts(
                id="nasbench101/cifar10",
                dataset="cifar10",
                metric="accuracy (0-1)",
                direction="maximize",
                searched="test@108" if layout.averaged else "valid@108",
                reported="test@108",
                default_budget=Budget(300, "queries"),
                citation=_CITATION,
                licence="Apache-2.0",
            ),
            space,
            source,
            layout,
            lambda _: index(),
            space.canonical,
            others,
            {
                "sampling": sampling if sampling != SAMPLINGS[0] else None,
                "label_noise": f"{self._label_noise:g}" if self._label_noise else None,
            },
        )

    def oracle(self, noise_key: int) -> Any:
        """See `Benchmark.oracle`."""
        oracle = super().oracle(noise_key)
        if not self._label_noise:
            return oracle
        return NoisyOracle(oracle, self._cell_of, self._label_noise, noise_key)

    def card(self) -> BenchmarkCard:
        """See `Benchmark.card`."""
        card = super().card()
        if not self._label_noise:
            return card
        seen = f"{card.searched_trials} + simulated normal noise, sd {self._label_noise:g}"
        return replace(card, searched_trials=seen, noise="sampled")

    def genotype_rows(self) -> NDArray[np.int64]:
        """See `TableBenchmark.genotype_rows`: the space enumerates cells by their keys."""
        return self._index().rows

    def unique(self) -> int:
        """See `TableBenchmark.unique`."""
        return len(self._index())


def _deviation(text: str, *, averaged: bool) -> float:
    try:
        deviation = float(text)
    except ValueError:
        deviation = math.nan
    if not 0 <= deviation < 1:
        raise HarnessError(
            f"label_noise={text} is no standard deviation of accuracies: write e.g. 0.003"
        )
    if deviation and not averaged:
        raise HarnessError(
            "label_noise stands in for training runs that a table lacks; this one has them: "
            "noise=sampled"
        )
    return deviation


class NasBench101Family(BenchmarkFamily):
    """CIFAR-10, from the imported table or from one that only has averages."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "423,624 cells, mean test accuracy of three training runs only, cifar10"
            if _found() == averages_path()
            else "423,624 cells, 4 to 108 epochs, three training runs each, cifar10"
        )
        settings = (*SETTINGS, *OWN_SETTINGS)
        return [BenchmarkEntry("nasbench101/cifar10", summary, _missing(), settings)]

    def data_file(self) -> DataFile:
        """See `BenchmarkFamily.data_file`; the table of averages is no substitute to import."""
        meanwhile = f"\nUntil then averages are used: {averages_path()}"
        note = meanwhile if _found() == averages_path() else ""
        return DataFile(table_path(), _HOW_TO_GET + note, _import)

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`.

        The setting ``sampling`` says what a random architecture is, see `NasBench101Space`;
        ``label_noise`` makes a search on averages as hard as one on single runs.
        """
        path = _found()
        if path is None:
            raise MissingData(f"nasbench101/{dataset} {_missing()}")
        return NasBench101(FileSource(path), settings)
