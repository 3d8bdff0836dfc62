"""The file: what is written is read again, and what was changed is refused."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from harness.gate.baseline import (
    Baseline,
    Cell,
    GatedBenchmark,
    GatedMethod,
    InvalidBaseline,
    read_baseline,
    write_baseline,
)

BASE = Baseline(
    command='harness check base.toml --update -b "a b"',
    made="python 3.11; a machine",
    margin=0.1,
    seeds=(0, 1, 5),
    benchmarks=(
        GatedBenchmark(
            "space/a", "space/a", 1, "f" * 64, "9 queries", "MCD (dB)", "minimize", "0a"
        ),
        GatedBenchmark("space/b", "space/b", 2, "e" * 64, "9 queries", "acc (%)", "maximize", ""),
    ),
    methods=(GatedMethod("m:k=(a:b=1)", "m:k=(a:b=1)", "m@1:k=(a:b=1)"),),
    cells=(
        Cell("space/a", "m:k=(a:b=1)", (0.1 + 0.2, 1e-9, -3.0), ("00", "01", "02")),
        Cell("space/b", "m:k=(a:b=1)", (1.0, 2.0, 3.0), ("10", "11", "12")),
    ),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "base.toml"
    write_baseline(BASE, path)
    return path


def refuse(path, words):
    with pytest.raises(InvalidBaseline, match=words):
        read_baseline(path)


def test_what_is_written_is_read(path):
    assert read_baseline(path) == BASE


def test_is_toml_that_a_study_could_have(path):
    content = tomllib.loads(path.read_text())
    assert content["seeds"] == [0, 1, 5]
    assert [entry["given"] for entry in content["benchmarks"]] == ["space/a", "space/b"]
    assert content["cells"][0]["reported"] == [0.1 + 0.2, 1e-9, -3.0]
    assert max(map(len, path.read_text().splitlines())) <= 100


def test_study_is_the_one_that_was_run():
    study = BASE.study("base")
    assert study.benchmarks == ("space/a", "space/b")
    assert study.methods == ("m:k=(a:b=1)",)
    assert study.seeds == (0, 1, 5)
    assert study.budget == {"space/a": "9 queries", "space/b": "9 queries"}


def test_layout_and_comments_may_change(path):
    text = re.sub(r"\[\n\s*(.*)\n\]", r"[\1]", path.read_text()).replace("# A", "# Once a")
    assert text != path.read_text()
    path.write_text(text)
    assert read_baseline(path) == BASE


def test_paths_are_relative_to_the_file(tmp_path):
    given = f"{tmp_path}/mine.py:Mine:k=1"
    path = tmp_path / "results" / "base.toml"
    write_baseline(replace(BASE, methods=(replace(BASE.methods[0], given=given),)), path)
    assert 'given = "../mine.py:Mine:k=1"' in path.read_text()
    read = Path(read_baseline(path).methods[0].given)
    assert read.parent.resolve() == tmp_path
    assert read.name == "mine.py:Mine:k=1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("margin = 0.1", "margin = 0.9"),
        ("2.0", "2.1"),
        ('"11"', '"13"'),
        ("9 queries", "8 queries"),
        ("0, 1, 5", "0, 1, 4"),
        ("f" * 64, "f" * 63 + "e"),
        ('"MCD (dB)"', '"MCD (0-1)"'),
        ("minimize", "maximize"),
        ('command = "harness', 'command = "nothing'),
        ("schema = 1", "schema = 1\nmore = 2"),
    ],
)
def test_edited_by_hand(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    refuse(path, "edited by hand")


def test_digest_edited_away(path):
    path.write_text(re.sub("digest = .*\n", "", path.read_text()))
    refuse(path, "edited by hand")


def test_every_truncation_is_refused(path):
    text = path.read_text()
    for end in range(0, len(text) - 2, 7):
        path.write_text(text[:end])
        refuse(path, "damaged|schema|edited by hand")


@pytest.mark.parametrize("schema", [0, 2, "1"])
def test_another_version(path, schema):
    path.write_text(path.read_text().replace("schema = 1", f"schema = {schema!r}"))
    refuse(path, f"has schema {schema}; this installation reads schema 1")


def test_missing(tmp_path):
    refuse(tmp_path / "none.toml", "no baseline .*--update -b")


def test_folder(tmp_path):
    refuse(tmp_path, "cannot be read")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"PAR1", b'a = "'])
def test_no_baseline(tmp_path, content):
    path = tmp_path / "base.toml"
    path.write_bytes(content)
    refuse(path, "damaged|schema")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cells": BASE.cells[:1]}, "lacks runs"),
        ({"cells": (BASE.cells[0], replace(BASE.cells[1], reported=(1.0, 2.0)))}, "lacks runs"),
        ({"cells": ()}, "holds no runs|lacks"),
        ({"seeds": ()}, "holds no runs"),
        ({"methods": ()}, "lacks"),
    ],
)
def test_a_fitting_digest_is_not_enough(path, changes, words):
    write_baseline(replace(BASE, **changes), path)
    refuse(path, words)
