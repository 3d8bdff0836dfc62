"""The JSON that other programs read: it is what the schemas say, and the schemas say all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.cli.listing import KINDS

Check = Callable[[str, str], dict[str, Any]]

STUDY = ["compare", "-b", "nasbench-graph/proteins", "-m", "random-search", "-m", "tpe",
         "-m", "local-search", "--budget", "10", "--jobs", "1"]  # fmt: skip


@pytest.mark.parametrize("seeds", ["1", "2", "7"])
def test_compare(
    seeds: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    check: Check,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*STUDY, "--seeds", seeds, "--format", "json"]) == 0
    found = check(capfd.readouterr().out, "compare-1")
    (benchmark,) = found["benchmarks"]
    assert benchmark["searched"] == "valid"
    assert [row["n"] for row in benchmark["results"]] == [int(seeds)] * 3
    assert all(c["b"] == "random-search" for c in benchmark["comparisons"])
    if seeds == "2":
        assert {c["verdict"] for c in benchmark["comparisons"]} == {"cannot-tell"}


def test_compare_with_a_failing_method(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    check: Check,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text(
        "from harness import Method\n\n\nclass Broken(Method):\n    '''Fails.'''\n\n"
        "    def search(self, problem):\n        print('noise')\n        raise ValueError('no')\n"
    )
    assert main([*STUDY, "-m", "broken.py:Broken", "--seeds", "6", "--format", "json"]) == 4
    found = check(capfd.readouterr().out, "compare-1")
    (row,) = [r for r in found["benchmarks"][0]["results"] if r["method"] == "broken:Broken"]
    assert row["failed"] == row["n"] == 6
    assert row["mean"] == found["benchmarks"][0]["worst"]
    assert "ValueError: no" in row["failures"]["0"]


@pytest.mark.parametrize("kind", [[], *([kind] for kind in KINDS)])
def test_list(kind: list[str], capfd: pytest.CaptureFixture[str], check: Check) -> None:
    assert main(["list", *kind, "--json"]) == 0
    found = check(capfd.readouterr().out, "list-1")
    assert set(found) == {"schema", *(kind or KINDS)}
