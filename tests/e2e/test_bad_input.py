"""A wrong command ends with exit code 2 and words; a failing run fails alone, with exit code 4."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.cli import main

BENCHMARK = "nasbench-graph/proteins"
METHOD = """
import multiprocessing, os, signal, sys, time
from harness import BudgetExhausted, Method

class Mine(Method):
    \"\"\"Fails under some seeds.\"\"\"

    def search(self, problem):
        arch = problem.space.sample(problem.rng)
        problem.evaluate(arch)
        if arch[0] % 2:
            {body}
        while True:
            problem.evaluate(problem.space.sample(problem.rng))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(body):
    with open("mine.py", "w") as file:
        file.write(METHOD.format(body=body))


def compare(*more, method="random-search", benchmark=BENCHMARK):
    return main(
        [
            "compare",
            "-b",
            benchmark,
            "-m",
            method,
            "--seeds",
            "3",
            "--budget",
            "5",
            "--jobs",
            "1",
            *more,
        ]
    )


class TestUsage:
    def refuse(self, capsys, code, *words):
        captured = capsys.readouterr()
        assert code == 2
        assert captured.out == ""
        assert captured.err.startswith("harness: ")
        assert "Traceback" not in captured.err
        assert len(captured.err.strip().splitlines()) == 1, captured.err
        for word in words:
            assert word in captured.err

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["-b", "nasbench-graph/protein"], "Did you mean nasbench-graph/proteins"),
            (["-b", "nasbench-graph"], "no benchmark 'nasbench-graph'"),
            (["-b", "zzz/zzz"], "All: harness list benchmarks"),
            (["-b", f"{BENCHMARK}:nosie=mean"], "Did you mean noise?"),
            (["-b", f"{BENCHMARK}:noise=some"], "no value for noise"),
            (["-b", f"{BENCHMARK}:trial=9"], "trial"),
            (["-b", f"{BENCHMARK}:noise"], "key=value"),
            (["-b", f"{BENCHMARK}@9"], "is not installed"),
            (["-b", "none.toml"], "none.toml"),
            (["-b", BENCHMARK, "-b", BENCHMARK], "stands twice"),
            (["-m", "randomsearch"], "Did you mean random-search?"),
            (["-m", "random-search@9"], "is not installed"),
            (["-m", "random-search:replacment=true"], "Did you mean replacement?"),
            (["-m", "random-search:replacement=maybe"], "it takes bool"),
            (["-m", "regularized-evolution:population=many"], "it takes int"),
            (["-m", "regularized-evolution:population=0"], "population=0"),
            (["-m", "random-search:x"], "key=value"),
            (["-m", "random-search", "-m", "random-search"], "stands twice"),
            (["-m", "none.py"], "no method file 'none.py'"),
            (["-m", "none.py:Mine"], "no method file 'none.py'"),
            (["--budget", "0"], "allows nothing"),
            (["--budget", "-1"], "cannot read the budget '-1'"),
            (["--budget", "12 parsecs"], "cannot read the budget '12 parsecs'"),
            (["--budget", "100s"], "cannot count seconds"),
            (["--budget", "1.5"], "is not a whole number"),
            (["--budget", "1e999"], "cannot be inf"),
            (["--seeds", "abc"], "cannot read the seeds 'abc'"),
            (["--seeds", "0"], "0 seeds"),
            (["--seeds", "3-1"], "backwards"),
            (["--seeds", "1,1"], "twice"),
            (["--seeds", "999999999999"], "seeds"),
            (["--control", "tpe"], "no control among the methods"),
            (["--jobs", "0"], "jobs"),
            (["--jobs", "two"], "--jobs"),
            (["--time-limit", "0"], "time_limit"),
            (["--time-limit", "inf"], "time_limit"),
            (["--backend", "slurm"], "no backend 'slurm'"),
            (["--backend", "loky", "--scheduler", "tcp://x"], "not with loky"),
            (["--format", "word"], "word"),
            (["--out", ""], "out cannot be ''"),
            (["--no-such-option"], "no-such-option"),
            (["none.toml"], "no study file 'none.toml'"),
        ],
    )
    def test_compare(self, arguments, words, capsys):
        defaults = ["--seeds", "3", "--budget", "5", "--jobs", "1"]
        given = [] if "-b" in arguments else ["-b", BENCHMARK]
        given += [] if "-m" in arguments else ["-m", "random-search"]
        self.refuse(capsys, main(["compare", *defaults, *given, *arguments]), words)
        assert not os.path.exists("results")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["report", "none"], "has no results"),
            (["report"], "Missing argument"),
            (["validate"], "Missing argument"),
            (["validate", "none"], "no method 'none'"),
            (["validate", "none.py"], "no method file"),
            (["list", "method"], "Did you mean methods?"),
            (["no-such-command"], "no-such-command"),
        ],
    )
    def test_other_commands(self, arguments, words, capsys):
        self.refuse(capsys, main(arguments), words)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "has 0 classes"),
            ("def f(:", "mine.py, line 1"),
            ("import nothing_of_this_name", "ModuleNotFoundError"),
            ("raise ValueError('no')", "ValueError: no"),
            ("import sys; sys.exit()", "SystemExit"),
            (
                "from harness import Method\nclass A(Method):\n    pass",
                "has 0 classes",
            ),
            (METHOD.format(body="pass") + "\nclass Other(Mine): pass", "one of Mine, Other"),
        ],
    )
    def test_method_files(self, text, words, capsys):
        with open("mine.py", "w") as file:
            file.write(text)
        self.refuse(capsys, compare(method="mine.py"), words)
        self.refuse(capsys, main(["validate", "mine.py"]), words)

    def test_wrong_class_of_a_method_file(self, capsys):
        write("pass")
        self.refuse(capsys, compare(method="mine.py:Mien"), "Did you mean Mine?")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("seeds = ", "study.toml is no TOML"),
            ("sedes = 3", "Did you mean seeds?"),
            ("methods = 3", "methods must be a list"),
            ("methods = ['nosuch']", "no method 'nosuch'"),
            ("[budget]\n'no/such' = 3", "no benchmark of this study in [budget] 'no/such'"),
        ],
    )
    def test_study_files(self, text, words, capsys):
        with open("study.toml", "w") as file:
            file.write(text)
        self.refuse(capsys, main(["compare", "study.toml", "--seeds", "2"]), words)

    def test_out_is_a_file(self, capsys):
        open("taken", "w").close()
        self.refuse(capsys, compare("--out", "taken"), "taken is a file")
        self.refuse(capsys, compare("--out", "taken/below"), "cannot write to taken/below")

    def test_truncated_table(self, capsys, harness_data, monkeypatch, tmp_path):
        table = tmp_path / "nasbench201" / "nasbench201.parquet"
        table.parent.mkdir()
        whole = (harness_data / "nasbench201" / "nasbench201.parquet").read_bytes()
        table.write_bytes(whole[: len(whole) // 2])
        monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
        self.refuse(capsys, compare(benchmark="nasbench201/cifar10"), "is not a whole Parquet file")

    def test_missing_table_says_what_to_do(self, capsys, monkeypatch, tmp_path):
        monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "nothing"))
        assert compare(benchmark="nasbench201/cifar10") == 2
        error = capsys.readouterr().err
        assert error.startswith("harness: nasbench201/cifar10 needs a table")
        assert "harness data fetch" in error
        assert "Works now without download" in error
        assert len(error.splitlines()) == 4

    def test_as_a_process(self):
        done = subprocess.run(
            [sys.executable, "-m", "harness", "compare", "-m", "nosuch"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("harness: no method 'nosuch'")
        assert done.stdout == ""


class TestFailingRuns:
    def results(self, capfd, body, *more):
        """Exit code and results of a good method beside one that fails under some seeds."""
        write(body)
        code = main(
            [
                *("compare", "-b", BENCHMARK, "-m", "random-search", "-m", "mine.py:Mine"),
                *("--seeds", "12", "--budget", "6", "--format", "json", "--out", "out", *more),
            ]
        )
        captured = capfd.readouterr()
        (benchmark,) = json.loads(captured.out)["benchmarks"]
        found = {result["method"]: result for result in benchmark["results"]}
        assert found["random-search"]["failed"] == 0
        assert found["random-search"]["n"] == found["mine:Mine"]["n"] == 12
        return code, found["mine:Mine"]["failed"]

    def failed_seeds(self, capfd):
        assert main(["report", "out", "--failure", "mine:Mine:999"]) == 2
        told = capfd.readouterr().err
        return json.loads(told[told.index("[") :].strip())

    @pytest.mark.parametrize("jobs", ["1", "2"])
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("raise ValueError('my words')", "ValueError: my words"),
            ("return (99,) * len(arch)", "InvalidArchitecture"),
            ("return 'text'", "InvalidArchitecture"),
            ("problem.evaluate(arch[1:])", "InvalidArchitecture"),
            ("sys.exit(0)", "SystemExit: 0"),
            ("raise type('Odd', (BaseException,), {})()", "Odd"),
            ("problem.spend(epochs=float('nan'))", "cannot spend"),
            ("problem.task", "is a table"),
        ],
    )
    def test_fail_alone(self, body, words, jobs, capfd):
        code, failed = self.results(capfd, body, "--jobs", jobs)
        assert code == 4
        assert 0 < failed < 12
        seeds = self.failed_seeds(capfd)
        assert len(seeds) == failed
        assert main(["report", "out", "--failure", f"mine:Mine:{seeds[0]}"]) == 0
        told = capfd.readouterr().out
        assert words in told
        assert f"mine:Mine on {BENCHMARK}, seed {seeds[0]}" in told

    def test_are_not_run_again(self, capfd):
        self.results(capfd, "raise ValueError", "--jobs", "1")
        code, failed = self.results(capfd, "raise ValueError", "--jobs", "1")
        assert code == 4
        assert failed

    def test_are_counted_in_the_table(self, capfd):
        _, failed = self.results(capfd, "raise ValueError", "--jobs", "1")
        assert main(["report", "out"]) == 0
        assert f"mine:Mine: {failed} of 12 runs failed (ValueError)" in capfd.readouterr().out

    @pytest.mark.parametrize("jobs", ["1", "2"])
    @pytest.mark.parametrize(
        "body",
        [
            "time.sleep(1000)",
            "\n            while True: pass",
            "\n            while True:\n                try: problem.evaluate(arch)\n"
            "                except: pass",
        ],
        ids=["sleeps", "spins", "swallows"],
    )
    def test_time_limit(self, body, jobs, capfd):
        code, failed = self.results(capfd, body, "--time-limit", "0.3", "--jobs", jobs)
        assert code == 4
        assert 0 < failed < 12
        main(["report", "out", "--failure", f"mine:Mine:{self.failed_seeds(capfd)[0]}"])
        assert "took longer than its limit of 0.3 s" in capfd.readouterr().out

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("os._exit(3)", "ended with exit code 3"),
            ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ],
    )
    def test_death_of_a_worker(self, body, words, capfd):
        code, failed = self.results(capfd, body, "--jobs", "2")
        assert code == 4
        assert 0 < failed < 12
        main(["report", "out", "--failure", f"mine:Mine:{self.failed_seeds(capfd)[0]}"])
        assert words in capfd.readouterr().out

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.parametrize(
        "body",
        [
            "\n            if os.fork() == 0: return arch",
            "\n            if os.fork() == 0: problem.evaluate(arch)",
            "\n            multiprocessing.get_context('fork').Process(\n"
            "                target=problem.evaluate, args=(arch,)).start()",
        ],
        ids=["child comes back", "child evaluates", "process evaluates"],
    )
    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_forks_do_no_harm(self, body, jobs, capfd):
        assert self.results(capfd, body, "--jobs", jobs) == (0, 0)

    @pytest.mark.parametrize(
        "body",
        [
            "print('printed')",
            "os.write(1, b'written')",
            "os.system('echo shouted')",
            "sys.__stdout__.write('past the redirection')",
            "\n            try: problem.evaluate(arch[1:])\n            except Exception: pass",
        ],
    )
    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_stdout_stays_json(self, body, jobs, capfd):
        assert self.results(capfd, body, "--jobs", jobs) == (0, 0)

    def test_printing_while_a_file_is_loaded(self, capfd):
        with open("mine.py", "w") as file:
            file.write("print('loading')\n" + METHOD.format(body="pass"))
        assert compare("--format", "json", "--jobs", "2", method="mine.py") == 0
        json.loads(capfd.readouterr().out)


class TestFailureOption:
    @pytest.mark.parametrize("text", ["random-search:0", "nosuch:0", "0", "random-search:x"])
    def test_refuses(self, text, capsys):
        assert compare("--out", "out") == 0
        capsys.readouterr()
        assert main(["report", "out", "--failure", text]) == 2
        assert capsys.readouterr().err.startswith("harness: ")
