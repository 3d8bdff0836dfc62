"""The committed reference results come out again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.study.plan import load_study
from harness.study.store import Store

RESULTS = Path(__file__).parents[2] / "results"
SEEDS = 500


def test_protocol_a(harness_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    study = RESULTS / "studies" / "nasbench201-protocol-a.toml"
    fast = [m for m in load_study(study).methods if not m.startswith("bohb")]
    methods = [word for method in fast for word in ("-m", method)]
    assert main(["compare", str(study), *methods, "--out", str(tmp_path / "out"), "--format",
                 "json"]) == 0  # fmt: skip
    (benchmark,) = json.loads(capfd.readouterr().out)["benchmarks"]
    with (RESULTS / "reference" / "nasbench201-protocol-a.csv").open() as file:
        committed = {row["method"]: row for row in csv.DictReader(file)}
    for row in benchmark["results"]:
        for field in ("mean", "std", "regret", "queries"):
            assert row[field] == pytest.approx(float(committed[row["method"]][field]), abs=1e-9)
        assert row["n"] == SEEDS


@pytest.mark.parametrize(
    ("method", "published"),
    [
        ("random-search", 93.70),
        ("regularized-evolution:population=10,sample=3", 93.92),
        ("reinforce", 93.85),
    ],
)
def test_reference_lies_near_the_published_mean(method: str, published: float) -> None:
    with (RESULTS / "reference" / "nasbench201-protocol-a.csv").open() as file:
        means = {row["method"]: float(row["mean"]) for row in csv.DictReader(file)}
    assert abs(means[method] - published) <= 0.15


def test_the_budget_was_respected(harness_data: Path, tmp_path: Path) -> None:
    study = RESULTS / "studies" / "nasbench201-protocol-a.toml"
    assert main(["compare", str(study), "-m", "random-search", "--seeds", "50", "--out",
                 str(tmp_path / "out"), "--format", "csv"]) == 0  # fmt: skip
    (runs,) = Store(tmp_path / "out").read().pairs.values()
    assert (runs.seconds <= 12_000).all()
    # The dearest cell costs 450 s, so that no run leaves more than that unspent.
    assert (runs.seconds > 12_000 - 450).all()
    assert np.isclose(runs.queries.mean(), 105.8, atol=3)
