"""Exact values of named architectures, and the optimum of every split of every dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nas_bench_graph import Arch, light_read

from harness.tables import TableBenchmark
from harness.tables.open import open_benchmark

C1, C3, SKIP, NONE = "nor_conv_1x1", "nor_conv_3x3", "skip_connect", "none"


def cell(*ops: str) -> str:
    return "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*ops)


BEST_CIFAR10 = cell(C3, C3, C3, SKIP, C3, C1)
ALL_SKIP = cell(*[SKIP] * 6)
RESNET = cell(C3, NONE, C3, SKIP, NONE, SKIP)

# Dataset, split@epochs, best and its cell. At 200 epochs these are the published optima, but for
# ImageNet16-120's validation optimum: 46.77 is often quoted, 46.73 is what the data has.
OPTIMA_201 = [
    ("cifar10", "valid@200", 91.607, BEST_CIFAR10),
    ("cifar10", "test@200", 94.373, BEST_CIFAR10),
    ("cifar10", "valid@12", 84.892, cell(C3, C3, C3, SKIP, C1, C3)),
    ("cifar10", "test@12", 89.160, cell(C3, C1, C3, SKIP, NONE, C3)),
    ("cifar100", "valid@200", 73.493, cell(C3, C3, C3, SKIP, C3, C3)),
    ("cifar100", "test@200", 73.513, cell(C3, C3, C3, SKIP, C3, C3)),
    ("cifar100", "valid@12", 61.320, cell(C3, C3, C1, SKIP, C1, C3)),
    ("cifar100", "test@12", 61.180, cell(C3, C1, C3, SKIP, C3, C3)),
    ("imagenet16-120", "valid@200", 46.733, cell(C3, C1, C1, SKIP, C3, C3)),
    ("imagenet16-120", "test@200", 47.311, cell(C1, C1, C3, SKIP, C3, C3)),
    ("imagenet16-120", "valid@12", 38.667, cell(C3, C1, C3, SKIP, C3, C3)),
    ("imagenet16-120", "test@12", 38.267, cell(C3, C1, C3, SKIP, C3, C3)),
]

SPLITS = ("valid@200", "test@200", "valid@12", "test@12")
VALUES_201 = [
    ("cifar10", ALL_SKIP, (39.769, 54.297, 33.944, 36.840)),
    ("cifar100", ALL_SKIP, (15.033, 15.607, 10.320, 11.080)),
    ("imagenet16-120", ALL_SKIP, (16.433, 16.322, 6.567, 5.633)),
    ("cifar10", RESNET, (90.860, 93.910, 83.742, 87.950)),
    ("cifar100", RESNET, (70.500, 70.890, 58.960, 58.340)),
    ("imagenet16-120", RESNET, (44.100, 44.233, 35.233, 34.567)),
    ("cifar10", BEST_CIFAR10, (91.607, 94.373, 84.384, 88.790)),
    ("cifar100", BEST_CIFAR10, (72.747, 73.220, 60.200, 60.300)),
    ("imagenet16-120", BEST_CIFAR10, (45.556, 46.711, 37.133, 37.067)),
]

# Dataset, best test score, best validation score, test score of the architecture that has it.
OPTIMA_GRAPH = [
    ("cora", 0.8313333333333333, 0.8193333333333334, 0.8263333333333334),
    ("citeseer", 0.7156666666666666, 0.7280000000000001, 0.7103333333333333),
    ("pubmed", 0.786, 0.8113333333333334, 0.7559999999999999),
    ("cs", 0.9126239359987868, 0.9213333333333334, 0.9058560351855012),
    ("physics", 0.9300489637784851, 0.94, 0.9134518977114544),
    ("photo", 0.9278961478763934, 0.9406666666666667, 0.9208409764357274),
    ("computers", 0.8558341743653443, 0.9189999999999999, 0.8203296845483011),
    ("arxiv", 0.723864782009341, 0.7366666666666667, 0.7195372027789779),
    ("proteins", 0.7926337187386987, 0.8533333333333334, 0.7611243070764532),
]


def table(text: str) -> TableBenchmark:
    benchmark = open_benchmark(text)
    assert isinstance(benchmark, TableBenchmark)
    return benchmark


@pytest.mark.parametrize(("dataset", "split", "best", "arch"), OPTIMA_201)
def test_optimum_of_nasbench201(
    dataset: str, split: str, best: float, arch: str, harness_data: Path
) -> None:
    benchmark = table(f"nasbench201/{dataset}:reported={split}")
    card = benchmark.card()
    assert (card.architectures, card.unique) == (15_625, 6_466)
    assert card.reported == split
    assert card.optimum == pytest.approx(best, abs=5e-4)
    assert benchmark.report([benchmark.space.from_str(arch)]) == [card.optimum]


@pytest.mark.parametrize(("dataset", "arch", "values"), VALUES_201)
def test_values_of_nasbench201(
    dataset: str, arch: str, values: tuple[float, ...], harness_data: Path
) -> None:
    for split, value in zip(SPLITS, values, strict=True):
        benchmark = table(f"nasbench201/{dataset}:reported={split}")
        genotype = benchmark.space.from_str(arch)
        assert benchmark.report([genotype]) == [pytest.approx(value, abs=5e-4)]
        if split.startswith("valid"):
            searching = table(f"nasbench201/{dataset}:searched={split},noise=mean")
            seen, _ = searching.oracle(0).measure(genotype, searching.fidelities[-1])
            assert seen == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16-120"])
def test_validation_is_not_test(dataset: str, harness_data: Path) -> None:
    """No two splits or schedules are the same numbers."""
    scores = [table(f"nasbench201/{dataset}:reported={split}").reported_means() for split in SPLITS]
    for i, first in enumerate(scores):
        for second in scores[i + 1 :]:
            assert np.mean(first == second) < 0.05
            assert np.corrcoef(first, second)[0, 1] > 0.5


def test_cost_of_nasbench201(harness_data: Path) -> None:
    """Seconds of one query, from the time of an epoch and of a validation pass in the data."""
    benchmark = table("nasbench201/cifar10")
    arch = benchmark.space.from_str(BEST_CIFAR10)
    _, seconds = benchmark.oracle(0).measure(arch, 200)
    assert seconds == pytest.approx(200 * 14.39872 + 4.546, rel=1e-4)
    assert benchmark.oracle(0).properties(arch)["params"] == 1_073_466


@pytest.mark.parametrize(("dataset", "best", "best_valid", "its_test"), OPTIMA_GRAPH)
def test_optimum_of_nasbench_graph(
    dataset: str, best: float, best_valid: float, its_test: float
) -> None:
    benchmark = table(f"nasbench-graph/{dataset}")
    assert benchmark.card().optimum == best
    archs = list(benchmark.space.enumerate())
    oracle = benchmark.oracle(0)
    found = max(archs, key=lambda arch: oracle.measure(arch, None)[0])
    assert oracle.measure(found, None)[0] == best_valid
    assert benchmark.report([found]) == [its_test]


@pytest.mark.parametrize("dataset", [name for name, *_ in OPTIMA_GRAPH])
def test_values_of_nasbench_graph(dataset: str) -> None:
    """Against the package's own way of looking an architecture up."""
    benchmark = table(f"nasbench-graph/{dataset}")
    oracle = benchmark.oracle(0)
    results = light_read(dataset)
    for link, ops in [
        ([0, 1, 2, 3], ["gcn", "gcn", "gcn", "gcn"]),
        ([0, 0, 1, 2], ["sage", "skip", "fc", "arma"]),
        ([0, 0, 0, 0], ["arma", "gcn", "skip", "fc"]),
        ([0, 1, 1, 3], ["sage", "gcn", "skip", "skip"]),
    ]:
        row = results[Arch(link, ops).valid_hash()]
        arch = benchmark.space.from_str(",".join(["".join(map(str, link)), *ops]))
        score, seconds = oracle.measure(arch, None)
        assert score == row["valid_perf"]
        assert np.isnan(seconds)
        assert benchmark.report([arch]) == [row["perf"]]


