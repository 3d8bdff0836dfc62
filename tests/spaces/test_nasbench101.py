"""The benchmark of NAS-Bench-101 from a table of averages, made here or the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import kstest

from harness import HarnessError, InvalidTable, MissingData
from harness.core.registry import load_benchmark
from spaces.nasbench101 import NasBench101Family, NasBench101Space
from spaces.nasbench101.cells import all_keys, cell_of
from spaces.nasbench101.row_index import RowIndex

KEYS = all_keys()[:91]
SPACE = NasBench101Space()
INCEPTION = "conv1x1:0|conv3x3:0|conv3x3:0|conv3x3:3|maxpool3x3:0|output:1245"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """A table of averages of the 91 smallest cells, and what it says by key."""
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    keys = np.random.default_rng(1).permutation(KEYS).tolist()
    cells = [cell_of(key) for key in keys]
    scores = [key % 997 / 997 for key in keys]
    columns = {
        "hash": [f"{key:032x}" for key in keys],
        "adjacency_bits": pa.array([bits for bits, _ in cells], pa.int32()),
        "ops": ["".join("102"[op] for op in operations) for _, operations in cells],
        "params": keys,
        "cifar10_test_108ep": scores,
    }
    (tmp_path / "nasbench101").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "nasbench101" / "nasbench101_test.parquet")
    return dict(zip(keys, scores, strict=True))


def test_averages(small: dict[int, float]) -> None:
    benchmark = load_benchmark("nasbench101/cifar10")
    oracle = benchmark.oracle(0)
    archs = list(benchmark.space.enumerate())
    assert [benchmark.space.canonical(arch) for arch in archs] == sorted(small)
    assert [oracle.measure(arch, 108)[0] for arch in archs] == [small[key] for key in sorted(small)]
    assert oracle.properties(archs[7]) == {"params": sorted(small)[7]}
    assert benchmark.report(archs[:3]) == [small[key] for key in sorted(small)[:3]]
    card = benchmark.card()
    assert (card.optimum, card.architectures, card.unique) == (max(small.values()), 91, 91)
    assert (card.searched, card.reported, card.searches_reported) == ("test@108", "test@108", True)
    assert (card.noise, card.searched_trials) == ("mean", "mean of 3 training runs")
    assert card.units == ("queries", "epochs")
    assert (card.default_budget, card.licence) == ("300 queries", "Apache-2.0")


def test_averages_are_no_training_runs(small: dict[int, float]) -> None:
    with pytest.raises(HarnessError, match="has only their averages"):
        load_benchmark("nasbench101/cifar10:noise=sampled")
    assert "mean test accuracy" in NasBench101Family().entries()[0].summary
    assert "Until then averages are used" in NasBench101Family().data_file().how_to_get


def test_sampling(small: dict[int, float]) -> None:
    """What is rare among genotypes is not rare among cells."""
    assert load_benchmark("nasbench101/cifar10:sampling=unique").id == "nasbench101/cifar10"
    benchmark = load_benchmark("nasbench101/cifar10:sampling=matrix,repeats=free")
    assert benchmark.id == "nasbench101/cifar10:repeats=free,sampling=matrix"
    rng = np.random.default_rng(0)
    edges = [sum(benchmark.space.sample(rng)[:21]) for _ in range(400)]
    assert 9 < np.mean(edges) < 10.5
    space = load_benchmark("nasbench101/cifar10").space
    assert {space.canonical(space.sample(rng)) for _ in range(2000)} == small.keys()


@pytest.mark.parametrize(
    ("settings", "match"),
    [("sampling=uniform", "unique or matrix"), ("samples=unique", "no setting .* mean sampling")],
)
def test_wrong_settings(settings: str, match: str, small: dict[int, float]) -> None:
    with pytest.raises(HarnessError, match=match):
        load_benchmark(f"nasbench101/cifar10:{settings}")


def test_a_table_without_the_cell(small: dict[int, float]) -> None:
    benchmark = load_benchmark("nasbench101/cifar10")
    with pytest.raises(InvalidTable, match=r"no row for conv1x1:0\|conv3x3:0\|"):
        benchmark.oracle(0).measure(SPACE.from_str(INCEPTION), 108)


def test_missing_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(MissingData, match="harness data import nasbench101 FILE"):
        load_benchmark("nasbench101/cifar10")
    entry = NasBench101Family().entries()[0]
    assert str(tmp_path) in entry.missing
    assert "sampling" in entry.settings
    file = NasBench101Family().data_file()
    assert file.path == tmp_path / "nasbench101" / "nasbench101.parquet"
    assert "nasbench_only108.tfrecord" in file.how_to_get
    assert "averages" not in file.how_to_get


def test_row_index() -> None:
    keys = np.array([7, 3, 900, 5])
    index = RowIndex(keys, "memory")
    assert dict(index) == {7: 0, 3: 1, 900: 2, 5: 3}
    assert list(index) == [3, 5, 7, 900]
    assert 4 not in index
    assert 1000 not in index
    with pytest.raises(InvalidTable, match="memory: 1 rows"):
        RowIndex(np.array([7, 3, 7]), "memory")


def test_the_real_table(harness_data: Path) -> None:
    benchmark = load_benchmark("nasbench101/cifar10")
    oracle = benchmark.oracle(0)
    arch = SPACE.from_str(INCEPTION)
    assert oracle.properties(arch)["params"] == 2_694_282
    assert oracle.measure(arch, 108)[0] == pytest.approx(0.930856, abs=5e-7)
    card = benchmark.card()
    assert (card.architectures, card.unique) == (423_624, 423_624)
    assert card.optimum == pytest.approx(0.943176, abs=5e-7)
    assert card.mean_random == pytest.approx(0.8968, abs=5e-5)
    some = benchmark.space.tuples(benchmark.space.population[::50])
    assert 0.93 < max(oracle.measure(arch, 108)[0] for arch in some) <= card.optimum


class TestLabelNoise:
    def noisy(self, key: int = 3):
        benchmark = load_benchmark("nasbench101/cifar10:label_noise=0.01")
        return benchmark, benchmark.oracle(key)

    def test_is_normal_with_its_deviation(self, small: dict[int, float]) -> None:
        benchmark, oracle = self.noisy()
        arch = benchmark.space.sample(np.random.default_rng(0))
        true = small[benchmark.space.canonical(arch)]
        seen = np.array([oracle.measure(arch, 108)[0] for _ in range(3000)])
        assert kstest((seen - true) / 0.01, "norm").pvalue > 1e-3

    def test_depends_on_key_cell_and_turn_alone(self, small: dict[int, float]) -> None:
        benchmark, first = self.noisy()
        _, second = self.noisy()
        _, other = self.noisy(4)
        archs = benchmark.space.tuples(benchmark.space.population[:20])
        seen = [first.measure(arch, 108)[0] for arch in archs]
        again = [first.measure(arch, 108)[0] for arch in archs]
        assert [second.measure(arch, 108)[0] for arch in reversed(archs)] == seen[::-1]
        assert not set(seen) & set(again)
        assert not set(seen) & {other.measure(arch, 108)[0] for arch in archs}

    def test_is_told_and_not_reported(self, small: dict[int, float]) -> None:
        benchmark, _ = self.noisy()
        card = benchmark.card()
        assert benchmark.id == "nasbench101/cifar10:label_noise=0.01"
        assert (card.noise, card.optimum) == ("sampled", max(small.values()))
        assert "simulated normal noise, sd 0.01" in card.searched_trials
        archs = list(benchmark.space.enumerate())
        assert benchmark.report(archs) == [small[key] for key in sorted(small)]

    @pytest.mark.parametrize("value", ["a", "-1", "1", "nan"])
    def test_refused(self, small: dict[int, float], value: str) -> None:
        with pytest.raises(HarnessError, match="is no standard deviation"):
            load_benchmark(f"nasbench101/cifar10:label_noise={value}")
