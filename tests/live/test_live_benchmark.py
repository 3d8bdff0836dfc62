from __future__ import annotations

import errno
import json
import math
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from harness import Method  # noqa: E402
from harness.core.budget import Budget  # noqa: E402
from harness.core.errors import CannotMeasure, HarnessError  # noqa: E402
from harness.core.registry import load_method  # noqa: E402
from harness.live import trainer  # noqa: E402
from harness.live.live_benchmark import EVALUATION, RETRAINING  # noqa: E402
from harness.live.training_store import RECORD, read_record  # noqa: E402
from harness.study.run import run_seeds  # noqa: E402
from tests.live.live_lab import ERROR, RECIPE, lab  # noqa: E402

ARCH = (3, 2, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch):
    def forbid() -> None:
        def refuse(*given, **named):
            raise AssertionError("something was trained")

        monkeypatch.setattr(trainer.Trainer, "__init__", refuse)

    return forbid


def test_a_score_is_the_error_on_validation_data_and_costs_measured_seconds() -> None:
    oracle = lab().oracle(5)
    score, seconds = oracle.measure(ARCH, 3)
    record = read_record(next(iter_folders()))
    assert -score == record.curve[-1][ERROR]
    assert seconds == record.seconds[-1] > record.seconds[0] > 0
    assert -score < 40  # By chance: 50.


def iter_folders(stage: str = EVALUATION):
    from harness.core.data_home import cache_home

    return (cache_home() / "trainings").glob(f"*/{stage}-*")


def test_what_is_known_is_not_trained_again(no_training) -> None:
    first = [lab().oracle(5).measure(ARCH, epochs) for epochs in (1, 3)]
    reported = lab().report([ARCH])
    no_training()
    again = lab()
    assert [again.oracle(5).measure(ARCH, epochs) for epochs in (1, 3)] == first
    assert again.report([ARCH]) == reported
    assert not {"task", "final"} & {*vars(again)}, "data was read for nothing"
    with pytest.raises(AssertionError, match="something was trained"):
        lab().oracle(6).measure(ARCH, 1)


def test_another_recipe_or_seed_or_ask_is_another_training() -> None:
    lab().oracle(5).measure(ARCH, 1)
    lab(evaluation=replace(RECIPE, learning_rate=0.05)).oracle(5).measure(ARCH, 1)
    lab().oracle(6).measure(ARCH, 1)
    oracle = lab().oracle(5)
    once, again = oracle.measure(ARCH, 1), oracle.measure(ARCH, 1)
    assert len(list(iter_folders())) == 4
    assert once[1] != again[1]


def test_a_low_fidelity_is_the_beginning_of_a_high_one() -> None:
    low, high = (lab().oracle(5).measure(ARCH, epochs)[0] for epochs in (1, 3))
    (folder,) = iter_folders()
    curve = [row[ERROR] for row in read_record(folder).curve]
    assert [-low, -high] == [curve[0], curve[2]]


def test_what_is_reported_is_retrained_and_measured_on_test_data() -> None:
    benchmark = lab()
    (reported,) = benchmark.report([ARCH])
    (folder,) = iter_folders(RETRAINING)
    record = read_record(folder)
    assert record.curve[-1][ERROR] == reported
    assert benchmark.measures(ARCH)[ERROR] == reported
    assert benchmark.measures(ARCH)["weights"] > 0
    assert (folder / "weights.pt").is_file()
    assert not (folder / "checkpoint.pt").exists()


def test_trials_are_averaged() -> None:
    from harness.live.live_benchmark import LiveBenchmark

    three = LiveBenchmark("lab/generated", lab().setup, trials=3)
    each = [read_record(r.id.folder).curve[-1][ERROR] for r in three_records(three)]
    assert three.id == "lab/generated:trials=3"
    assert lab().train(ARCH, RETRAINING, 0).id == three_records(three)[0].id
    assert three.report([ARCH]) == [pytest.approx(sum(each) / 3)]
    assert len(set(each)) > 1


def three_records(benchmark):
    return [benchmark.train(ARCH, RETRAINING, trial) for trial in range(3)]


def test_a_training_that_diverges_scores_the_worst() -> None:
    wild = replace(RECIPE, learning_rate=1e30)
    benchmark = lab(evaluation=wild, retraining=wild)
    assert benchmark.oracle(0).measure(ARCH, 3)[0] == -100.0
    assert benchmark.report([ARCH]) == [100.0]
    (folder,) = iter_folders()
    assert "diverged" in read_record(folder).failure


def test_a_run_is_the_same_twice_and_test_scores_are_stored_with_it(cache: Path) -> None:
    def run():
        method = load_method("random-search").method
        (record,) = run_seeds(method, lab(), Budget(7, "epochs"), [3])
        assert not record.error
        return record

    first = run()
    for file in sorted(cache.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    second = run()
    assert first.trace.scores.tolist() == second.trace.scores.tolist()
    assert first.reported == second.reported
    assert first.epochs == 6
    assert first.logs[f"reported {ERROR}"] == [first.reported]
    assert "reported weights" in first.logs


def test_a_benchmark_travels_without_its_data() -> None:
    benchmark = lab()
    assert benchmark.task is benchmark.task
    copy = pickle.loads(pickle.dumps(benchmark))
    assert "task" not in vars(copy)
    assert copy.oracle(5).measure(ARCH, 1)[0] == benchmark.oracle(5).measure(ARCH, 1)[0]


def test_a_metric_that_nothing_measures_is_told() -> None:
    benchmark = lab()
    benchmark.setup.metric = "PSNR (dB)"
    with pytest.raises(HarnessError, match=r"measures .*top-1 error.*no PSNR"):
        benchmark.report([ARCH])


def test_a_full_disk_is_not_the_fault_of_a_method(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotMeasure, match=r"No space left.*HARNESS_CACHE"):
        run_seeds(load_method("random-search").method, lab(), Budget(3, "epochs"), [3])


def test_a_damaged_record_is_told(cache: Path) -> None:
    lab().report([ARCH])
    (folder,) = iter_folders(RETRAINING)
    (folder / RECORD).write_text("{")
    with pytest.raises(HarnessError, match=r"training\.json cannot be read"):
        lab().report([ARCH])
    stored = json.dumps({"epochs": 3})
    (folder / RECORD).write_text(stored)
    with pytest.raises(HarnessError, match=r"training\.json cannot be read"):
        read_record(folder)


def test_the_card_says_what_is_not_known() -> None:
    card = lab().card()
    assert math.isnan(card.optimum)
    assert card.searched == "valid@3"
    assert card.reported == "test@3"
    assert card.worst == 100


def test_a_run_keeps_its_folder_until_it_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keeps(Method):
        def search(self, problem):
            problem.scratch.mkdir(parents=True)
            (problem.scratch / "kept").touch()
            return problem.space.sample(problem.rng)

    benchmark, scratch = lab(), tmp_path / "scratch"
    with monkeypatch.context() as patched:
        patched.setattr(benchmark, "report", lambda archs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_seeds(Keeps(), benchmark, Budget(3, "epochs"), [3], scratch=scratch)
    assert (scratch / "3" / "kept").is_file()
    (scratch / "3" / "kept").unlink()
    (scratch / "3").rmdir()
    run_seeds(Keeps(), benchmark, Budget(3, "epochs"), [3], scratch=scratch)
    assert not (scratch / "3").exists()
