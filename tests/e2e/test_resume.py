"""A study that is interrupted again and again is the study that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.cli import main
from harness.study.plan import Study, make_plan
from harness.study.store import Store

KILLS = 20
GRAPH = ("nasbench-graph/proteins", "nasbench-graph/proteins:repeats=free")
CELLS = ("nasbench201/cifar10", "nasbench201/cifar100")
METHODS = ("random-search", "regularized-evolution", "tpe")


def benchmarks():
    data = Path(os.environ.get("HARNESS_DATA") or "/nowhere")
    return CELLS if (data / "nasbench201" / "nasbench201.parquet").is_file() else GRAPH


def words(out, *more, methods=METHODS, of=None, seeds="40"):
    named = [word for id in of or benchmarks() for word in ("-b", id)]
    named += [word for name in methods for word in ("-m", name)]
    return ["compare", *named, "--seeds", seeds, "--budget", "80", "--out", str(out), *more]


def stored(folder):
    """Everything that a study left behind but the times on the wall."""
    plan = make_plan(
        Study().changed(benchmarks=benchmarks(), methods=METHODS, seeds="40", budget="80")
    )
    store = Store(folder)
    found = {}
    for key, runs in store.read().pairs.items():
        for name in ("seeds", "reported", "valid", "failed", "queries", "unique", "epochs"):
            found[key, name] = getattr(runs, name).tobytes()
    for key, pair in plan.pairs.items():
        for seed, trace in store.traces(pair).items():
            for name, array in vars(trace).items():
                found[key, seed, name] = (array.dtype, array.shape, array.tobytes())
    assert not store.damaged
    assert len(found) == len(plan.pairs) * (7 + 40 * 8)
    return found


def start(arguments):
    """A harness of its own in a group of its own, which listens to Ctrl-C."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from harness.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert main(words(folder, "--jobs", "1")) == 0
    return stored(folder)


def test_killed_twenty_times(uninterrupted, tmp_path):
    rng = random.Random(0)
    for _ in range(KILLS):
        process = start(words(tmp_path, "--jobs", "2"))
        time.sleep(rng.uniform(0.1, 2.5))
        # The group stays as long as one of its processes does, even where the study has ended.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words(tmp_path, "--jobs", "2")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path) == uninterrupted


def test_two_workers(uninterrupted, tmp_path):
    assert main(words(tmp_path, "--jobs", "2")) == 0
    assert stored(tmp_path) == uninterrupted


def test_shuffled(uninterrupted, tmp_path):
    order = {"methods": METHODS[::-1], "of": benchmarks()[::-1]}
    assert main(words(tmp_path, "--jobs", "2", **order, seeds="20-39,7")) == 0
    assert main(words(tmp_path, "--jobs", "1", **order)) == 0
    assert main(words(tmp_path, "--jobs", "1")) == 0
    assert stored(tmp_path) == uninterrupted


def test_complete_study_runs_nothing(tmp_path, capsys):
    for _ in range(2):
        assert main(words(tmp_path, "--jobs", "1", methods=["random-search"], seeds="3")) == 0
    captured = capsys.readouterr()
    assert "all 6 runs are there" in captured.err
    assert "Nothing to do" in captured.err


SLOW = """
import time
from pathlib import Path
from harness import Method

class Slow(Method):
    \"\"\"Leaves a file when a run has ended.\"\"\"

    def search(self, problem):
        arch = problem.space.sample(problem.rng)
        problem.evaluate(arch)
        time.sleep(0.1)
        (Path({folder!r}) / str(time.time_ns())).touch()
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("group", [True, False], ids=["terminal", "process"])
def test_ctrl_c(jobs, group, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    (tmp_path / "slow.py").write_text(SLOW.format(folder=str(log)))
    order = {"methods": [f"{tmp_path}/slow.py"], "of": GRAPH[:1]}
    process = start(words(tmp_path / "out", "--jobs", jobs, **order))
    while len(list(log.iterdir())) < 5:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
    output, told = process.communicate()
    assert process.returncode == 130, told
    assert output == ""
    *_, last = told.strip().splitlines()
    assert last.startswith("Stopped. ")
    assert last.endswith(" of 40 runs are kept; the same command continues.")
    kept = int(last.split()[1])
    assert 0 < kept < 40
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.is_file()]
    before = len(list(log.iterdir()))
    assert main(words(tmp_path / "out", "--jobs", "2", **order)) == 0
    assert len(list(log.iterdir())) - before == 40 - kept


def flip(path, place):
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + bytes(8) + whole[place + 8 :])


@pytest.mark.parametrize("where", ["end", "inside"])
def test_damaged_shard_is_set_aside_and_its_runs_are_run_again(where, tmp_path, capsys):
    command = words(tmp_path, "--jobs", "1", "--format", "csv", of=GRAPH[:1])
    assert main(command) == 0
    table = capsys.readouterr().out
    shards = sorted(tmp_path.rglob("*.parquet"))
    size = shards[0].stat().st_size
    if where == "end":
        shards[0].write_bytes(shards[0].read_bytes()[:-20])
    else:
        # Somewhere within the reported scores of the traces, the largest column.
        flip(shards[0], size * 2 // 3)
    assert main(command) == 0
    captured = capsys.readouterr()
    assert captured.out == table
    assert "A damaged file was set aside as" in captured.err
    assert len(list(tmp_path.rglob("*.damaged"))) == 1
    assert main(command) == 0
    assert "Nothing to do" in capsys.readouterr().err
