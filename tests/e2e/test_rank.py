"""``harness rank`` from the outside: interruptions, workers, and words that are wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from harness.cli import main
from harness.study.rank_store import RankStore

PROTEINS = "nasbench-graph/proteins"
KILLS = 6
MINE = '''
import time
import numpy as np
from harness import Predictor

class Mine(Predictor):
    """Nearest labelled architecture, slowly, with noise of its own."""

    def learn(self, archs, scores):
        time.sleep(0.01)
        self._archs, self._scores = archs, scores

    def guess(self, archs):
        apart = (archs[:, None] != self._archs[None]).sum(axis=2)
        if self.rng.random() < 0.1:
            raise ValueError("unlucky")
        return self._scores[apart.argmin(axis=1)] + 1e-3 * self.rng.random(len(archs))
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    file = tmp_path_factory.mktemp("mine") / "mine.py"
    file.write_text(MINE)
    return file


@pytest.fixture(scope="module")
def words(mine):
    def make(out, *more):
        return ["rank", "-b", PROTEINS, "-m", "ridge", "-m", str(mine), "--labels", "8,16",
                "--candidates", "500", "--seeds", "24", "--out", str(out), *more]  # fmt: skip

    return make


def stored(folder):
    """Everything that a study left behind but the times on the wall."""
    store = RankStore(folder)
    found = {}
    for key, runs in store.read().runs.items():
        for name, value in vars(runs).items():
            if name not in ("wall", "fit_seconds", "predict_seconds", "errors"):
                found[key, name] = value.tobytes() if hasattr(value, "tobytes") else value
        found[key, "errors"] = {seed: text[-30:] for seed, text in runs.errors.items()}
    assert not store.damaged
    return found


@pytest.fixture(scope="module")
def uninterrupted(words, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert main(words(folder, "--jobs", "1")) == 4
    found = stored(folder)
    assert len(found) == 2 * 2 * 14
    return found


def start(arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_again_and_again(uninterrupted, words, tmp_path):
    rng = random.Random(0)
    for _ in range(KILLS):
        process = start(words(tmp_path, "--jobs", "2"))
        time.sleep(rng.uniform(0.3, 3.0))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = start(words(tmp_path, "--jobs", "2"))
    process.communicate()
    assert process.returncode == 4
    assert stored(tmp_path) == uninterrupted


def test_in_portions_and_with_two_workers(uninterrupted, words, tmp_path, mine):
    part = ["rank", "-b", PROTEINS, "-m", str(mine), "--labels", "16", "--candidates", "500",
            "--seeds", "3-7", "--out", str(tmp_path), "--jobs", "1"]  # fmt: skip
    main(part)
    assert main(words(tmp_path, "--jobs", "2")) == 4
    assert stored(tmp_path) == uninterrupted


def test_complete_study_runs_nothing(words, tmp_path, capsys):
    short = ["--seeds", "3", "--jobs", "1", "--format", "csv"]
    main(words(tmp_path, *short))
    first = capsys.readouterr().out
    main(words(tmp_path, *short))
    again = capsys.readouterr()
    assert again.out == first
    assert "all 12 runs are there" in again.err
    assert "Nothing to do" in again.err
    # Another measure is another view on the same runs.
    main(words(tmp_path, *short, "--measure", "regret"))
    assert "Nothing to do" in capsys.readouterr().err
    # More labels are more runs, of which those for fewer labels are there.
    main(words(tmp_path, *short, "--labels", "8,16,20"))
    assert "12 of 18 runs are there already" in capsys.readouterr().err


def test_damaged_shard_is_set_aside_and_its_runs_are_run_again(words, tmp_path, capsys):
    assert main(words(tmp_path, "--jobs", "1")) == 4
    before = stored(tmp_path)
    shard = sorted(tmp_path.rglob("*.parquet"))[0]
    shard.write_bytes(shard.read_bytes()[:-20])
    assert main(words(tmp_path, "--jobs", "1")) == 4
    assert "A damaged file was set aside as" in capsys.readouterr().err
    assert stored(tmp_path) == before


def test_folder_of_another_study(words, tmp_path, capsys):
    compare = ["compare", "-b", PROTEINS, "-m", "random-search", "--seeds", "2", "--budget", "5",
               "--jobs", "1", "--out", str(tmp_path)]  # fmt: skip
    assert main(compare) == 0
    capsys.readouterr()
    assert main(words(tmp_path)) == 2
    assert "holds a study of harness compare. Name another folder" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["-m", "regularized-evolution"], "no scorer 'regularized-evolution'"),
        (["--labels", "9,9"], "labels cannot be '9,9'"),
        (["--labels", "9999"], "has 5,614 architectures to label"),
        (["--candidates", "1"], "candidates cannot be 1"),
        (["--measure", "tau"], "no measure 'tau'"),
        (["--control", "linear"], "no control among the scorers of this study 'linear'"),
        (["--format", "pdf"], "no format 'pdf'"),
        (["--seeds", "0"], "0 seeds are no study"),
    ],
)
def test_wrong_words(more, message, words, tmp_path, capsys):
    assert main(words(tmp_path / "out", *more)) == 2
    told = capsys.readouterr().err
    assert told.startswith("harness: ")
    assert message in told
    assert not (tmp_path / "out").exists()


def test_loads_no_torch(tmp_path):
    command = ["rank", "-b", PROTEINS, "-m", "ridge", "--labels", "5", "--seeds", "2"]
    command += ["--jobs", "1", "--out", str(tmp_path)]
    code = f"from harness.cli import main; assert main({command}) == 0; import sys; " + (
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["rank", "--help"], ["list", "scorers"]])
def test_light_commands_load_nothing_heavy(words):
    heavy = {"torch", "pandas", "matplotlib", "sklearn", "lightgbm", "scipy"}
    code = f"from harness.cli import main; assert main({words}) == 0; import sys; " + (
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"
