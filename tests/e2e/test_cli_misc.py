"""A method of the user's own, outside of any repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.cli import main

# What the documentation promises: random search fits in 15 lines.
FIFTEEN_LINES = '''"""My method."""

from harness import Method, Problem


class MyMethod(Method):
    """Uniform sampling, a few architectures at a time."""

    batch: int = 4

    def search(self, problem: Problem) -> None:
        while True:
            archs = [problem.space.sample(problem.rng) for _ in range(self.batch)]
            problem.evaluate_many(archs)
'''
COMMAND = ["compare", "-b", "nasbench-graph/proteins", "--seeds", "5", "--budget", "10"]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    (tmp_path / "my_method.py").write_text(FIFTEEN_LINES)
    monkeypatch.chdir(tmp_path)


def test_is_fifteen_lines():
    assert len(FIFTEEN_LINES.splitlines()) <= 15


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("name", ["my_method.py", "my_method.py:MyMethod", "{here}/my_method.py"])
def test_compare(name, jobs, capsys, tmp_path):
    name = name.format(here=tmp_path)
    command = [*COMMAND, "-m", "random-search", "-m", name, "--jobs", jobs, "--format", "json"]
    assert main(command) == 0
    study = json.loads(capsys.readouterr().out)
    assert study["study"]["methods"] == ["random-search", "my_method:MyMethod"]
    assert study["benchmarks"][0]["results"][1]["failed"] == 0
    assert (tmp_path / "results" / "compare" / "study.json").is_file()


def test_parameters_are_shown(capsys):
    command = [*COMMAND, "-m", "my_method.py:MyMethod:batch=2", "--jobs", "1", "--format", "json"]
    assert main(command) == 0
    (result,) = json.loads(capsys.readouterr().out)["benchmarks"][0]["results"]
    assert result["method"] == "my_method:MyMethod:batch=2"


def test_validate(capsys):
    assert main(["validate", "my_method.py:MyMethod"]) == 0
    assert "22 of 22 checks pass" in capsys.readouterr().out


def test_editing_the_file_runs_it_again(capsys, tmp_path):
    command = [*COMMAND, "-m", "random-search", "-m", "my_method.py", "--jobs", "1"]
    assert main(command) == 0
    assert main(command) == 0
    assert "all 10 runs are there" in capsys.readouterr().err
    (tmp_path / "my_method.py").write_text(FIFTEEN_LINES + "\n# edited\n")
    assert main(command) == 0
    assert "5 of 10 runs are there already" in capsys.readouterr().err
    (tmp_path / "my_method.py").write_text(FIFTEEN_LINES)
    assert main(command) == 0
    assert "all 10 runs are there" in capsys.readouterr().err


def test_in_a_study_file_beside_it(capsys, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(
        'benchmarks = ["nasbench-graph/proteins"]\nmethods = ["my_method.py", "random-search"]\n'
        'seeds = 3\nbudget = 5\njobs = 1\nformat = "json"\n'
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["compare", "../mine.toml"]) == 0
    study = json.loads(capsys.readouterr().out)["study"]
    assert study["methods"] == ["my_method:MyMethod", "random-search"]
    assert study["seeds"] == 3
    assert (tmp_path / "elsewhere" / "results" / "mine" / "study.json").is_file()
    assert main(["compare", "../mine.toml", "--seeds", "4"]) == 0


def test_a_closed_pipe_is_no_error(tmp_path):
    command = f"{sys.executable} -m harness list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("benchmarks:")
    assert done.stderr == ""


def test_nothing_is_written_elsewhere(tmp_path):
    before = set(os.listdir(tmp_path))
    assert main([*COMMAND, "-m", "my_method.py", "--jobs", "2", "--out", "here"]) == 0
    assert set(os.listdir(tmp_path)) - before <= {"here", "__pycache__"}


@pytest.mark.parametrize("words", [[], ["--help"], ["compare", "--help"], ["validate", "--help"]])
def test_help(words, capsys):
    code = main(words)
    assert code == (0 if words else 2)
    captured = capsys.readouterr()
    assert "Usage: harness" in captured.out + captured.err
    assert "Traceback" not in captured.err
