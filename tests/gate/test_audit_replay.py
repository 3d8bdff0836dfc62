"""What cannot be run again is told with the reason."""

from __future__ import annotations

import re
import shutil

import pytest

from harness.cli import main
from harness.gate.audit_replay import bars_replay, exception_of
from harness.study.execute import execute
from harness.study.plan import short_key
from harness.study.shards import read_shard
from tests.gate.audit_lab import METHOD, audited, compared, edit_study, rewrite, shards


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("made")
    compared(home / "out", home / "method.py")
    return home


@pytest.fixture
def study(made, tmp_path):
    """A study and the file of its method, to be spoilt."""
    return shutil.copytree(made, tmp_path / "study")


def moved(study, **identity):
    """Give all shards of tpe another identity, and the folder and study.json with it."""
    old = next(path.parent for path in shards(study / "out") if "tpe" in str(path))
    for path in sorted(old.iterdir()):
        table, told = read_shard(path)
        told["identity"].update(identity)
        rewrite(path, table, told, forge=True)
    key = short_key(told["identity"])
    name = re.sub(r"[^A-Za-z0-9.]+", "-", told["identity"]["method"])
    old.rename(old.with_name(f"{name}-{key}"))

    def edit(content):
        content["pairs"][1].update(key=key, identity=told["identity"])

    edit_study(study / "out", edit)


def barred(found):
    return {reason: runs for row in found["rows"] for reason, runs in row["barred"].items()}


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"data": "0" * 64}, "checksum of the benchmark's data is another one: 000000000000"),
        ({"method_version": 7}, "version of the method is another one: 7 recorded, 1 here"),
        ({"benchmark_version": 7}, "version of the benchmark is another one: 7 recorded"),
        ({"budget": "1 hour"}, "cannot read the budget '1 hour'"),
        ({"parameters": {"gone": 1}}, "no parameter of tpe 'gone'"),
        ({"uses": [{"scorer": "gone"}]}, "what it uses is another one"),
    ],
)
def test_another_identity(study, identity, words, capsys):
    moved(study, **identity)
    code, found = audited(study / "out", capsys)
    ((reason, runs),) = barred(found).items()
    assert words in reason
    assert runs == 6
    # The other half is still confirmed.
    assert found["executed"] == found["agreed"] == 6
    assert {each["evidence"] for each in found["findings"]} <= {"study.json"}
    assert code in (0, 1)


def test_a_parameter_that_was_added_since(study, capsys):
    path = next(path for path in shards(study / "out") if "tpe" in str(path))
    parameters = read_shard(path)[1]["identity"]["parameters"]
    assert len(parameters) > 1
    moved(study, parameters={"candidates": parameters["candidates"]})
    code, found = audited(study / "out", capsys)
    assert (code, found["agreed"], barred(found)) == (0, 12, {})


def test_the_recorded_parameters_are_run_whatever_the_defaults_are(study, capsys):
    # As if 9 had been the default when the study was made.
    edit_study(study / "out", lambda content: content["pairs"][1].update(method="tpe"))
    _, found = audited(study / "out", capsys)
    assert found["agreed"] == 12


def test_a_method_that_is_no_longer_registered(study, capsys):
    for path in shards(study / "out"):
        table, told = read_shard(path)
        if told["given"]["method"].startswith("tpe"):
            told["given"]["method"] = "tpee"
            rewrite(path, table, told, forge=True)
    _, found = audited(study / "out", capsys)
    ((reason, runs),) = barred(found).items()
    assert reason.startswith("no method 'tpee'. Did you mean tpe")
    assert runs == 6


