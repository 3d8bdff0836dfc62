from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from harness.cli import main
from harness.cli.dry_run import duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.5, "0.5 s"), (89, "89 s"), (90, "1.5 min"), (7200, "2.0 h"), (864_000, "10.0 days")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_table_has_nothing_to_train(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["compare", "-b", "nasbench-graph/cora", "-m", "random-search", "--dry-run"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert "nasbench-graph/cora: a table, nothing to train" in capfd.readouterr().out
    assert not (tmp_path / "out").exists()


def test_published_sizes_are_counted_without_the_data(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    words = ["compare", "-b", "darts/cifar10", "-m", "random-search", "--dry-run"]
    assert main(words) == 2
    assert "harness data fetch cifar10" in capfd.readouterr().err


def test_a_live_benchmark_is_measured_and_not_trained(
    harness_data: Path,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    words = ["compare", "-b", "nasbench201/cifar10-live:recipe=small", "-m", "random-search"]
    assert main([*words, "-m", "asng-nas", "--budget", "8epochs", "--seeds", "2", "--dry-run"]) == 0
    told = capfd.readouterr().out
    assert "supernet, one path" in told
    assert "4 epochs of" in told
    assert "for 2 seeds" in told
    assert not (tmp_path / "cache" / "trainings").exists()
