"""Text formats against the numbers in the store."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.study.store import Store

METHODS = ["random-search", "local-search", "regularized-evolution:population=5,sample=2"]
DESCRIPTION = """
table = "losses.csv"
decisions = ["a", "b"]
valid = "valid"
test = "test"
metric = "log loss"
direction = "minimize"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study: one method fails on every third seed, one metric is minimised."""
    here = tmp_path_factory.mktemp("study")
    rows = [
        f"{a},{b},{abs(a - 3) + abs(b - 2) + 0.5},{abs(a - 3) + abs(b - 2) + 1}"
        for a in range(12)
        for b in range(12)
    ]
    (here / "losses.csv").write_text("\n".join(["a,b,valid,test", *rows]))
    (here / "losses.toml").write_text(DESCRIPTION)
    (here / "fragile.py").write_text(
        "from harness import Method\n\n\nclass Fragile(Method):\n    '''Sometimes fails.'''\n\n"
        "    def search(self, problem):\n"
        "        if problem.rng.random() < 0.3:\n            raise ValueError('unlucky')\n"
        "        while True:\n            problem.evaluate(problem.space.sample(problem.rng))\n"
    )
    methods = [
        word for method in [*METHODS, f"{here}/fragile.py:Fragile"] for word in ("-m", method)
    ]
    code = main(
        ["compare", "-b", f"{here}/losses.toml", *methods, "--budget", "40", "--seeds", "40",
         "--out", str(here / "out"), "--jobs", "1"]
    )  # fmt: skip
    assert code == 4
    return here / "out"


def reported(folder: Path, capfd: pytest.CaptureFixture[str], format: str) -> str:
    """The report in a format."""
    capfd.readouterr()
    assert main(["report", str(folder), "--format", format]) == 0
    return capfd.readouterr().out


def scores(folder: Path) -> dict[str, np.ndarray]:
    """Reported scores of every run by method, failed runs as the worst of the table."""
    return {m: runs.reported for (_, m), runs in Store(folder).read().pairs.items()}


def test_json_and_csv_hold_the_stored_numbers(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (benchmark,) = json.loads(reported(folder, capfd, "json"))["benchmarks"]
    rows = {r["method"]: r for r in csv.DictReader(io.StringIO(reported(folder, capfd, "csv")))}
    assert benchmark["optimum"] == 1.0
    assert benchmark["worst"] == 8 + 9 + 1
    for row in benchmark["results"]:
        own = scores(folder)[row["method"]]
        assert row["mean"] == pytest.approx(own.mean(), abs=1e-12)
        assert row["std"] == pytest.approx(own.std(ddof=1), abs=1e-12)
        assert row["regret"] == pytest.approx(own.mean() - 1.0, abs=1e-12)
        for field in ("n", "mean", "std", "median", "iqm", "regret", "rank", "queries", "failed"):
            assert float(rows[row["method"]][field]) == row[field]
    assert (folder / "summary.csv").read_text() == reported(folder, capfd, "csv")


def test_failed_runs_count_as_the_worst(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    runs = Store(folder).read().pairs["user/losses", "fragile:Fragile"]
    assert 0 < runs.failed.sum() < 40
    assert set(runs.reported[runs.failed]) == {18.0}
    text = reported(folder, capfd, "table")
    assert f"fragile:Fragile: {runs.failed.sum()} of 40 runs failed (ValueError: unlucky)" in text
    (command,) = re.findall(r"harness (report \S+ --failure \S+)", text)
    assert main(command.split()) == 0
    assert "raise ValueError('unlucky')" in capfd.readouterr().out


def test_best_is_first_and_lower_is_better(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = reported(folder, capfd, "table")
    means = {method: values.mean() for method, values in scores(folder).items()}
    shown = [line.split()[0] for line in text.splitlines() if line.split()[:1] and
             line.split()[0] in means and "±" in line]  # fmt: skip
    assert shown == sorted(means, key=means.__getitem__)
    assert "lower is better" in text
    worse = next(line for line in text.splitlines() if "fragile:Fragile" in line and "±" in line)
    assert "worse: -" in worse


@pytest.mark.parametrize(
    ("format", "bold"), [("markdown", r"\*\*(.+?)\*\*"), ("latex", r"\\textbf\{(.+?)\} *[&\\]")]
)
def test_bold_is_the_top_group(
    folder: Path, capfd: pytest.CaptureFixture[str], format: str, bold: str
) -> None:
    top = json.loads(reported(folder, capfd, "json"))["benchmarks"][0]["top"]
    text = reported(folder, capfd, format).replace("\\_", "_")
    emphasised = [
        found for found in re.findall(bold, text) if "±" not in found and "pm" not in found
    ]
    assert sorted(emphasised) == sorted(top)


def test_latex_is_balanced(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = reported(folder, capfd, "latex")
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert not re.search(
        r"(?<!\\)[%_&#](?![^&]*\\\\)", re.sub(r"^%.*$|(?<= )&", "", text, flags=re.M)
    )
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
