from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from harness import HarnessError
from harness.study import execute as module
from harness.study.execute import execute, missing_seeds
from harness.study.plan import Study, make_plan
from harness.study.store import Store

BENCHMARKS = ["nasbench-graph/proteins", "nasbench-graph/proteins:repeats=free"]
METHODS = ["random-search", "local-search"]
MINE = """
import os, signal
from pathlib import Path
from harness import Method

class Mine(Method):
    \"\"\"Leaves a file for each run; some runs kill their process.\"\"\"

    step: int = 1

    def search(self, problem):
        seed = len(list(Path({folder!r}).iterdir()))
        arch = problem.space.sample(problem.rng)
        (Path({folder!r}) / f"{{os.getpid()}}-{{seed}}").touch()
        {body}
        problem.evaluate(arch)
"""


def plan_of(**options):
    study = Study().changed(benchmarks=BENCHMARKS, methods=METHODS, seeds="8", budget="9", jobs=1)
    return make_plan(study.changed(**options))


def run(folder, **options):
    """Traces of all runs of a study, by pair, as bytes."""
    plan, store = plan_of(**options), Store(folder)
    done = []
    execute(plan, store, missing_seeds(plan, store), lambda name, steps: done.append((name, steps)))
    found = {}
    for key, pair in plan.pairs.items():
        for seed, trace in store.traces(pair).items():
            found[*key, seed] = pickle.dumps({k: v.tobytes() for k, v in vars(trace).items()})
    return found, done


@pytest.fixture
def mine(tmp_path):
    """Writes a method; returns how it is named and the folder where its runs leave files."""
    (tmp_path / "log").mkdir()

    def write(body="pass"):
        text = MINE.format(folder=str(tmp_path / "log"), body=body)
        (tmp_path / "mine.py").write_text(text)
        return f"{tmp_path}/mine.py:Mine"

    write.log = tmp_path / "log"
    return write


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return run(tmp_path_factory.mktemp("expected"))[0]


class TestOrder:
    def test_two_workers(self, expected, tmp_path):
        assert run(tmp_path, jobs=2)[0] == expected

    def test_shuffled(self, expected, tmp_path):
        shuffled = {"benchmarks": BENCHMARKS[::-1], "methods": METHODS[::-1], "jobs": 2}
        assert run(tmp_path, **shuffled, control="random-search")[0] == expected

    def test_in_portions(self, expected, tmp_path):
        run(tmp_path, seeds="5,2", methods=METHODS[1:])
        run(tmp_path, seeds="2-3", benchmarks=BENCHMARKS[1:])
        assert run(tmp_path)[0] == expected

    def test_one_batch_or_many(self, expected, tmp_path, monkeypatch):
        monkeypatch.setattr(module._Pace, "batch_size", lambda *_: 3)
        assert run(tmp_path)[0] == expected

    def test_progress_counts_every_run(self, tmp_path):
        _, done = run(tmp_path)
        for name in BENCHMARKS:
            assert sum(steps for other, steps in done if other == name) == 16


