"""The JSON that other programs read: it is what the schemas say, and the schemas say all of it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import main

STUDY = ["compare", "-b", "nasbench-graph/proteins", "-m", "random-search", "-m", "tpe",
         "-m", "local-search", "--budget", "10", "--jobs", "1"]  # fmt: skip


def schema(name: str) -> dict[str, Any]:
    """A published schema."""
    content: dict[str, Any] = json.loads(
        (files("harness.report") / "schemas" / f"{name}.json").read_text()
    )
    jsonschema.Draft202012Validator.check_schema(content)
    return content


def undescribed(value: Any, node: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    """Fields of an object that its schema does not mention."""
    while "$ref" in node or "oneOf" in node:
        node = (
            root["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node["oneOf"][0]
        )
    if isinstance(value, list) and "items" in node:
        return [x for entry in value for x in undescribed(entry, node["items"], root, path + "[]")]
    if not isinstance(value, dict) or "properties" not in node:
        return []
    found = [f"{path}.{key}" for key in value if key not in node["properties"]]
    for key, child in node["properties"].items():
        assert child.get("description") or "const" in child, f"{path}.{key} says nothing"
        if key in value:
            found += undescribed(value[key], child, root, f"{path}.{key}")
    return found


def check(text: str, name: str) -> dict[str, Any]:
    """Parse a command's output and hold it against its schema."""
    found: dict[str, Any] = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    jsonschema.validate(found, schema(name), cls=jsonschema.Draft202012Validator)
    assert undescribed(found, schema(name), schema(name), "") == []
    return found


@pytest.mark.parametrize("seeds", ["1", "2", "7"])
def test_compare(
    seeds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
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


@pytest.mark.parametrize("kind", [[], ["benchmarks"], ["methods"], ["spaces"]])
def test_list(kind: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["list", *kind, "--json"]) == 0
    found = check(capfd.readouterr().out, "list-1")
    assert set(found) == {"schema", *(kind or ["benchmarks", "methods", "spaces"])}