def test_optimum_of_nasbench_macro(harness_data: Path) -> None:
    benchmark = table("nasbench-macro/cifar10")
    card = benchmark.card()
    assert (card.architectures, card.unique) == (6_561, 3_969)
    assert card.optimum == pytest.approx(93.12667, abs=5e-5)
    assert card.worst == pytest.approx(45.36333, abs=5e-5)
    assert benchmark.report([benchmark.space.from_str("22212202")]) == [card.optimum]


@pytest.mark.parametrize(
    ("arch", "runs"),
    [
        ("22212202", (93.28, 93.33, 92.77)),
        ("00000000", (45.32, 45.33, 45.44)),
        ("11111111", (91.89, 91.98, 91.92)),
        ("22222222", (93.06, 92.92, 92.88)),
        ("10002212", (89.22, 89.13, 89.40)),
    ],
)
def test_values_of_nasbench_macro(arch: str, runs: tuple[float, ...], harness_data: Path) -> None:
    for trial, run in enumerate(runs):
        benchmark = table(f"nasbench-macro/cifar10:noise=fixed,trial={trial}")
        genotype = benchmark.space.from_str(arch)
        assert benchmark.oracle(0).measure(genotype, None)[0] == pytest.approx(run, abs=1e-4)
        assert benchmark.report([genotype]) == [pytest.approx(np.mean(runs), abs=1e-4)]


def test_equal_networks_of_nasbench_macro_are_equal_in_the_data(harness_data: Path) -> None:
    """The rule by which the space tells networks apart is the one that the data shows."""
    import pyarrow.parquet as pq

    rows = pq.read_table(harness_data / "nasbench_macro" / "nasbench_macro_cifar10.parquet")
    space = table("nasbench-macro/cifar10").space
    columns = [f"cifar10_test_run{run}" for run in range(3)] + ["params", "flops"]
    values = list(zip(*(rows.column(name).to_pylist() for name in columns), strict=True))
    forms = [space.canonical(space.from_str(arch)) for arch in rows.column("arch").to_pylist()]
    assert len(set(values)) == len(set(forms)) == len(set(zip(forms, values, strict=True)))