class TestMissing:
    def test_nothing_is_run_twice(self, mine, tmp_path):
        options = {"methods": [mine()], "benchmarks": BENCHMARKS[:1]}
        run(tmp_path / "out", **options, seeds="3")
        assert len(list(mine.log.iterdir())) == 3
        run(tmp_path / "out", **options, seeds="5")
        assert len(list(mine.log.iterdir())) == 5
        run(tmp_path / "out", **options, seeds="5")
        assert len(list(mine.log.iterdir())) == 5

    def test_an_edited_method_is_run_again_by_the_same_workers(self, mine, tmp_path):
        options = {"benchmarks": BENCHMARKS[:1], "jobs": 2}
        for body in ("pass", "problem.evaluate(arch)", "pass"):
            found, _ = run(tmp_path / "out", methods=[mine(body)], **options)
            lengths = {len(pickle.loads(trace)["charged"]) // 4 for trace in found.values()}
            assert lengths == {1 if body == "pass" else 2}
        assert len(list(mine.log.iterdir())) == 16

    def test_another_current_folder(self, mine, tmp_path, monkeypatch):
        mine()
        monkeypatch.chdir(tmp_path)
        options = {"methods": ["mine.py:Mine"], "benchmarks": BENCHMARKS[:1], "jobs": 2}
        run(tmp_path / "one", **options)
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
        options["methods"] = ["../mine.py:Mine"]
        assert len(run(tmp_path / "two", **options)[0]) == 8

    def test_method_edited_while_the_study_runs(self, mine, tmp_path):
        plan = plan_of(methods=[mine()], benchmarks=BENCHMARKS[:1])
        mine("1")
        store = Store(tmp_path / "out")
        with pytest.raises(HarnessError, match="was changed while the study ran"):
            execute(plan, store, missing_seeds(plan, store), lambda *_: None)

    def test_other_data_on_a_worker(self, tmp_path):
        plan, store = plan_of(), Store(tmp_path / "out")
        for key, pair in plan.pairs.items():
            plan.pairs[key] = replace(pair, identity={**pair.identity, "data": "0" * 64})
        with pytest.raises(HarnessError, match="has other data on this worker"):
            execute(plan, store, missing_seeds(plan, store), lambda *_: None)


class TestDeath:
    @pytest.mark.parametrize(
        ("how", "words"),
        [
            ("os._exit(7)", "ended with exit code 7"),
            ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
            ("os.abort()", "was killed by SIGABRT"),
        ],
    )
    def test_of_a_worker_fails_its_own_runs_only(self, mine, tmp_path, how, words):
        name = mine(f"if problem.rng.random() < 0.3: {how}")
        plan = plan_of(methods=["random-search", name], benchmarks=BENCHMARKS[:1], jobs=2)
        store = Store(tmp_path / "out")
        done = []
        execute(plan, store, missing_seeds(plan, store), lambda _, steps: done.append(steps))
        assert not missing_seeds(plan, store)
        assert sum(done) == 16
        store.write_study(plan, [benchmark.card() for benchmark in plan.benchmarks])
        pairs = store.read().pairs
        assert not pairs[BENCHMARKS[0], "random-search"].failed.any()
        mine_runs = pairs[BENCHMARKS[0], "mine:Mine"]
        assert 0 < mine_runs.failed.sum() < 8
        for error in mine_runs.errors.values():
            assert f"WorkerDied: the process that ran the method {words}" in error

    @pytest.mark.skipif(not hasattr(os, "getppid"), reason="needs process ids")
    def test_of_the_main_process_ends_its_workers(self, mine, tmp_path):
        name = mine("import time; time.sleep(0.2)")
        command = ["compare", "-b", BENCHMARKS[0], "-m", name, "--seeds", "1000", "--jobs", "2"]
        main = subprocess.Popen(
            [sys.executable, "-m", "harness", *command, "--out", str(tmp_path / "out")],
            stderr=subprocess.DEVNULL,
        )
        workers = wait_for(lambda: {int(p.name.split("-")[0]) for p in mine.log.iterdir()}, 2)
        main.send_signal(signal.SIGKILL)
        main.wait()
        wait_for(lambda: [pid for pid in workers if not alive(pid)], 2)


def wait_for(look, count):
    """Wait until so many things are there."""
    for _ in range(600):
        found = look()
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"after a minute: {found}")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # A zombie that nobody has collected is no process.
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_pace():
    pace = module._Pace()
    key = ("b", "m")
    assert pace.batch_size(key, 100, 2) == 1
    pace.seconds[key] = 0.01
    assert pace.batch_size(key, 1000, 2) == 100
    assert pace.batch_size(key, 10, 2) == 5
    assert pace.batch_size(key, 1, 2) == 1
    pace.seconds[key] = 100.0
    assert pace.batch_size(key, 1000, 2) == 1
    pace.seconds[key] = 0.0
    assert pace.batch_size(key, 10**6, 2) == module._MAX_BATCH
