"""``harness check``: exit codes, what is said, and the files that it writes."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import main
from harness.gate.baseline import read_baseline, write_baseline
from tests.gate.gate_lab import BENCHMARK, check, make, write_method

# A change of the random stream that changes nothing else, and two that lose.
SAME = {"draw": "tuple(int(u * n) for u, n in zip(rng.random(8), problem.space.sizes))"}
OTHER_STREAM = {"setup": "rng = np.random.default_rng(problem.rng.integers(2**32))"}
ONE_ONLY = {"setup": "rng = problem.rng; first = problem.space.sample(rng)", "draw": "first"}
RAISES = {"setup": "rng = problem.rng; 1 / (rng.random() > 0.1)"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with ``mine.py`` and its baseline."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_method(folder)
        assert make("--margin", "0.5") == 0
    return folder


@pytest.fixture(autouse=True)
def _folder(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.py", "base.toml"):
        (tmp_path / name).write_bytes((made / name).read_bytes())


def edit(**changes):
    """Change the baseline, with a fitting digest."""
    path = Path("base.toml")
    write_baseline(replace(read_baseline(path), **changes), path)


def change_entry(kind, **changes):
    first, *others = getattr(read_baseline(Path("base.toml")), kind)
    edit(**{kind: (replace(first, **changes), *others)})


class TestVerdicts:
    def test_unchanged(self, capsys):
        assert check() == 0
        told = capsys.readouterr().out
        assert told.count("identical") == 3
        assert "All 3 cells and tables pass." in told

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_unchanged_from_elsewhere(self, tmp_path, monkeypatch, jobs):
        (tmp_path / "deep").mkdir()
        monkeypatch.chdir(tmp_path / "deep")
        assert main(["check", "../base.toml", "--jobs", jobs]) == 0

    def test_edited_but_same_queries(self, tmp_path, capsys):
        write_method(tmp_path, setup="rng = problem.rng  # An edit that changes no query.")
        assert check() == 0
        assert capsys.readouterr().out.count("identical") == 3

    def test_worse(self, tmp_path, capsys):
        write_method(tmp_path, **ONE_ONLY)
        assert check() == 1
        told = capsys.readouterr().out
        assert "REGRESSION (p 0.0" in told
        assert "Holm over 1)" in told
        assert "Of 3 cells and tables 1 regressed. To accept: harness check base.toml --upd" in told
        assert "Power: with 30 seeds and 1 test a loss of" in told

    def test_strict(self, tmp_path, capsys):
        write_method(tmp_path, **OTHER_STREAM)
        assert check("--strict") == 1
        assert "30 of 30 runs are not what they were" in capsys.readouterr().out

    def test_other_stream_is_tested(self, tmp_path, capsys):
        write_method(tmp_path, **OTHER_STREAM)
        assert check() == 0
        told = capsys.readouterr().out
        assert "The random stream of 1 of 2 cells has changed" in told

    def test_few_seeds_cannot_tell(self, tmp_path, capsys):
        assert make("--margin", "1", seeds="4") == 0
        write_method(tmp_path, **OTHER_STREAM)
        assert check() == 3
        assert "CANNOT TELL" in capsys.readouterr().out

    def test_failing_runs(self, tmp_path, capsys):
        write_method(tmp_path, **RAISES)
        assert check() == 1
        assert "runs failed (seed " in capsys.readouterr().out

    def test_changed_parameters_are_named(self, tmp_path, capsys):
        text = (tmp_path / "mine.py").read_text()
        (tmp_path / "mine.py").write_text(
            text.replace("    def search", "    k: int = 3\n\n    def search")
        )
        assert check() == 0
        assert "mine:Mine was mine:Mine@1, and is mine:Mine@1:k=3." in capsys.readouterr().out


class TestCouldNotMeasure:
    def refuse(self, capsys, words):
        assert check("--junit", "check.xml", "--summary", "check.md") == 3
        told = capsys.readouterr()
        assert told.out == ""
        assert len(told.err.splitlines()) <= 6
        assert words in told.err
        (case,) = ET.parse("check.xml").getroot().iter("testcase")
        assert words in case.find("error").get("message")
        assert words in Path("check.md").read_text()

    def test_unknown_method(self, capsys):
        edit_method = replace(read_baseline(Path("base.toml")).methods[0], given="randomsearch")
        edit(methods=(edit_method, *read_baseline(Path("base.toml")).methods[1:]))
        self.refuse(capsys, "no method 'randomsearch'. Did you mean random-search?")

    def test_method_file_gone(self, capsys):
        Path("mine.py").unlink()
        self.refuse(capsys, "no method file")

    def test_class_gone(self, capsys):
        Path("mine.py").write_text("from harness import Method\n")
        self.refuse(capsys, "no class in")

    def test_unknown_benchmark(self, capsys):
        change_entry("benchmarks", given="nasbench-graph/protein")
        self.refuse(capsys, "no benchmark 'nasbench-graph/protein'")

    def test_other_benchmark(self, capsys):
        change_entry("benchmarks", given="nasbench-graph/cora")
        self.refuse(capsys, "its identity was nasbench-graph/proteins and is nasbench-graph/cora")

    def test_other_data(self, capsys):
        change_entry("benchmarks", data="0" * 64)
        self.refuse(capsys, "its data (SHA-256) was 000000000000 and is ")

    def test_other_version(self, capsys):
        change_entry("benchmarks", version=7)
        self.refuse(capsys, "its version was 7 and is 1")

    def test_no_data(self, capsys, monkeypatch, tmp_path):
        monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "nothing"))
        change_entry("benchmarks", given="nasbench201/cifar10")
        self.refuse(capsys, "needs a table that is not on this machine")

    def test_another_table_in_the_file(self, capsys):
        Path("t.csv").write_text("k,valid,test\na,1,2\nb,2,2\n")
        description = 'table = "t.csv"\ndecisions = ["k"]\nvalid = "valid"\ntest = "test"\n'
        Path("t.toml").write_text(description + 'metric = "accuracy (%)"\ndirection = "maximize"\n')
        words = ["check", "base.toml", "--update", "-b", "t.toml", "-m", "random-search"]
        assert main([*words, "--budget", "5", "--jobs", "1"]) == 0
        assert check() == 0
        Path("t.csv").write_text("k,valid,test\na,1,2\nb,2,3\n")
        capsys.readouterr()
        self.refuse(capsys, "its data (SHA-256) was")


class TestUsage:
    def refuse(self, capsys, code, words):
        assert code == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert words in told.err
        assert "Traceback" not in told.err

    def test_no_baseline(self, capsys):
        self.refuse(capsys, main(["check", "none.toml"]), "no baseline 'none.toml'")

    def test_damaged(self, capsys):
        path = Path("base.toml")
        path.write_bytes(path.read_bytes()[:-40])
        self.refuse(capsys, check(), "damaged")

    def test_edited(self, capsys):
        path = Path("base.toml")
        path.write_text(path.read_text().replace("margin = 0.5", "margin = 9.0"))
        self.refuse(capsys, check(), "edited by hand")

    @pytest.mark.parametrize("words", [("-m", "tpe"), ("--seeds", "3"), ("--margin", "1")])
    def test_a_study_without_update(self, capsys, words):
        self.refuse(capsys, check(*words), "--update")

    def test_update_of_nothing(self, capsys):
        self.refuse(capsys, main(["check", "new.toml", "--update"]), "no baseline")

    def test_update_of_an_unreadable_file(self, capsys):
        Path("base.toml").write_text("x")
        self.refuse(capsys, main(["check", "base.toml", "--update"]), "damaged")

    def test_file_that_cannot_be_written(self, capsys):
        assert check("--junit", "no/such/folder.xml") == 2
        assert "cannot write no/such/folder.xml" in capsys.readouterr().err

    @pytest.mark.parametrize("margin", ["0", "-1", "nan", "inf", "x"])
    def test_margin(self, capsys, margin):
        assert main(["check", "base.toml", "--update", f"--margin={margin}"]) == 2
        assert "margin" in capsys.readouterr().err


class TestUpdate:
    def test_changes_nothing_where_nothing_changed(self):
        before = Path("base.toml").read_text()
        assert main(["check", "base.toml", "--update", "--jobs", "1"]) == 0
        assert Path("base.toml").read_text() == before

    def test_shows_the_difference_and_accepts_it(self, tmp_path, capsys):
        write_method(tmp_path, **ONE_ONLY)
        assert main(["check", "base.toml", "--update", "--jobs", "1"]) == 0
        told = capsys.readouterr().out
        assert "REGRESSION" in told
        assert "base.toml: 2 cells, 30 seeds." in told
        assert check() == 0

    def test_keeps_the_command_that_made_it(self):
        command = (
            f"harness check base.toml --update -b {BENCHMARK} -m random-search -m mine.py:Mine"
        )
        assert read_baseline(Path("base.toml")).command.startswith(command)
        assert main(["check", "base.toml", "--update", "--jobs", "1"]) == 0
        assert read_baseline(Path("base.toml")).command.startswith(command)

    def test_another_study(self, capsys):
        words = ["check", "base.toml", "--update", "-m", "random-search", "--seeds", "7"]
        assert main([*words, "--jobs", "1"]) == 0
        assert "cannot be compared" in capsys.readouterr().out
        found = read_baseline(Path("base.toml"))
        assert [method.id for method in found.methods] == ["random-search"]
        assert (found.seeds, found.margin) == (tuple(range(7)), 0.5)

    def test_replaces_an_unreadable_file(self, capsys):
        Path("base.toml").write_text("x")
        assert make() == 0
        assert "replaced, unread" in capsys.readouterr().err
        assert read_baseline(Path("base.toml")).margin == 0.1

    def test_of_a_study_file(self):
        study = (
            f'benchmarks = ["{BENCHMARK}"]\nmethods = ["random-search"]\nseeds = 3\nbudget = "5"\n'
        )
        Path("study.toml").write_text(study)
        words = ["check", "new/base.toml", "--update", "--study", "study.toml", "--jobs", "1"]
        assert main(words) == 0
        content = tomllib.loads(Path("new/base.toml").read_text())
        assert content["seeds"] == [0, 1, 2]
        assert content["benchmarks"][0]["budget"] == "5 queries"

    def test_refuses_runs_that_fail(self, tmp_path, capsys):
        write_method(tmp_path, **RAISES)
        before = Path("base.toml").read_text()
        assert main(["check", "base.toml", "--update", "--jobs", "1"]) == 3
        assert "a baseline is made of runs that work" in capsys.readouterr().err
        assert Path("base.toml").read_text() == before


class TestFiles:
    def test_junit(self, tmp_path):
        write_method(tmp_path, **ONE_ONLY)
        assert check("--junit", "check.xml") == 1
        root = ET.parse("check.xml").getroot()
        assert root.tag == "testsuites"
        (suite,) = root
        counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "0"}
        cases = {(case.get("classname"), case.get("name")): list(case) for case in suite}
        assert cases[BENCHMARK, "random-search"] == []
        assert cases[BENCHMARK, "(table and ledger)"] == []
        (failure,) = cases[BENCHMARK, "mine:Mine"]
        assert failure.tag == "failure"
        assert failure.get("message").startswith("REGRESSION")
        assert float(suite.get("time")) >= 0.0

    def test_junit_cannot_tell(self, tmp_path):
        assert make(seeds="4") == 0
        write_method(tmp_path, **OTHER_STREAM)
        assert check("--junit", "check.xml") == 3
        (suite,) = ET.parse("check.xml").getroot()
        assert (suite.get("failures"), suite.get("errors")) == ("0", "1")

    def test_markdown(self, tmp_path):
        write_method(tmp_path, **ONE_ONLY)
        assert check("--summary", "check.md") == 1
        lines = Path("check.md").read_text().splitlines()
        assert lines[0] == "### harness check base.toml"
        head, rule, *rows = [line for line in lines if line.startswith("|")]
        assert [cell.strip() for cell in head.strip("|").split("|")] == [
            "benchmark", "method", "n", "change (points)", "margin", "verdict",
        ]  # fmt: skip
        assert set(rule) <= set("|-: ")
        assert len(rows) == 3
        assert all(row.count("|") == head.count("|") for row in rows)
        assert any("REGRESSION" in row for row in rows)


def test_as_a_process():
    done = subprocess.run(
        [sys.executable, "-m", "harness", "check", "base.toml", "--jobs", "2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "All 3 cells and tables pass."
