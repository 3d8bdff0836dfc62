"""What the README shows works as it is written."""

from __future__ import annotations

import csv
import math
import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from harness.cli import main
from harness.tables.open import open_benchmark

README = (Path(__file__).parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Code blocks of a language, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands(word: str) -> list[list[str]]:
    """Commands in the README that begin with ``harness WORD``."""
    text = "".join(blocks("sh")).replace("\\\n", "")
    lines = [line for line in text.splitlines() if line.startswith(f"harness {word}")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    method, scorer = blocks("python")
    Path("my_method.py").write_text(method)
    Path("my_scorer.py").write_text(scorer)
    study, table = blocks("toml")
    Path("mine.toml").write_text(study)
    Path("convnets.toml").write_text(table)
    rows = [f"{k},{w},{50 + k + len(w)},{49 + k}" for k in (3, 5, 7) for w in ("wide", "narrow")]
    Path("convnets.csv").write_text("\n".join(["kernel,width,valid_acc,test_acc", *rows]))


def test_a_method_is_fifteen_lines() -> None:
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 15


def test_commands() -> None:
    assert {main(words) for words in commands("list")} == {0}
    study, own, *_ = commands("compare")
    assert main([*study, "--seeds", "6", "--budget", "20"]) == 0
    assert main([*own, "--seeds", "6"]) == 0
    (report,) = commands("report")
    assert main(report) == 0
    assert {main(words) for words in commands("audit")} == {0}
    (validate,) = commands("validate")
    assert main(validate) == 0


def test_ranking() -> None:
    words, _ = commands("rank")
    assert main([*words, "--seeds", "6"]) == 0


def test_methods_that_predict() -> None:
    pytest.importorskip("torch")
    words = commands("compare")[2]
    assert main([*words, "--seeds", "2", "--budget", "20"]) == 0


def test_supernets() -> None:
    pytest.importorskip("torch")
    words = commands("compare")[3]
    assert main([*words, "--seeds", "2", "--budget", "24epochs"]) == 0
    *_, words = commands("rank")
    assert main([*words, "--seeds", "1", "--candidates", "20"]) == 0


def test_live_training(harness_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    words = commands("compare")[4]
    assert main([*words, "--dry-run"]) == 0
    told = capfd.readouterr().out
    assert all(method in told for method in ("random-search", "asng-nas"))
    (fetch,) = commands("data fetch")
    assert main(fetch) == 0


def test_numbers_are_those_of_the_reference() -> None:
    table = README.split("<!-- predictor-methods -->")[1].split("<!-- end")[0]
    head, _, *rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    reference = Path(__file__).parents[2] / "results" / "reference" / "predictor-methods.csv"
    with reference.open() as file:
        known = {(row["benchmark"], row["method"]): row for row in csv.DictReader(file)}
    benchmarks = {benchmark for benchmark, _ in known}
    for method, *cells, rank in rows:
        for benchmark, cell in zip(head[1:-1], cells, strict=True):
            mean, deviation = (float(known[benchmark, method][name]) for name in ("mean", "std"))
            points = 1 if mean > 1 else 100
            assert cell == f"{points * mean:.2f} ± {points * deviation:.2f}"
        ranks = [float(known[benchmark, method]["rank"]) for benchmark in benchmarks]
        assert rank == f"{math.fsum(ranks) / len(ranks):.1f}"


def test_study_file_means_the_command_beside_it(capfd: pytest.CaptureFixture[str]) -> None:
    words = commands("compare")[0]
    study = tomllib.loads(blocks("toml")[0])
    assert study["benchmarks"] == [w for before, w in pairwise(words) if before == "-b"]
    assert study["methods"] == [w for before, w in pairwise(words) if before == "-m"]
    assert main(["compare", "mine.toml", "--seeds", "2", "--budget", "5"]) == 0
    assert "nasbench-graph/arxiv" in capfd.readouterr().out


def test_own_table() -> None:
    benchmark = open_benchmark("convnets.toml")
    assert benchmark.card().architectures == 6
    assert main(["compare", "-b", "convnets.toml", "-m", "random-search", "--seeds", "6"]) == 0


def test_every_benchmark_of_the_table_is_registered() -> None:
    from harness.core.registry import list_benchmarks

    known = {entry.id for entry in list_benchmarks()}
    for space, datasets in re.findall(r"`([a-z0-9-]+)/\{([a-z0-9,-]+)\}`", README):
        assert {f"{space}/{dataset}" for dataset in datasets.split(",")} <= known
