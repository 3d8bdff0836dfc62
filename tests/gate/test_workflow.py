"""What the README shows of the gate works as it is written."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.partition("### Gate a pull request")[2].partition("\n## ")[0]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture
def workflow(tmp_path):
    """The workflow file, in the folder where it would lie."""
    (text,) = blocks("yaml")
    path = tmp_path / ".github" / "workflows" / "gate.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def lint(path):
    """Hold a file against the published schema of workflows, of which the linter has a copy."""
    words = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)


def test_workflow_is_one(workflow):
    done = lint(workflow)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"), [("runs-on", "runs_on"), ("- uses", "- use"), ("jobs:", "job:")]
)
def test_linter_can_fail(workflow, old, new):
    assert old in workflow.read_text()
    workflow.write_text(workflow.read_text().replace(old, new))
    assert lint(workflow).returncode != 0


def test_ten_lines():
    (text,) = blocks("yaml")
    assert len(text.strip().splitlines()) <= 10


def test_workflow_and_shell_run_the_same_check():
    (text,) = blocks("yaml")
    step = re.search(r"run: (harness check .*)", text).group(1)
    shell = [line for line in "".join(blocks("sh")).splitlines() if "--junit" in line]
    assert [shlex.split(line)[:3] for line in shell] == [shlex.split(step)[:3]]


def test_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (method,) = re.findall(r"```python\n(.*?class MyMethod.*?)```", README, re.DOTALL)
    Path("my_method.py").write_text(method)
    text = "".join(blocks("sh")).replace("\\\n", "")
    commands = [shlex.split(line, comments=True)[1:] for line in text.splitlines()]
    first, *others = [words for words in commands if words[:1] == ["check"]]
    assert "--update" in first
    assert main([*first, "--seeds", "8", "--budget", "20"]) == 0
    for words in others:
        assert main(words) == 0
    assert Path("gate.xml").is_file()
