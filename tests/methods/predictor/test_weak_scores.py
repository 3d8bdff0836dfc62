"""Scores of a scorer that needs no labels as one more weak label."""

from __future__ import annotations

import numpy as np
import pytest

from harness import Budget, HarnessError, load_method, load_predictor
from harness.core.registry import load_benchmark
from harness.study.plan import identity_of
from harness.study.run import run_seeds
from harness.testing import SyntheticBenchmark
from harness.testing.lab import difference
from harness.testing.synthetic import SyntheticSpace

torch = pytest.importorskip("torch")

SPACE = SyntheticSpace((4,) * 5)

SUM = """
from harness import Predictor

class Sum(Predictor):
    factor: float = 1.0
    def learns(self):
        return False
    def learn(self, archs, scores):
        assert not scores.any()
    def guess(self, archs):
        return self.factor * archs.sum(1).astype(float)
"""


@pytest.fixture
def scorer(tmp_path):
    file = tmp_path / "sums.py"
    file.write_text(SUM)
    return f"({file}:Sum)"


@pytest.fixture
def predictor(scorer):
    def make(**parameters):
        text = ",".join(f"{k}={v}" for k, v in {"weak": scorer, **parameters}.items())
        made = load_predictor(f"pretrained-mlp:{text}")
        made.attach(SPACE, np.random.default_rng(0))
        return made

    return make


def test_is_learned_before_any_label(predictor):
    own = predictor()
    archs = SPACE.population[::25]
    labels = archs.sum(1).astype(float)
    own.fit(archs[:4], labels[:4])
    with_weak = np.corrcoef(own.predict(archs), labels)[0, 1]
    alone = predictor(pretrain="false")
    alone.fit(archs[:4], labels[:4])
    assert with_weak > 0.9
    assert with_weak > np.corrcoef(alone.predict(archs), labels)[0, 1]


def test_only_the_order_counts(predictor, scorer):
    archs = SPACE.population[::25]
    found = []
    for weak in (scorer, scorer.replace("Sum)", "Sum:factor=1e6)")):
        own = predictor(weak=weak)
        own.fit(archs[:10], archs[:10].sum(1).astype(float))
        found.append(own.predict(archs))
    assert (found[0] == found[1]).all()


def test_is_part_of_the_identity(scorer):
    made = load_predictor(f"pretrained-mlp:weak={scorer}")
    (used,) = identity_of("scorer", "pretrained-mlp", made, "")["uses"]
    assert used["scorer"].endswith("Sum")
    assert used["scorer_file"]


def test_refuses_a_scorer_that_learns_from_labels(predictor):
    with pytest.raises(HarnessError, match="learns from labels"):
        predictor(weak="ridge")


WORKS = """
from harness import UnlabelledPredictor

class Works(UnlabelledPredictor):
    def trains(self):
        return True
    def cost(self):
        return 0.25
    def learn(self, archs, scores):
        assert self.task is not None
        self.spent += 3.0
    def guess(self, archs):
        return archs.sum(1).astype(float)
"""


@pytest.mark.parametrize("method", ["acenas:top=5", "fbnetv3", "weaknas"])
@pytest.mark.parametrize("wrapped", ["{}", "(self-training:predictor={},unlabelled=10)"])
def test_methods_pay_for_weak_labels(method, wrapped, tmp_path):
    file = tmp_path / "works.py"
    file.write_text(WORKS)
    weak = f"(pretrained-mlp:unlabelled=40,epochs=2,weak_epochs=1,weak=({file}:Works))"
    joint = "," if ":" in method else ":"
    own = load_method(f"{method}{joint}predictor={wrapped.format(weak)}").method
    assert own.trains()
    (record,) = run_seeds(own, SyntheticBenchmark(), Budget(12, "queries"), [0])
    assert record.error == ""
    fits = record.epochs - 12 * SyntheticBenchmark().fidelities[-1]
    # Weak labels are learned once for each predictor that is attached.
    assert fits > 0
    assert fits % (3.0 + 40 * 0.25) == 0
    (again,) = run_seeds(own, SyntheticBenchmark(), Budget(12, "queries"), [0])
    assert difference(record, again) == ""


def test_acenas_pays_for_the_supernet_of_its_weak_labels():
    supernet = "(supernet:method=(rsps:epochs=2,learning_rate=0.05))"
    text = f"acenas:top=5,predictor=(lambdarank:unlabelled=40,weak={supernet})"
    own, benchmark = load_method(text).method, load_benchmark("nasbench201/digits")
    assert own.trains()
    first, again = (run_seeds(own, benchmark, Budget(150, "epochs"), [0])[0] for _ in range(2))
    assert first.error == ""
    assert difference(first, again) == ""
    task = benchmark.task
    judged = 40 * len(task.valid.labels) / len(task.train.labels) / 3
    # Two epochs of training once, and each of 40 cells shown every validation image.
    assert first.epochs == pytest.approx(first.queries * 8 + 2 + judged)
    assert 150 - 8 < first.epochs <= 150
