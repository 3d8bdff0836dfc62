"""What a long run may leave behind: series that are stored, and a folder while it lasts."""

from __future__ import annotations

import pytest

from harness import Budget, Method, Predictor
from harness.study.execute import execute, missing_seeds
from harness.study.plan import Study, make_plan
from harness.study.rank_field import Field
from harness.study.rank_run import rank_seeds
from harness.study.run import run_seeds
from harness.study.store import Store
from harness.tables.open import open_benchmark
from harness.testing import SyntheticBenchmark

KEEPS = """
from harness import Method

class Keeps(Method):
    def search(self, problem):
        kept = problem.scratch / "kept.txt"
        seen = kept.read_text() if kept.exists() else "nothing"
        problem.scratch.mkdir(parents=True, exist_ok=True)
        kept.write_text("half of it")
        problem.log("rows", [1, 2.5])
        problem.log("rows", (3, 4))
        problem.log("number", len(seen))
        if seen == "nothing":
            raise KeyboardInterrupt
        problem.evaluate(problem.space.sample(problem.rng))
"""


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "keeps.py"
    file.write_text(KEEPS)
    study = Study().changed(
        benchmarks=["nasbench-graph/proteins"],
        methods=[f"{file}:Keeps"],
        seeds="1",
        budget="5",
        jobs=1,
    )
    return make_plan(study)


def test_an_interrupted_run_finds_its_folder_and_a_finished_one_leaves_none(plan, tmp_path):
    store = Store(tmp_path / "out")
    (pair,) = plan.pairs.values()

    def go_on():
        execute(plan, store, missing_seeds(plan, store), lambda name, runs: None)

    with pytest.raises(KeyboardInterrupt):
        go_on()
    kept = tmp_path / "out" / "scratch" / pair.key / "0" / "kept.txt"
    assert kept.read_text() == "half of it"
    assert missing_seeds(plan, store)
    go_on()
    assert not missing_seeds(plan, store)
    assert not kept.parent.exists()
    assert store.logs(pair) == {0: {"rows": [[1.0, 2.5], [3.0, 4.0]], "number": [10.0]}}


def test_no_folder_where_nothing_is_kept():
    class Asks(Method):
        def search(self, problem):
            assert problem.scratch is None
            return (0, 0, 0, 0, 0)

    (record,) = run_seeds(Asks(), SyntheticBenchmark(), Budget(1, "queries"), [0])
    assert record.error == ""
    assert record.logs == {}


def test_what_a_scorer_writes_down():
    class Writes(Predictor):
        def learn(self, archs, scores):
            self.log("labels", len(scores))

        def guess(self, archs):
            return archs.sum(1).astype(float)

    field = Field(open_benchmark("nasbench-graph/proteins"))
    first, second = rank_seeds(Writes(), field, 5, 10, [0, 1])
    assert first.logs == second.logs == {"labels": [5.0]}
