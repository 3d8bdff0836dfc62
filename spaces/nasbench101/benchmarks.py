"""The benchmark ``nasbench101/cifar10``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness import (
    Benchmark,
    BenchmarkEntry,
    BenchmarkFamily,
    Budget,
    DataFile,
    MissingData,
    data_home,
)
from harness.tables import SETTINGS, FileSource, TableBenchmark, TableFacts
from spaces.nasbench101.layout import layout_of, read_keys
from spaces.nasbench101.row_index import RowIndex
from spaces.nasbench101.space import SAMPLINGS, NasBench101Space

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


def _found() -> Path | None:
    return next((path for path in (table_path(), averages_path()) if path.is_file()), None)


def _missing() -> str:
    if _found() is not None:
        return ""
    return (
        f"needs a table that is not on this machine (looked for {table_path()}).\n"
        "  Get it: https://storage.googleapis.com/nasbench/nasbench_full.tfrecord\n"
        "          (or nasbench_only108.tfrecord, with less in it)\n"
        "  Then:   harness data import nasbench101 FILE\n"
        "  Works now without download: nasbench-graph/*"
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
            settings: of the names in `SETTINGS`, and ``sampling`` of `NasBench101Space`.

        Raises:
            HarnessError: a setting is unknown or impossible with this table.
        """
        others = {name: value for name, value in settings.items() if name != "sampling"}
        sampling = settings.get("sampling", SAMPLINGS[0])
        layout = layout_of(source)
        self._index = index = cache(lambda: RowIndex(read_keys(source), source.place))
        space = NasBench101Space(sampling, lambda: index().ascending)
        super().__init__(
            TableFacts(
                id="nasbench101/cifar10",
                dataset="cifar10",
                metric="accuracy (0 to 1)",
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
            {"sampling": sampling if sampling != SAMPLINGS[0] else None},
        )

    def genotype_rows(self) -> NDArray[np.int64]:
        """See `TableBenchmark.genotype_rows`: the space enumerates cells by their keys."""
        return self._index().rows

    def unique(self) -> int:
        """See `TableBenchmark.unique`."""
        return len(self._index())


class NasBench101Family(BenchmarkFamily):
    """CIFAR-10, from the imported table or from one that only has averages."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "423,624 cells, mean test accuracy of three training runs only, cifar10"
            if _found() == averages_path()
            else "423,624 cells, 4 to 108 epochs, three training runs each, cifar10"
        )
        settings = (*SETTINGS, "sampling")
        return [BenchmarkEntry("nasbench101/cifar10", summary, _missing(), settings)]

    def data_file(self) -> DataFile:
        """See `BenchmarkFamily.data_file`; the table of averages is no substitute to import."""
        meanwhile = f"\nUntil then averages are used: {averages_path()}"
        note = meanwhile if _found() == averages_path() else ""
        return DataFile(table_path(), _HOW_TO_GET + note, _import)

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`.

        The setting ``sampling`` says what a random architecture is, see `NasBench101Space`.
        """
        path = _found()
        if path is None:
            raise MissingData(f"nasbench101/{dataset} {_missing()}")
        return NasBench101(FileSource(path), settings)
