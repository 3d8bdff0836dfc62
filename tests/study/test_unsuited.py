"""Methods and scorers that cannot work on a benchmark are refused before anything is run."""

from __future__ import annotations

import pytest

from harness import HarnessError
from harness.core.errors import InvalidBudget
from harness.study.plan import Study, make_plan
from harness.study.rank_plan import RankStudy, make_rank_plan

TRAINS = """
from harness import Method, Predictor

class Trains(Method):
    units = ("epochs", "seconds")
    def trains(self):
        return {trains}
    def search(self, problem):
        pass

class Scores(Predictor):
    def trains(self):
        return True
    def learn(self, archs, scores):
        pass
    def guess(self, archs):
        return archs.sum(1).astype(float)
"""


@pytest.fixture
def planned(tmp_path):
    def make(trains, budget, benchmark="nasbench-graph/proteins"):
        file = tmp_path / "trains.py"
        file.write_text(TRAINS.format(trains=trains))
        return make_plan(
            Study().changed(benchmarks=[benchmark], methods=[f"{file}:Trains"], budget=budget)
        )

    return make


def test_a_budget_that_does_not_count_what_is_spent(planned):
    with pytest.raises(InvalidBudget, match=r"epochs or seconds, e\.g\. --budget 500epochs"):
        planned(False, "20", "nasbench201/digits")
    assert planned(False, "20epochs", "nasbench201/digits")


def test_a_table_for_a_method_that_trains(planned):
    with pytest.raises(HarnessError, match=r"Trains trains networks: .* is a table"):
        planned(True, "20epochs", "nasbench-graph/proteins")


def test_a_table_for_a_scorer_that_trains(tmp_path):
    file = tmp_path / "trains.py"
    file.write_text(TRAINS.format(trains=True))
    study = RankStudy().changed(
        benchmarks=["nasbench-graph/proteins"], scorers=[f"{file}:Scores"], labels="5"
    )
    with pytest.raises(HarnessError, match=r"Scores trains networks: .* is a table"):
        make_rank_plan(study)


def on_a_toy(method):
    pytest.importorskip("torch")
    return make_plan(
        Study().changed(benchmarks=["toy/asng"], methods=[method], budget="1000epochs")
    )


def test_a_supernet_without_what_a_method_needs():
    with pytest.raises(HarnessError) as refused:
        on_a_toy("pc-darts")
    reason, others = refused.value.args[0].split(". These work there: ")
    assert reason.startswith("pc-darts needs a supernet with partial channels, which that of toy/")
    assert {"asng-nas", "darts", "e2nas"} <= set(others.split(", "))
    assert "pc-darts" not in others
    assert "random-search" not in others


def test_what_is_needed_depends_on_parameters():
    assert on_a_toy("pc-darts:proportion=1")


def test_a_scorer_that_uses_such_a_method():
    pytest.importorskip("torch")
    study = RankStudy().changed(
        benchmarks=["toy/asng"], scorers=["supernet:method=pc-darts"], labels="5"
    )
    with pytest.raises(HarnessError, match="supernet:method=pc-darts needs a supernet"):
        make_rank_plan(study)
