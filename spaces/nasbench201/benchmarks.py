"""The benchmarks ``nasbench201/*``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness import (
    Benchmark,
    BenchmarkEntry,
    BenchmarkFamily,
    Budget,
    DataFile,
    MissingData,
    data_home,
)
from harness.live.images import cifar_family
from harness.tables import SETTINGS, FileSource, Source, TableBenchmark, TableFacts, missing_table
from spaces.nasbench201.digits import DIGITS_TABLE, digits_setup
from spaces.nasbench201.layout import layout_of
from spaces.nasbench201.space import NasBench201Space

if TYPE_CHECKING:
    from harness.live.images.cifar_setup import Cifar10Setup

_DATASETS = {
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "imagenet16-120": "imagenet16_120",
}
_LIVE = "nasbench201/cifar10-live"
_CITATION = (
    "Dong and Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search, "
    "ICLR 2020"
)


def table_path() -> Path:
    """Where the table lies."""
    return data_home() / "nasbench201" / "nasbench201.parquet"


_HOW_TO_GET = (
    "The authors keep it on file-sharing sites that no program can download from. Links:\n"
    "  https://github.com/D-X-Y/NAS-Bench-201   NAS-Bench-201-v1_1-096897.pth\n"
    "  https://github.com/D-X-Y/NATS-Bench      NATS-tss-v1_0-3ffb9-simple.tar (unpack it)\n"
    "Then: harness data import nasbench201 FILE_OR_FOLDER"
)


def _missing() -> str:
    return missing_table(
        (table_path(),),
        "harness data fetch nasbench201   (says where the authors keep the files)",
        "harness data import nasbench201 FILE_OR_FOLDER",
        works="nasbench201/digits, nasbench-graph/*",
    )


def _import(
    path: Path,
    target: Path,
    *,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> object:
    from spaces.nasbench201.importer import import_nasbench201

    return import_nasbench201(path, target, trust=trust, progress=progress)


@cache
def _space() -> NasBench201Space:
    return NasBench201Space()


def _notations(source: Source) -> Sequence[str]:
    keys: list[str] = source.read(["arch"])["arch"].tolist()
    return keys


def _functions(source: Source) -> Sequence[str]:
    keys: list[str] = source.read(["canonical"])["canonical"].tolist()
    return keys


class NasBench201Family(BenchmarkFamily):
    """The authors' three data sets, and `digits`, whose table comes with the package."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        imported = [
            BenchmarkEntry(
                f"nasbench201/{dataset}",
                f"15,625 cells, 12 and 200 epochs, {dataset}",
                _missing(),
                SETTINGS,
            )
            for dataset in _DATASETS
        ]
        digits = "6,466 different cells, 1 to 8 epochs, eight training runs each, made here, digits"
        live = BenchmarkEntry(
            _LIVE,
            "15,625 cells, trained live on cifar10; recipe=full|small",
            cifar_family.missing(),
            cifar_family.SETTINGS,
        )
        return [BenchmarkEntry("nasbench201/digits", digits, settings=SETTINGS), *imported, live]

    def data_file(self) -> DataFile:
        """See `BenchmarkFamily.data_file`."""
        return DataFile(table_path(), _HOW_TO_GET, _import)

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        if dataset == "digits":
            return _digits(settings)
        if dataset == _LIVE.partition("/")[2]:
            return cifar_family.live_benchmark(_LIVE, settings, _live_setup)
        if missing := _missing():
            raise MissingData(f"nasbench201/{dataset} {missing}")
        source = FileSource(table_path())
        return TableBenchmark(
            TableFacts(
                id=f"nasbench201/{dataset}",
                dataset=dataset,
                metric="accuracy (%)",
                direction="maximize",
                searched="valid@200",
                reported="test@200",
                default_budget=Budget(200, "queries"),
                citation=_CITATION,
                licence="code MIT; data distributed by its authors for research",
            ),
            _space(),
            source,
            layout_of(source, _DATASETS[dataset]),
            _notations,
            _space().to_str,
            settings,
            task=_cifar10_task if dataset == "cifar10" else None,
        )

    def tabulation(self, dataset: str) -> object:
        """See `BenchmarkFamily.tabulation`."""
        if dataset != "digits":
            return None
        from spaces.nasbench201.tabulation import digits_tabulation

        return digits_tabulation()


def _digits(settings: Mapping[str, str]) -> Benchmark:
    """Cells that are the same function share a row, and so their training runs."""
    epochs = digits_setup().recipe.epochs
    source = FileSource(DIGITS_TABLE)
    return TableBenchmark(
        TableFacts(
            id="nasbench201/digits",
            dataset="digits",
            metric="accuracy (%)",
            direction="maximize",
            searched=f"valid@{epochs}",
            reported=f"test@{epochs}",
            # A hundred whole trainings, which a method can also spend on more and shorter ones.
            default_budget=Budget(100 * epochs, "epochs"),
            citation="nas-harness, nasbench201/digits (space of " + _CITATION + ")",
            licence="Apache-2.0; images CC BY 4.0 (Alpaydin and Kaynak, 1998)",
        ),
        _space(),
        source,
        layout_of(source, "digits", (epochs,)),
        _functions,
        _space().canonical,
        settings,
        task=_digits_task,
    )


def _live_setup(recipe: str) -> Cifar10Setup:
    from spaces.nasbench201.live_setup import NasBench201Setup

    return NasBench201Setup(recipe, _CITATION)


def _cifar10_task() -> object:
    from spaces.nasbench201.search_task import cifar10_task

    return cifar10_task()


def _digits_task() -> object:
    from spaces.nasbench201.search_task import digits_task

    return digits_task()
