"""``harness reproduce`` from a protocol file to the table, on embedded data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.core.registry import load_benchmark, load_method
from harness.gate import protocol as protocols
from harness.study.run import RunRecord, run_seeds

DIGITS = "nasbench201/digits:noise=mean"
OTHER = "nasbench201/digits:reported=valid@8"
TINY = f"""
title = "Tiny (Nobody, 2020), table 1"
label = "one run"
report = "the mean"
margin = 0.6
notes = ["A note."]

[[differences]]
text = "labels are means"
when = "averages"

[[differences]]
text = "its tail is cut off"
rows = ["re"]

[[differences]]
text = "never true here"
when = "one-fidelity"

[[studies]]
name = "search"
table = "tiny"
benchmarks = ["BENCHMARK"]
budget = "20"
seeds = 12
columns = [
  {{name = "test"}},
  {{name = "valid", report = "{OTHER}"}},
  {{name = "early", queries = 5}},
  {{name = "oracle", value = "best-queried"}},
  {{name = "oracle-5", value = "best-queried", queries = 5}},
  {{name = "error", factor = -1.0, offset = 100.0}},
]
[studies.methods]
rs = "random-search"
re = "regularized-evolution:population=5,sample=2"
"""
PUBLISHED = """table,row,column,mean,std,runs,certainty,source
tiny,rs,test,96.40,0.30,500,paper,Tiny table 1
tiny,rs,valid,50.00,0.30,500,paper,Tiny table 1
tiny,rs,early,96.00,0.30,,memory,Tiny table 2
tiny,rs,oracle,97.00,,200,paper,Tiny table 1
tiny,rs,oracle-5,97.00,,200,paper,Tiny table 1
tiny,re,test,96.60,0.30,500,paper,Tiny table 1
tiny,re,error,3.50,0.30,500,paper,Tiny table 1
"""
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Makes ``tiny`` the only protocol, in an own folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protocols").mkdir()
    monkeypatch.setattr(protocols, "published_folder", lambda: tmp_path)

    def writes(text: str = TINY, benchmark: str = DIGITS, values: str = PUBLISHED) -> None:
        (tmp_path / "published.csv").write_text(values)
        (tmp_path / "protocols" / "tiny.toml").write_text(text.replace("BENCHMARK", benchmark))

    return writes


def reproduced(*more: str, capfd: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert main(["reproduce", "tiny", "--jobs", "1", *more]) == code
    return capfd.readouterr().out


def cells(written: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(cell["row"], cell["column"]): cell for cell in json.loads(written)["cells"]}


def expected(method: str, seeds: int = 12) -> tuple[Benchmark, list[RunRecord]]:
    """The same runs, made without a store."""
    benchmark = load_benchmark(DIGITS)
    made = load_method(method).method
    return benchmark, run_seeds(made, benchmark, Budget(20, "queries"), range(seeds))


def test_values_are_those_of_the_runs(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    write()
    found = cells(reproduced("--format", "json", capfd=capfd))
    assert len(found) == 12
    for row, method in (
        ("rs", "random-search"),
        ("re", "regularized-evolution:population=5,sample=2"),
    ):
        benchmark, runs = expected(method)
        archs = [run.recommended for run in runs]
        assert None not in archs
        other = load_benchmark(OTHER).report(archs)  # type: ignore[arg-type]
        asked = [benchmark.report(list(map(tuple, r.trace.archs.tolist()))) for r in runs]
        early = [run.trace.reported[4] for run in runs]
        means = {
            "test": np.mean(benchmark.report(archs)),  # type: ignore[arg-type]
            "valid": np.mean(other),
            "early": np.mean(early),
            "oracle": np.mean([max(scores) for scores in asked]),
            "oracle-5": np.mean([max(scores[:5]) for scores in asked]),
            "error": 100 - np.mean(benchmark.report(archs)),  # type: ignore[arg-type]
        }
        for column, mean in means.items():
            assert found[row, column]["mean"] == pytest.approx(mean, abs=1e-9), (row, column)
            assert found[row, column]["n"] == 12
        assert found[row, "valid"]["std"] == pytest.approx(np.std(other, ddof=1))
        assert found[row, "test"]["run_by"] == method


def test_verdicts(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    write(TINY.replace('when = "averages"', 'when = "searches-reported"'))
    found = cells(reproduced("--format", "json", capfd=capfd))
    assert found["rs", "test"]["verdict"] == "agrees"
    assert found["rs", "valid"]["verdict"] == "differs"
    assert found["rs", "early"]["verdict"] == "cannot tell"
    assert found["rs", "early"]["se"] is None
    assert found["rs", "oracle"]["published_std"] is None
    assert found["rs", "oracle"]["se"] > 0
    assert found["re", "test"]["verdict"] == "protocol differs"
    assert found["re", "test"]["numbers"] == "agree"
    assert found["re", "test"]["how"] == "its tail is cut off"
    assert found["re", "valid"]["verdict"] == "cannot tell", "nothing is published"
    assert found["re", "valid"]["published"] is None


def test_differences_depend_on_the_data(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """Labels that are means are told; those of single runs are not."""
    for benchmark, how in ((DIGITS, "labels are means"), ("nasbench201/digits", "")):
        write(benchmark=benchmark)
        found = cells(reproduced("--format", "json", "--out", benchmark[-4:], capfd=capfd))
        assert found["rs", "test"]["how"] == how
        both = [how, "its tail is cut off"] if how else ["its tail is cut off"]
        assert found["re", "test"]["how"] == "; ".join(both)


def test_formats(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    write()
    text = reproduced(capfd=capfd)
    assert text.startswith("Tiny (Nobody, 2020), table 1\n")
    for said in (
        "search: nasbench201/digits:noise=mean (20 queries) · 12 seeds\n",
        "label: one run · reported: the mean",
        "96.40 ± 0.30",
        "protocol differs [1]; numbers agree",
        "protocol differs [1, 2]; numbers agree",
        "[1] labels are means",
        "[2] its tail is cut off",
        "A note.",
        "Published: Tiny table 1, 200/500 runs; read in the paper",
        "Published: Tiny table 2, unknown number of runs; as usually quoted",
        "cannot tell (how many runs they had is not known)",
        "cannot tell (no number is published)",
        "inside the margin (±0.6, by column)",
        "Runs: results/tiny/search",
    ):
        assert said in text, said
    assert "never true here" not in text
    markdown = reproduced("--format", "markdown", capfd=capfd)
    assert markdown.startswith("### Tiny")
    assert "| method" in markdown
    rows = list(csv.DictReader(io.StringIO(reproduced("--format", "csv", capfd=capfd))))
    found = json.loads(reproduced("--format", "json", capfd=capfd))
    assert [row["verdict"] for row in rows] == [cell["verdict"] for cell in found["cells"]]
    assert [float(row["mean"]) for row in rows] == [cell["mean"] for cell in found["cells"]]
    assert found["studies"][0]["seeds"] == found["studies"][0]["seeds_published"] == 12
    assert main(["reproduce", "tiny", "--format", "latex"]) == 2
    assert "no format 'latex'" in capfd.readouterr().err


def test_fewer_seeds_and_going_on(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    write()
    assert "2 seeds, fewer than the 12 of the protocol" in reproduced("--seeds", "2", capfd=capfd)
    assert main(["reproduce", "tiny", "--jobs", "1"]) == 0
    assert "4 of 24 runs are there already" in capfd.readouterr().err
    assert main(["reproduce", "tiny", "--jobs", "1"]) == 0
    out, err = capfd.readouterr()
    assert "all 24 runs are there" in err
    assert main(["reproduce", "tiny", "--jobs", "1", "--out", "other"]) == 0
    assert capfd.readouterr().out == out.replace("results/tiny/search", "other/search")
    assert main(["report", "other/search"]) == 0


def test_queries_to_the_optimum(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """All architectures asked for once: the mean place of the best one; and runs cut short."""
    columns = '{name = "optimum", value = "queries-to-optimum"}'
    start, end = TINY.index("columns = ["), TINY.index("[studies.methods]")
    text = TINY[:start] + f"columns = [{columns}]\n" + TINY[end:]
    text = text.replace('"random-search"', '"random-search:replacement=false"')
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("re =", "rows")))
    benchmark = "nasbench-graph/proteins"
    values = PUBLISHED.splitlines()[0] + "\ntiny,rs,optimum,1000.0,600,500,paper,Tiny\n"
    write(text.replace('budget = "20"', 'budget = "6000"'), benchmark, values)
    found = cells(reproduced("--format", "json", "--seeds", "5", capfd=capfd))
    cell = found["rs", "optimum"]
    assert cell["short"] == 0
    made = load_benchmark(benchmark)
    best = made.card().optimum
    runs = run_seeds(
        load_method("random-search:replacement=false").method,
        made,
        Budget(6000, "queries"),
        range(5),
    )
    places = [
        made.report(list(map(tuple, run.trace.archs.tolist()))).index(best) + 1 for run in runs
    ]
    assert cell["mean"] == pytest.approx(np.mean(places))
    write(text, benchmark, values)
    cut = cells(reproduced("--format", "json", "--out", "cut", capfd=capfd))["rs", "optimum"]
    assert cut["short"] > 0
    assert cut["numbers"] == "cannot tell"
    assert "runs did not get there" in reproduced("--out", "cut", capfd=capfd)


def test_a_failed_run_is_the_worst(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    Path("broken.py").write_text(
        "from harness import Method\n\n\nclass Broken(Method):\n    '''Fails.'''\n\n"
        "    def search(self, problem):\n        raise ValueError('no')\n"
    )
    # A path is no registered name, which is what protocols are made of.
    write(TINY.replace('"random-search"', '"broken.py:Broken"'))
    assert main(["reproduce", "tiny"]) == 3
    assert "not available yet: method broken.py:Broken" in capfd.readouterr().err


def test_failed_values(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """A budget that pays for no query makes every run fail."""
    write(TINY.replace('budget = "20"', 'budget = "1epochs"'))
    found = cells(reproduced("--seeds", "2", "--format", "json", capfd=capfd, code=4))
    for column, where in (
        ("test", DIGITS),
        ("valid", OTHER),
        ("early", DIGITS),
        ("oracle", DIGITS),
    ):
        assert found["rs", column]["failed"] == 2
        assert found["rs", column]["mean"] == pytest.approx(load_benchmark(where).card().worst)


def test_rankings(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    text = """
title = "Tiny ranking"
label = "one run"
report = "the mean"
margin = 0.5
[[studies]]
name = "rank"
benchmarks = ["nasbench-graph/proteins"]
labels = [50]
seeds = 3
columns = [
  {name = "score", value = "score"},
  {name = "violations", value = "violations"},
  {name = "kendall", value = "kendall"},
]
[studies.scorers]
linear = "linear"
"""
    write(text)
    found = cells(reproduced("--format", "json", capfd=capfd))
    (pair,) = json.loads(Path("results/tiny/rank/study.json").read_text())["pairs"]
    tested = pair["cell"]["tested"]
    score, wrong = found["linear", "score"]["mean"], found["linear", "violations"]["mean"]
    assert score == pytest.approx(1 - wrong / (tested * (tested - 1) / 2))
    # Without ties tau is the share of pairs in the right order less that in the wrong one.
    assert found["linear", "kendall"]["mean"] == pytest.approx(2 * score - 1, abs=0.02)
    assert 0.5 < found["linear", "score"]["mean"] < 1
    assert found["linear", "score"]["verdict"] == "cannot tell"
    assert "(50 labels) · 3 seeds" in reproduced(capfd=capfd)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nasbench201-iclr2020", "harness data fetch nasbench201"),
        ("naap440", "harness data import naap440 FILE"),
        ("bananas-nasbench101", "nasbench_full.tfrecord"),
        ("seminas-imagenet", "needs a CUDA device"),
    ],
)
def test_missing_data(
    name: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("harness.gate.availability.has_cuda", lambda: False)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", name]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"harness: {name}: ")
    assert said in err
    assert not list(tmp_path.iterdir()), "nothing is run or written"


def test_no_device(
    harness_data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.gate.availability.has_cuda", lambda: False)
    assert main(["reproduce", "e2nas-nasbench201"]) == 3
    assert "needs a CUDA device" in capfd.readouterr().err


def test_too_few_images(
    harness_data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("harness.gate.availability.has_cuda", lambda: True)
    assert main(["reproduce", "nasbench201-oneshot"]) == 3
    assert "images to train on, where 25,000 were used" in capfd.readouterr().err


def test_transfer_on_the_real_table(
    harness_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One search on CIFAR-10; each column is a look-up of what it recommended."""
    monkeypatch.chdir(tmp_path)
    words = ["reproduce", "nasbench201-iclr2020", "--seeds", "3", "--jobs", "1", "--format", "json"]
    assert main(words) == 0
    found = cells(capfd.readouterr().out)
    assert len(found) == 24
    searched = load_benchmark("nasbench201/cifar10:searched=valid@12")
    method = load_method("random-search").method
    runs = run_seeds(method, searched, Budget(12000, "seconds"), range(3))
    for column, report in (
        ("cifar10-valid", "nasbench201/cifar10:reported=valid@200"),
        ("cifar10-test", "nasbench201/cifar10"),
        ("cifar100-valid", "nasbench201/cifar100:reported=valid@200"),
        ("imagenet16-120-test", "nasbench201/imagenet16-120"),
    ):
        archs = [run.recommended for run in runs if run.recommended]
        mean = np.mean(load_benchmark(report).report(archs))
        assert found["random-search", column]["mean"] == pytest.approx(mean)
    assert {cell["verdict"] for cell in found.values()} == {"protocol differs"}
