"""The benchmarks ``nasbench-graph/*``; their tables come with the package nas-bench-graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, Budget
from harness.tables import SETTINGS, Layout, LevelColumns, Source, TableBenchmark, TableFacts
from spaces.nasbench_graph.light import LightTable
from spaces.nasbench_graph.space import OPERATIONS, OPERATIONS_PROTEINS, NasBenchGraphSpace

_DATASETS = (
    "cora",
    "citeseer",
    "pubmed",
    "cs",
    "physics",
    "photo",
    "computers",
    "arxiv",
    "proteins",
)
_CITATION = (
    "Qin, Zhang, Zhang, Wang and Zhu, NAS-Bench-Graph: Benchmarking Graph Neural Architecture "
    "Search, NeurIPS 2022 Datasets and Benchmarks"
)
# The tables do not say for how many epochs or seconds a network was trained. Latency is the time
# of inference, hence a property and no cost.
_LAYOUT = Layout(
    searched={"valid": (LevelColumns(None, ("valid",)),)},
    reported={"test": ("test",)},
    properties={"params": "params", "latency": "latency"},
    trials="mean of 3 training runs",
    averaged=True,
)

# One object for all datasets, because it remembers the numbers of architectures.
_space = cache(NasBenchGraphSpace)


def _row_keys(source: Source) -> Sequence[int]:
    keys: list[int] = source.read(["key"])["key"].tolist()
    return keys


class NasBenchGraphFamily(BenchmarkFamily):
    """Nine graph datasets."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        return [
            BenchmarkEntry(
                f"nasbench-graph/{dataset}",
                f"{2_021 if dataset == 'proteins' else 26_206:,} graph networks, {dataset}",
                settings=SETTINGS,
            )
            for dataset in _DATASETS
        ]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        space = (
            _space("nasbench-graph-proteins", OPERATIONS_PROTEINS)
            if dataset == "proteins"
            else _space("nasbench-graph", OPERATIONS)
        )
        return TableBenchmark(
            TableFacts(
                id=f"nasbench-graph/{dataset}",
                dataset=dataset,
                metric="ROC-AUC (0-1)" if dataset == "proteins" else "accuracy (0-1)",
                direction="maximize",
                searched="valid",
                reported="test",
                default_budget=Budget(100, "queries"),
                citation=_CITATION,
                licence="Apache-2.0",
            ),
            space,
            LightTable(dataset),
            _LAYOUT,
            _row_keys,
            space.canonical,
            settings,
        )
