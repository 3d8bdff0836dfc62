from __future__ import annotations

import math
import os
import signal
import sys
import time

import numpy as np
import pytest

from harness import Budget, HarnessError, Method, Problem
from harness.core.errors import InvalidBudget
from harness.study.run import check_budget, run_seeds, streams
from harness.testing import SyntheticBenchmark

TEN = Budget(10, "queries")


def method(search, name="Mine"):
    """A method made of one function."""
    return type(name, (Method,), {"search": lambda self, problem: search(problem)})()


def samples(problem):
    while True:
        problem.evaluate(problem.space.sample(problem.rng))


def run(search, benchmark=None, budget=TEN, seed=0, time_limit=None):
    (record,) = run_seeds(
        method(search), benchmark or SyntheticBenchmark(), budget, [seed], time_limit
    )
    return record


class TestRecommendation:
    def test_the_incumbent_where_nothing_is_returned(self):
        record = run(samples)
        best = int(np.argmax(record.trace.scores))
        assert record.recommended == tuple(record.trace.archs[best])
        assert record.valid == record.trace.scores[best]
        assert record.error == ""

    def test_what_is_returned(self):
        def search(problem):
            problem.evaluate((0, 0, 0, 0, 0))
            return (1, 1, 1, 1, 1)

        record = run(search)
        assert record.recommended == (1, 1, 1, 1, 1)
        assert math.isnan(record.valid)
        assert record.reported == SyntheticBenchmark().report([(1, 1, 1, 1, 1)])[0]

    def test_needs_no_query(self):
        assert run(lambda problem: (0, 0, 0, 0, 0)).queries == 0

    @pytest.mark.parametrize(
        "arch", [(9,) * 5, (0,) * 4, [0] * 5, "00000", 3, (0.0,) * 5, (True,) * 5]
    )
    def test_an_invalid_one_fails_the_run(self, arch):
        record = run(lambda problem: arch)
        assert "InvalidArchitecture" in record.error
        assert record.recommended is None
        assert math.isnan(record.reported)

    def test_nothing_at_all_fails_the_run(self):
        assert (
            "ended without an evaluation; its budget was 10 queries"
            in run(lambda problem: None).error
        )


class TestScores:
    def test_are_on_the_benchmarks_own_scale(self):
        benchmark = SyntheticBenchmark(direction="minimize")
        record = run(samples, benchmark)
        assert (record.trace.scores > 0).all()
        assert record.valid == record.trace.scores.min()
        assert record.reported == benchmark.report([record.recommended])[0]

    def test_reported_scores_follow_the_incumbent(self):
        benchmark = SyntheticBenchmark()
        trace = run(samples, benchmark).trace
        archs = [tuple(row) for row in trace.archs.tolist()]
        assert trace.reported.tolist() == benchmark.report([archs[i] for i in trace.incumbents])

    def test_are_read_after_the_last_search(self):
        log = []

        class Logs(SyntheticBenchmark):
            def report(self, archs):
                log.append("report")
                return super().report(archs)

        def search(problem):
            log.append("search")
            samples(problem)

        run_seeds(method(search), Logs(), TEN, [0, 1, 2])
        assert log == ["search"] * 3 + ["report"]


class TestSeeds:
    def test_streams_are_independent_and_stable(self):
        first, key = streams(0)
        assert first.random() == streams(0)[0].random() != streams(1)[0].random()
        assert key == streams(0)[1] != streams(1)[1]

    def test_do_not_depend_on_the_method_or_order(self):
        forth = run_seeds(method(samples), SyntheticBenchmark(), TEN, [0, 1, 2])
        back = run_seeds(method(samples), SyntheticBenchmark(), TEN, [2, 1, 0])
        for a, b in zip(forth, back[::-1], strict=True):
            assert a.seed == b.seed
            assert a.trace.archs.tobytes() == b.trace.archs.tobytes()
            assert a.trace.scores.tobytes() == b.trace.scores.tobytes()

    def test_every_run_has_its_own_copy_of_the_method(self):
        class Counts(Method):
            """Counts its runs."""

            count: int = 0

            def search(self, problem):
                self.count += 1
                problem.evaluate((self.count - 1,) * 5)

        shared = Counts()
        records = run_seeds(shared, SyntheticBenchmark(), TEN, [0, 1, 2])
        assert {record.recommended for record in records} == {(0,) * 5}
        assert shared.count == 0


class Odd(BaseException):
    """No exception that anybody expects."""


def raises(error):
    def search(problem):
        problem.evaluate((0,) * 5)
        raise error

    return search


