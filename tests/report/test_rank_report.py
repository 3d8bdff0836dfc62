"""Reports on a ranking study against the numbers in its store."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.study.rank_store import RankStore

Check = Callable[[str, str], dict[str, Any]]
Shown = Callable[..., str]

TOYS = '''
import numpy as np
from harness import Predictor

class Good(Predictor):
    """Knows what the losses are made of."""

    def learn(self, archs, scores):
        pass

    def guess(self, archs):
        return -np.abs(archs - [3, 2]).sum(axis=1) - 0.1 * self.rng.random(len(archs))

class Random(Good):
    """Knows nothing."""

    def guess(self, archs):
        return self.rng.random(len(archs))

class Fragile(Random):
    """Fails under some seeds."""

    def learn(self, archs, scores):
        if self.rng.random() < 0.3:
            raise ValueError("unlucky")

class Diverges(Good):
    """Predicts nothing."""

    def guess(self, archs):
        return np.full(len(archs), np.nan)
'''
DESCRIPTION = """
table = "losses.csv"
decisions = ["a", "b"]
valid = "valid"
test = "test"
metric = "log loss"
direction = "minimize"
"""
NAMES = ["toys:Random", "toys:Good", "toys:Fragile", "toys:Diverges"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study on a metric that is minimised, with scorers that fail."""
    here = tmp_path_factory.mktemp("study")
    rows = [
        f"{a},{b},{abs(a - 3) + abs(b - 2) + 0.5},{abs(a - 3) + abs(b - 2) + 1 + a / 100}"
        for a in range(12)
        for b in range(12)
    ]
    (here / "losses.csv").write_text("\n".join(["a,b,valid,test", *rows]))
    (here / "losses.toml").write_text(DESCRIPTION)
    (here / "toys.py").write_text(TOYS)
    scorers = [
        word for name in NAMES for word in ("-m", str(here / name.replace("toys:", "toys.py:")))
    ]
    code = main(
        ["rank", "-b", f"{here}/losses.toml", *scorers, "--labels", "4,40", "--seeds", "20",
         "--candidates", "100", "--out", str(here / "out"), "--jobs", "1"]
    )  # fmt: skip
    assert code == 4
    return here / "out"


@pytest.fixture
def shown(folder: Path, capfd: pytest.CaptureFixture[str]) -> Shown:
    def show(format: str, *options: str) -> str:
        capfd.readouterr()
        assert main(["report", str(folder), "--format", format, *options]) == 0
        return capfd.readouterr().out

    return show


def test_json_is_what_the_schema_says(shown: Shown, check: Check) -> None:
    found = check(shown("json"), "rank-1")
    assert found["study"]["scorers"] == NAMES
    assert found["study"]["control"] == "toys:Random"
    assert found["study"]["labels"] == [4, 40]
    assert [(cell["labels"], cell["tested"]) for cell in found["cells"]] == [(4, 100), (40, 100)]
    assert [cell["available"] for cell in found["cells"]] == [142, 142]


@pytest.mark.parametrize("seeds", ["1", "2"])
def test_json_of_few_seeds(
    seeds: str, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], check: Check
) -> None:
    command = ["rank", "-b", str(folder.parent / "losses.toml"), "-m", "ridge", "-m", "linear"]
    command += ["--labels", "20", "--seeds", seeds, "--jobs", "1", "--out", str(tmp_path / "out")]
    assert main([*command, "--format", "json"]) == 0
    (cell,) = check(capfd.readouterr().out, "rank-1")["cells"]
    assert [c["verdict"] for c in cell["comparisons"]] == ["cannot-tell"]
    assert (cell["results"][0]["std"] is None) == (seeds == "1")


