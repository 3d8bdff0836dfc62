"""The published one-shot protocols as study files: planned, not run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from harness import load_method
from harness.core.errors import HarnessError
from harness.gate.protocol import load_protocol
from harness.live.tasks import Part
from harness.study.plan import load_study, make_plan
from spaces.nasbench201 import NasBench201Space
from spaces.nasbench201.skeleton import Skeleton
from tests.methods.oneshot.toy import ToyBenchmark, problem

pytest.importorskip("torch")

from methods.oneshot.engine import Search
from methods.oneshot.schedule import ROUNDING
from spaces.nasbench201.search_task import CellTask

FOLDER = Path(__file__).parents[3] / "results" / "studies"
# Study file, protocol with the published numbers, weight steps of each method (391 batches of 64
# images an epoch, 196 of 128), and what normalises.
ICLR = (
    "nasbench201-oneshot-iclr2020",
    "nasbench201-oneshot",
    [250 * 391, 50 * 391, 50 * 391, 250 * 391, 250 * 391, 250 * 196],
    "running",
)
NATS = ("natsbench-oneshot", "natsbench-oneshot", [200 * 391] * 6, "batch")
both = pytest.mark.parametrize(("name", "protocol", "steps", "normalisation"), [ICLR, NATS])


def study_of(name):
    return load_study(FOLDER / f"{name}.toml")


@pytest.fixture(scope="module")
def official():
    """A benchmark with the official network and as many images as CIFAR-10 has, all black."""
    # Zeros that nobody looks at take no memory.
    half = Part(np.zeros((25_000, 3, 32, 32), np.float32), np.zeros(25_000, np.int64))
    benchmark = ToyBenchmark(NasBench201Space(), 4, 4)
    benchmark._task = CellTask("cifar10", half, half, Skeleton())
    return benchmark


@both
def test_methods_are_those_of_the_protocol(name, protocol, steps, normalisation):
    study, (published,) = study_of(name), load_protocol(protocol).studies
    assert [load_method(m).identity for m in study.methods] == [
        load_method(m).identity for m in published.rows.values()
    ]
    assert study.seeds == published.study.seeds
    assert (study.benchmarks, study.budget) == (published.study.benchmarks, published.study.budget)


@both
def test_the_budget_is_what_the_dearest_declares(name, protocol, steps, normalisation, official):
    study, declared, counted = study_of(name), [], []
    for text in study.methods:
        method = load_method(text).method
        search = Search(method, problem(study.budget, benchmark=official))
        assert search.epochs == method.epochs
        assert method.normalisation == normalisation
        counted.append(search.epochs * search.steps)
        epochs = sum(method.cost(search, epoch, search.epochs) for epoch in range(search.epochs))
        declared.append(epochs + method.last_cost(search))
    assert counted == steps
    budget = int(study.budget.removesuffix("epochs"))
    assert math.ceil(max(declared) - ROUNDING) == budget
    dearest = study.methods[int(np.argmax(declared))]
    with pytest.raises(HarnessError, match="do not suffice"):
        Search(load_method(dearest).method, problem(f"{budget - 1}epochs", benchmark=official))


@both
def test_can_be_planned(name, protocol, steps, normalisation, harness_data):
    plan = make_plan(study_of(name))
    assert [pair.benchmark for pair in plan.pairs.values()] == ["nasbench201/cifar10"] * 6
    assert all(pair.budget.unit == "epochs" for pair in plan.pairs.values())
    assert len(plan.study.seeds) == 3
