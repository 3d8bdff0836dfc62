"""NAS-Bench-Graph: its space against the package's own rule, and the benchmark's statements."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import nas_bench_graph
import numpy as np
import pytest
from nas_bench_graph import Arch, light_read
from nas_bench_graph.architecture import gnn_list, gnn_list_proteins

from harness import InvalidArchitecture, InvalidTable, SearchSpace
from harness.core.registry import load_benchmark
from spaces.nasbench_graph import NasBenchGraphFamily
from spaces.nasbench_graph.light import LightTable

DATASETS = [entry.id.partition("/")[2] for entry in NasBenchGraphFamily().entries()]


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_benchmark("nasbench-graph/cora").space


@pytest.fixture(scope="module")
def proteins() -> SearchSpace:
    return load_benchmark("nasbench-graph/proteins").space


def test_datasets() -> None:
    here = Path(nas_bench_graph.__file__).parent / "light"
    assert sorted(DATASETS) == sorted(file.stem for file in here.glob("*.bench"))


def test_genotypes_reach_all_rows(space: SearchSpace, proteins: SearchSpace) -> None:
    archs = list(space.enumerate())
    assert (space.cardinality, len(archs)) == (59_049, 59_040)
    assert {space.canonical(arch) for arch in archs} == set(light_read("cora"))
    archs = list(proteins.enumerate())
    assert (proteins.cardinality, len(archs)) == (5_625, 5_616)
    assert {proteins.canonical(arch) for arch in archs} == set(light_read("proteins"))


def test_keys_are_the_same_in_all_tables() -> None:
    keys = set(light_read("cora"))
    assert len(keys) == 26_206
    assert all(set(light_read(name)) == keys for name in DATASETS if name != "proteins")
    assert set(light_read("proteins")) < keys


def test_all_links_can_be_read(space: SearchSpace) -> None:
    """All 24 orders of layers, each with a sample of operations, give the package's number."""
    rng = np.random.default_rng(0)
    for link in product([0], [0, 1], [0, 1, 2], [0, 1, 2, 3]):
        for ops in rng.integers(0, 9, size=(100, 4)).tolist():
            names = [gnn_list[op] for op in ops]
            text = ",".join(["".join(map(str, link)), *names])
            if set(names) == {"skip"}:
                with pytest.raises(InvalidArchitecture, match="not a valid"):
                    space.from_str(text)
            else:
                expected = Arch(list(link), names).valid_hash()
                assert space.canonical(space.from_str(text)) == expected


def test_notation(space: SearchSpace) -> None:
    for arch in list(space.enumerate())[::97]:
        assert space.from_str(space.to_str(arch)) == arch
    assert space.to_str((3, 0, 1, 8, 7)) == "0012,gat,gcn,skip,fc"
    # Layers 1 and 2 change places, and 3 and 4 with them.
    assert space.to_str(space.from_str("0021, gcn, gat, skip, fc")) == "0012,gat,gcn,skip,fc"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0012,gat,gcn,skip", "names 4 choices"),
        ("0013x,gat,gcn,skip,fc", "no choice of link"),
        ("1000,gat,gcn,skip,fc", "no choice of link"),
        ("0012,gat,gcn,skip,conv", "'conv' is no choice of op4"),
        ("0012,skip,skip,skip,skip", "not a valid architecture"),
        ("", "names 1 choices"),
    ],
)
def test_what_is_no_architecture(space: SearchSpace, text: str, words: str) -> None:
    with pytest.raises(InvalidArchitecture, match=words):
        space.from_str(text)


def test_proteins_has_five_operations(proteins: SearchSpace) -> None:
    assert list(proteins.decisions[1].choices) == gnn_list_proteins
    with pytest.raises(InvalidArchitecture, match="'gat' is no choice"):
        proteins.from_str("0012,gat,gcn,skip,fc")


def test_all_skip_is_never_drawn(proteins: SearchSpace) -> None:
    rng = np.random.default_rng(0)
    parent = proteins.from_str("0000,skip,skip,skip,gcn")
    children = {proteins.mutate(parent, rng) for _ in range(500)}
    assert children == set(proteins.neighbours(parent))
    assert not any(set(child[1:]) == {4} for child in children)


@pytest.mark.parametrize("dataset", DATASETS)
def test_statements(dataset: str) -> None:
    card = load_benchmark(f"nasbench-graph/{dataset}").card()
    counts = (5_616, 2_021) if dataset == "proteins" else (59_040, 26_206)
    assert (card.architectures, card.unique) == counts
    assert (card.searched, card.reported, card.searches_reported) == ("valid", "test", False)
    assert card.searched_trials == card.reported_trials == "mean of 3 training runs"
    assert (card.noise, card.units, card.cost) == ("mean", ("queries",), "")
    assert card.metric == ("ROC-AUC (0-1)" if dataset == "proteins" else "accuracy (0-1)")
    assert (card.default_budget, card.licence) == ("100 queries", "Apache-2.0")


@pytest.mark.parametrize("noise", ["sampled", "fixed,trial=0"])
def test_single_runs_are_not_there(noise: str) -> None:
    with pytest.raises(Exception, match="has only their averages"):
        load_benchmark(f"nasbench-graph/cora:noise={noise}")


def test_properties(space: SearchSpace) -> None:
    arch = space.from_str("0123,gcn,gcn,gcn,gcn")
    row = light_read("cora")[space.canonical(arch)]
    found = load_benchmark("nasbench-graph/cora").oracle(0).properties(arch)
    assert found == {"params": round(row["para"] * 1e6), "latency": row["latency"]}


def test_no_test_score_is_in_memory(reachable: Callable[[object], set[float]]) -> None:
    benchmark = load_benchmark("nasbench-graph/arxiv")
    oracle = benchmark.oracle(0)
    benchmark.card()
    numbers = reachable([benchmark, oracle])
    assert {row["valid_perf"] for row in light_read("arxiv").values()} <= numbers
    # Fractions that a validation score can be as well are no proof.
    tests = {row["perf"] for row in light_read("arxiv").values()}
    valid = {row["valid_perf"] for row in light_read("arxiv").values()}
    assert not (tests - valid) & numbers


def test_unknown_column() -> None:
    with pytest.raises(InvalidTable, match="no column perf"):
        LightTable("cora").read(["perf"])


def test_import_is_quiet_and_light() -> None:
    code = (
        "import sys, random; state = random.getstate(); import spaces.nasbench_graph as s;"
        "s.NasBenchGraphFamily().make('cora', {}).card(); assert random.getstate() == state;"
        "assert not {'pandas', 'torch', 'scipy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