def test_json_and_csv_hold_the_stored_numbers(folder: Path, shown: Shown) -> None:
    found = json.loads(shown("json"))
    lines = list(csv.DictReader(io.StringIO(shown("csv"))))
    assert (folder / "summary.csv").read_text() == shown("csv")
    results = RankStore(folder).read()
    assert len(lines) == len(results.runs) == 8
    by_key = {(int(line["labels"]), line["scorer"]): line for line in lines}
    for cell in found["cells"]:
        for row in cell["results"]:
            own = results.runs["user/losses", cell["labels"], row["scorer"]]
            line = by_key[cell["labels"], row["scorer"]]
            assert row["mean"] == row["kendall"] == pytest.approx(own.kendall.mean(), abs=1e-12)
            assert row["std"] == pytest.approx(own.kendall.std(ddof=1), abs=1e-12)
            for name in ("spearman", "violations", "regret_1", "regret_10", "top_share"):
                assert row[name] == pytest.approx(getattr(own, name).mean(), abs=1e-12)
            for name in ("n", "failed", "mean", "rank", "regret_1", "top_share"):
                assert float(line[name]) == row[name]
            if row["scorer"] == "toys:Diverges":
                assert row["mae"] is row["fit_seconds"] is None
                assert line["mae"] == line["fit_seconds"] == ""
            else:
                done = ~own.failed
                assert row["mae"] == pytest.approx(own.mae[done].mean(), abs=1e-12)
                assert row["fit_seconds"] == pytest.approx(np.median(own.fit_seconds[done]))


def test_failed_runs_are_shown(folder: Path, shown: Shown) -> None:
    results = RankStore(folder).read()
    text = shown("table")
    for labels in (4, 40):
        own = results.runs["user/losses", labels, "toys:Fragile"]
        assert 0 < own.failed.sum() < 20
        assert (own.kendall[own.failed] == -1.0).all()
        assert (own.regret_1[own.failed] == results.cards[0].worst - 1.03).all()
        assert f"toys:Fragile: {own.failed.sum()} of 20 runs failed (ValueError: unlucky)" in text
        assert results.runs["user/losses", labels, "toys:Diverges"].failed.all()
    assert text.count("toys:Diverges: 20 of 20 runs failed (harness.core.errors.HarnessError") == 2
    first = re.findall(r"harness (report \S+ --failure toys:Fragile\S+)", text)[0]
    assert 'raise ValueError("unlucky")' in shown("table", *first.split()[2:])
    assert "returned NaN for 100 of 100" in shown("table", "--failure", "toys:Diverges:3")


def test_what_did_not_fail(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder), "--failure", "toys:Good:3"]) == 2
    assert "seed 3 of toys:Good did not fail. Failed seeds: none" in capfd.readouterr().err
    assert main(["report", str(folder), "--failure", "toys:Best:3"]) == 2
    assert "no scorer of this study 'toys:Best'" in capfd.readouterr().err


def test_best_is_first(folder: Path, shown: Shown) -> None:
    text = shown("table")
    for block in text.split("user/losses, ")[1:]:
        labels = int(block.split()[0])
        results = RankStore(folder).read()
        means = {name: results.runs["user/losses", labels, name].kendall.mean() for name in NAMES}
        order = [line.split()[0] for line in block.splitlines() if " ± " in line][1:]
        assert order == sorted(means, key=lambda name: -means[name])
    assert "lower is better" in text
    assert "Top group: toys:Good (every other scorer differs from it at 0.05)." in text


def test_facts(shown: Shown) -> None:
    text = shown("table")
    assert "4 of 144 architectures, drawn by the seed, are labelled" in text
    assert "100 of the others, drawn by the seed, are ordered" in text
    assert "at 4    at 40" in text
    assert "a seed's score is its mean over 4, 40 labels" in text
    assert "both 0 where all predictions are the same" in text
    assert "the 104 others" not in text


def test_another_control(shown: Shown) -> None:
    found = json.loads(shown("json", "--control", "toys:Good"))
    assert {c["b"] for cell in found["cells"] for c in cell["comparisons"]} == {"toys:Good"}
    assert {c["verdict"] for cell in found["cells"] for c in cell["comparisons"]} == {"worse"}


@pytest.mark.parametrize(
    ("format", "bold"), [("markdown", r"\*\*(.+?)\*\*"), ("latex", r"\\textbf\{(.+?)\} *[&\\]")]
)
def test_bold_is_the_top_group(shown: Shown, format: str, bold: str) -> None:
    top = [name for cell in json.loads(shown("json"))["cells"] for name in cell["top"]]
    emphasised = re.findall(bold, shown(format))
    assert sorted(e for e in emphasised if "±" not in e and "pm" not in e) == sorted(top)


def test_latex_is_balanced(shown: Shown) -> None:
    text = shown("latex")
    assert text.count(r"\begin{") == text.count(r"\end{") == 4
    assert not re.search(
        r"(?<!\\)[%_&#](?![^&]*\\\\)", re.sub(r"^%.*$|(?<= )&", "", text, flags=re.M)
    )
