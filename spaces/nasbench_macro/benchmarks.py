"""The benchmark ``nasbench-macro/cifar10``.

Its table is a Parquet file with one row a genotype: ``arch`` in the official notation,
``cifar10_test_run0`` to ``run2`` in percent, ``params`` and ``flops``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from harness import (
    Benchmark,
    BenchmarkEntry,
    BenchmarkFamily,
    Budget,
    DataFile,
    MissingData,
    data_home,
)
from harness.tables import (
    SETTINGS,
    FileSource,
    Layout,
    LevelColumns,
    Source,
    TableBenchmark,
    TableFacts,
    missing_table,
)
from spaces.nasbench_macro.space import NasBenchMacroSpace

_RUNS = tuple(f"cifar10_test_run{run}" for run in range(3))
_CITATION = (
    "Su, Huang, Li, You, Wang, Qian, Zhang and Xu, Prioritized Architecture Sampling with "
    "Monto-Carlo Tree Search, CVPR 2021"
)
# The authors published test accuracies only. One training run is what a search sees, the mean of
# all three is what is reported.
_LAYOUT = Layout(
    searched={"test": (LevelColumns(None, _RUNS),)},
    reported={"test": _RUNS},
    properties={"params": "params", "flops": "flops"},
    searches_reported=True,
)


def table_path() -> Path:
    """Where the table lies."""
    return data_home() / "nasbench_macro" / "nasbench_macro_cifar10.parquet"


_HOW_TO_GET = (
    "its authors keep it in their repository (Apache-2.0):\n"
    "  https://github.com/xiusu/NAS-Bench-Macro   data/nas-bench-macro_cifar10.json\n"
    "Then: harness data import nasbench-macro FILE"
)


def _missing() -> str:
    return missing_table(
        (table_path(),),
        "data/nas-bench-macro_cifar10.json of https://github.com/xiusu/NAS-Bench-Macro",
        "harness data import nasbench-macro FILE",
    )


def _import(
    path: Path,
    target: Path,
    *,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> object:
    from spaces.nasbench_macro.importer import import_nasbench_macro

    # JSON cannot run code, and the file is read within a moment.
    del trust, progress
    return import_nasbench_macro(path, target)


@cache
def _space() -> NasBenchMacroSpace:
    return NasBenchMacroSpace()


def _row_keys(source: Source) -> Sequence[str]:
    keys: list[str] = source.read(["arch"])["arch"].tolist()
    return keys


class NasBenchMacroFamily(BenchmarkFamily):
    """CIFAR-10."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        return [
            BenchmarkEntry(
                "nasbench-macro/cifar10",
                "6,561 chains of layers, three training runs each, test only, cifar10",
                _missing(),
                SETTINGS,
            )
        ]

    def data_file(self) -> DataFile:
        """See `BenchmarkFamily.data_file`."""
        return DataFile(table_path(), _HOW_TO_GET, _import)

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        if missing := _missing():
            raise MissingData(f"nasbench-macro/{dataset} {missing}")
        return TableBenchmark(
            TableFacts(
                id=f"nasbench-macro/{dataset}",
                dataset=dataset,
                metric="accuracy (%)",
                direction="maximize",
                searched="test",
                reported="test",
                default_budget=Budget(200, "queries"),
                citation=_CITATION,
                licence="Apache-2.0",
            ),
            _space(),
            FileSource(table_path()),
            _LAYOUT,
            _row_keys,
            # Equal networks share a row, and with it the noise that a run meets.
            _space().canonical,
            settings,
        )