class TestFailure:
    @pytest.mark.parametrize(
        "error", [ValueError("words"), SystemExit(0), MemoryError(), Odd("words"), GeneratorExit()]
    )
    def test_whatever_is_raised_fails_the_run(self, error):
        record = run(raises(error))
        assert type(error).__name__ in record.error
        assert "in search" in record.error
        assert record.recommended is None
        assert record.queries == 1

    def test_ctrl_c_is_no_failure(self):
        with pytest.raises(KeyboardInterrupt):
            run(raises(KeyboardInterrupt()))

    def test_other_runs_go_on(self):
        def search(problem):
            if problem.rng.random() < 0.5:
                raise ValueError
            samples(problem)

        records = run_seeds(method(search), SyntheticBenchmark(), TEN, range(20))
        assert {bool(record.error) for record in records} == {True, False}

    def test_except_exception_does_not_swallow_the_end(self):
        def search(problem):
            while True:
                try:
                    samples(problem)
                except Exception:
                    continue

        record = run(search)
        assert record.error == ""
        assert record.queries == 10

    def test_finally_is_run(self):
        log = []

        def search(problem):
            try:
                samples(problem)
            finally:
                log.append("closed")

        run(search)
        assert log == ["closed"]

    def test_nan_of_a_benchmark_is_a_failure(self):
        class Nan(SyntheticBenchmark):
            def oracle(self, noise_key):
                inner = super().oracle(noise_key)
                inner.measure = lambda arch, epochs: (math.nan, 1.0)
                return inner

        assert "returned NaN" in run(samples, Nan()).error


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm on this system")
class TestTimeLimit:
    def test_ends_a_search_that_asks_nothing(self):
        def search(problem):
            while True:
                time.sleep(0.01)

        assert "took longer than its limit of 0.1 s" in run(search, time_limit=0.1).error

    def test_ends_a_search_that_swallows_everything(self):
        def search(problem):
            while True:
                try:
                    problem.evaluate(problem.space.sample(problem.rng))
                except:  # noqa: E722
                    continue

        record = run(search, time_limit=0.1)
        assert "RunTimeout" in record.error
        assert record.queries == 10

    def test_is_not_noticed_by_a_search_that_ends(self):
        before = signal.getsignal(signal.SIGALRM)
        assert run(samples, time_limit=60).error == ""
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGALRM) is before

    def test_holds_for_each_run(self):
        def search(problem):
            problem.evaluate((0,) * 5)
            time.sleep(0.1)

        records = run_seeds(method(search), SyntheticBenchmark(), TEN, range(4), 0.3)
        assert [record.error for record in records] == [""] * 4


class TestSurroundings:
    def test_prints_go_to_stderr(self, capfd):
        def search(problem):
            print("printed")
            os.write(1, b"written\n")
            os.system("echo shouted")
            samples(problem)

        run(search)
        captured = capfd.readouterr()
        assert captured.out == ""
        for word in ("printed", "written", "shouted"):
            assert word in captured.err

    def test_stdout_is_itself_again(self, capfd):
        run(raises(ValueError()))
        print("after")
        assert capfd.readouterr().out == "after\n"

    def test_no_file_descriptor_is_lost(self):
        run(samples)
        before = sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
        for seed in range(20):
            run(samples, seed=seed)
        after = sorted(os.listdir("/proc/self/fd")) if before else []
        assert len(after) <= len(before)

    def test_current_folder_is_given_back(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "below").mkdir()

        def search(problem):
            os.chdir(tmp_path / "below")
            samples(problem)

        run(search)
        assert os.getcwd() == str(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    def test_a_forked_child_that_comes_back_ends_there(self, tmp_path):
        def search(problem):
            child = os.fork()
            if child:
                (tmp_path / "code").write_text(str(os.waitpid(child, 0)[1]))
                samples(problem)
            return (0,) * 5

        record = run(search)
        assert record.error == ""
        assert (tmp_path / "code").read_text() != "0"


def test_check_budget():
    benchmark = SyntheticBenchmark(fidelities=(None,), seconds=False)
    check_budget(benchmark, TEN)
    for unit in ("epochs", "seconds"):
        with pytest.raises(InvalidBudget, match=f"cannot count {unit}: its budget is in queries"):
            check_budget(benchmark, Budget(5, unit))


def test_unique_counts_architectures_and_not_genotypes():
    benchmark = SyntheticBenchmark()
    benchmark.space.canonical = lambda arch: arch[1:]
    archs = [(0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 0, 0, 0)]
    record = run(lambda problem: problem.evaluate_many(archs) and None, benchmark)
    assert record.queries == 4
    assert record.unique == 2


def test_reports_only_the_recommendation_where_a_report_costs_a_training():
    asked = []

    class Costly(SyntheticBenchmark):
        reports_every_incumbent = False

        def report(self, archs):
            asked.extend(archs)
            return super().report(archs)

    record = run(samples, Costly())
    assert asked == [record.recommended]
    known = ~np.isnan(record.trace.reported)
    assert known.any()
    assert not known.all()


def test_harness_errors_of_the_benchmark_are_failures_of_the_run():
    record = run(lambda problem: problem.evaluate((0,) * 5, 7))
    assert HarnessError.__name__ in record.error
    assert sys.exc_info() == (None, None, None)


def test_what_only_equals_ints_fails_whatever_was_asked_before() -> None:
    class Fractions(Method):
        """Asks for a genotype of floats, first unseen and then seen as ints."""

        first: bool = True

        def search(self, problem: Problem) -> None:
            if not self.first:
                problem.evaluate((1, 0))
            problem.evaluate((1.0, 0.0))  # type: ignore[arg-type]

    benchmark = SyntheticBenchmark(sizes=(3, 3))
    for first in (True, False):
        (record,) = run_seeds(Fractions(first), benchmark, Budget(5, "queries"), [0])
        assert "InvalidArchitecture" in record.error
