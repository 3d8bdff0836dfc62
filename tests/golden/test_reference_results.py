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
# Left out of the test since they take minutes.
SLOW = ["gbdt-nas", "nao", "seminas", "weaknas", "bananas", "npenas", "brp-nas",
        "neural-predictor", "acenas", "fbnetv3"]  # fmt: skip


def committed(study: str) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of a reference table, by benchmark and method."""
    with (RESULTS / "reference" / f"{study}.csv").open() as file:
        return {(row["benchmark"], row["method"]): row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("study", "slow"),
    [
        ("nasbench201-protocol-a", ["bohb"]),
        ("predictor-methods", SLOW),
    ],
)
def test_comes_out_again(
    study: str,
    slow: list[str],
    harness_data: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = RESULTS / "studies" / f"{study}.toml"
    fast = [m for m in load_study(file).methods if not m.startswith(tuple(slow))]
    methods = [word for method in fast for word in ("-m", method)]
    assert main(["compare", str(file), *methods, "--out", str(tmp_path / "out"), "--format",
                 "json"]) == 0  # fmt: skip
    found = json.loads(capfd.readouterr().out)
    wanted = committed(study)
    assert {key for key in wanted if not key[1].startswith(tuple(slow))} == {
        (benchmark["id"], row["method"])
        for benchmark in found["benchmarks"]
        for row in benchmark["results"]
    }
    for benchmark in found["benchmarks"]:
        for row in benchmark["results"]:
            told = wanted[benchmark["id"], row["method"]]
            for field in ("mean", "std", "regret", "queries", "n"):
                assert row[field] == pytest.approx(float(told[field]), abs=1e-9)


@pytest.mark.parametrize(
    ("method", "published"),
    [
        ("random-search", 93.70),
        ("regularized-evolution:population=10,sample=3", 93.92),
        ("reinforce", 93.85),
    ],
)
def test_reference_lies_near_the_published_mean(method: str, published: float) -> None:
    row = committed("nasbench201-protocol-a")["nasbench201/cifar10:searched=valid@12", method]
    assert abs(float(row["mean"]) - published) <= 0.15
    assert row["n"] == "500"


def test_the_budget_was_respected(harness_data: Path, tmp_path: Path) -> None:
    study = RESULTS / "studies" / "nasbench201-protocol-a.toml"
    assert main(["compare", str(study), "-m", "random-search", "--seeds", "50", "--out",
                 str(tmp_path / "out"), "--format", "csv"]) == 0  # fmt: skip
    (runs,) = Store(tmp_path / "out").read().pairs.values()
    assert (runs.seconds <= 12_000).all()
    # The dearest cell costs 450 s, so that no run leaves more than that unspent.
    assert (runs.seconds > 12_000 - 450).all()
    assert np.isclose(runs.queries.mean(), 105.8, atol=3)