class TestFile:
    @pytest.fixture
    def gone(self, study):
        """The shards name a file that is not there."""
        for path in shards(study / "out"):
            table, told = read_shard(path)
            given = told["given"]["method"].replace(told["given"]["method"].rpartition("/")[0],
                                                    "/no/such/folder")  # fmt: skip
            if "/" in told["given"]["method"]:
                told["given"]["method"] = given
                rewrite(path, table, told, forge=True)
        return study

    def test_missing(self, gone, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        code, found = audited(gone / "out", capsys)
        ((reason, runs),) = barred(found).items()
        assert "no method file '/no/such/folder/method.py'" in reason
        assert (code, runs, found["agreed"]) == (0, 6, 6)

    def test_in_the_current_folder(self, gone, monkeypatch, capsys):
        monkeypatch.chdir(gone)
        code, found = audited(gone / "out", capsys)
        assert (code, found["agreed"], barred(found)) == (0, 12, {})

    def test_edited(self, gone, monkeypatch, capsys):
        monkeypatch.chdir(gone)
        (gone / "method.py").write_text(METHOD + "\n# edited\n")
        code, found = audited(gone / "out", capsys)
        ((reason, runs),) = barred(found).items()
        assert reason.startswith("the checksum of the method's file is another one")
        assert (code, runs) == (0, 6)


def test_nothing_can_be_run_again(made, monkeypatch, capsys):
    def refuse(text):
        from harness.core.errors import MissingData

        raise MissingData(f"{text} is not on this machine")

    monkeypatch.setattr("harness.study.plan.open_benchmark", refuse)
    code, found = audited(made / "out", capsys)
    assert code == 3
    assert barred(found) == {"nasbench201/digits is not on this machine": 6}
    assert (found["executed"], found["findings"]) == (0, [])
    assert main(["audit", str(made / "out")]) == 3
    assert "nothing is confirmed" in capsys.readouterr().out


def test_runs_that_a_time_limit_or_a_signal_ended(tmp_path, capsys):
    (tmp_path / "slow.py").write_text(
        "import os, time\nfrom harness import Method\nclass Slow(Method):\n"
        "    '''Never ends, or dies.'''\n    def search(self, problem):\n"
        "        if problem.rng.random() < 0.7: os.abort()\n"
        "        while True: time.sleep(0.01)\n"
    )
    words = ["compare", "-b", "nasbench-graph/proteins", "-m", f"{tmp_path / 'slow.py'}:Slow"]
    words += ["--seeds", "4", "--time-limit", "0.1", "--jobs", "2", "--out", str(tmp_path / "out")]
    assert main(words) == 4
    code, found = audited(tmp_path / "out", capsys)
    reasons = barred(found)
    assert code == 3
    assert sum(reasons.values()) == 4
    assert sorted(reason[:12] for reason in reasons) == ["it was ended", "its process "]


TRAINS = '''
import time
from harness import Method

class Trains(Method):
    """Says that it trains, and charges seconds that it measured."""

    def trains(self):
        return True

    def search(self, problem):
        problem.spend(epochs=1, seconds=1e-9 * (time.perf_counter_ns() % 10**9))
        problem.evaluate(problem.space.sample(problem.rng))
'''


class TestTraining:
    @pytest.fixture
    def trained(self, tmp_path):
        pytest.importorskip("torch")
        (tmp_path / "trains.py").write_text(TRAINS)

        def make(budget):
            words = ["compare", "-b", "nasbench201/digits", "-m", f"{tmp_path}/trains.py:Trains"]
            words += ["--budget", budget, "--seeds", "2", "--jobs", "1"]
            assert main([*words, "--out", str(tmp_path / "out")]) == 0
            return tmp_path / "out"

        return make

    def test_measured_seconds_are_not_compared(self, trained, capsys):
        code, found = audited(trained("24epochs"), capsys)
        assert (code, found["agreed"]) == (0, 2)
        assert found["not_compared"][0]["columns"] == ["wall", "seconds", "trace_seconds"]

    def test_on_cuda(self, trained, monkeypatch, capsys):
        folder = trained("24epochs")
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        code, found = audited(folder, capsys)
        ((reason, _),) = barred(found).items()
        assert reason.startswith("it trains on CUDA here")
        assert code == 3

    def test_a_budget_of_measured_seconds(self, trained, capsys):
        code, found = audited(trained("1000s"), capsys)
        ((reason, _),) = barred(found).items()
        assert reason.startswith("its budget is in measured seconds")
        assert code == 3


def test_interrupted(made, monkeypatch, capsys):
    def stop(sample, store, wanted, progress):
        execute(sample, store, dict([wanted.popitem()]), progress)
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.gate.audit.execute", stop)
    code, found = audited(made / "out", capsys)
    assert code == 130
    assert (found["executed"], found["agreed"], found["interrupted"]) == (6, 6, True)


@pytest.mark.parametrize(
    ("traceback", "what"),
    [
        ("", ""),
        ("WorkerDied: the process ended\n", "WorkerDied: the process ended"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\n     ^^^\n'
            "ValueError: <A at 0x7f00> and\n  File: more\n",
            "ValueError: <A at 0x...> and\n  File: more",
        ),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1\n\n'
            'During handling:\n\nTraceback:\n  File "b.py", line 2, in g\n    x\nOSError: 2\n',
            "OSError: 2",
        ),
    ],
)
def test_exception_of(traceback, what):
    assert exception_of(traceback) == what
    assert bool(bars_replay(traceback)) == what.startswith("WorkerDied")
