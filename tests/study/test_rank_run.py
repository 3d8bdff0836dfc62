"""What a scorer is given, what it is measured by, and what its failures do."""

from __future__ import annotations

import time

import numpy as np
import pytest

from harness import HarnessError, Predictor
from harness.study.rank_field import Field
from harness.study.rank_run import rank_seeds
from harness.study.run import streams
from harness.testing import SyntheticBenchmark

SIZE = 3**5


class Memo(Predictor):
    """Remembers what it was given; predicts what it was told to."""

    def learn(self, archs, scores):
        self.log.append((archs, scores, self.rng.bit_generator.state["state"]["state"]))

    def guess(self, archs):
        return np.array([self.table[tuple(row)] for row in archs.tolist()])


def memo(table=None, log=None):
    """A scorer that is copied with each run, but whose log is shared."""
    scorer = Memo()
    scorer.table = Shared(table or {})
    scorer.log = SharedList() if log is None else log
    return scorer


class Shared(dict):
    def __deepcopy__(self, memo):
        return self


class SharedList(list):
    def __deepcopy__(self, memo):
        return self


def true_scores(benchmark):
    archs = list(benchmark.space.enumerate())
    return dict(zip(archs, benchmark.report(archs), strict=True))


def run(scorer, benchmark=None, labels=20, seeds=(0,), tested=None, time_limit=None):
    field = Field(benchmark or SyntheticBenchmark())
    tested = field.tested(labels, 20_000) if tested is None else tested
    return rank_seeds(scorer, field, labels, tested, seeds, time_limit)


class TestOracles:
    @pytest.mark.parametrize("direction", ["maximize", "minimize"])
    @pytest.mark.parametrize("hidden", [0, 1])
    def test_perfect_and_reversed(self, direction, hidden):
        benchmark = SyntheticBenchmark(direction=direction, hidden=hidden)
        truth = {arch: benchmark.sign * s for arch, s in true_scores(benchmark).items()}
        (good,) = run(memo(truth), benchmark)
        assert good.error == ""
        assert good.quality.kendall == pytest.approx(1.0)
        assert good.quality.violations == 0
        assert good.quality.mae == 0.0
        assert (good.quality.regret_1, good.quality.regret_10) == (0.0, 0.0)
        (bad,) = run(memo({arch: -score for arch, score in truth.items()}), benchmark)
        assert bad.quality.kendall == pytest.approx(-1.0)
        assert bad.quality.violations == 223 * 222 / 2
        assert bad.quality.regret_1 > bad.quality.regret_10 > 0

    def test_regret_is_on_the_benchmarks_scale(self):
        benchmark = SyntheticBenchmark()
        truth = true_scores(benchmark)
        field = Field(benchmark)
        draw = field.draw(3, 20, 223)
        tested = [tuple(row) for row in field.archs[draw.tested].tolist()]
        chosen = tested[100]
        (record,) = run(memo({**dict.fromkeys(truth, 0.0), chosen: 1.0}), benchmark, seeds=[3])
        assert record.quality.regret_1 == max(truth[a] for a in tested) - truth[chosen]

    def test_predictions_of_a_constant(self):
        scorer = memo(dict.fromkeys(true_scores(SyntheticBenchmark()), 5.0))
        for record in run(scorer, seeds=range(5)):
            assert (record.quality.kendall, record.quality.spearman) == (0.0, 0.0)


class TestGiven:
    def test_labels_are_what_a_search_sees(self):
        benchmark, log = SyntheticBenchmark(), SharedList()
        run(memo(true_scores(benchmark), log), benchmark, labels=30, seeds=[7])
        ((archs, scores, state),) = log
        rng, noise_key = streams(7)
        oracle = SyntheticBenchmark().oracle(noise_key)
        assert scores.tolist() == [oracle.measure(tuple(a), 36)[0] for a in archs.tolist()]
        assert state == rng.bit_generator.state["state"]["state"]
        assert len({tuple(arch) for arch in archs.tolist()}) == 30

    def test_higher_labels_are_better_where_lower_scores_are(self):
        log = SharedList()
        benchmark = SyntheticBenchmark(direction="minimize")
        run(memo(true_scores(benchmark), log), benchmark)
        assert (log[0][1] < 0).all()

    def test_the_same_architectures_for_all_scorers(self):
        logs = SharedList(), SharedList()
        for log in logs:
            run(memo(true_scores(SyntheticBenchmark()), log), seeds=[1, 2])
        for (archs, scores, _), (others, other_scores, _) in zip(*logs, strict=True):
            assert (archs == others).all()
            assert (scores == other_scores).all()
        assert (logs[0][0][0] != logs[0][1][0]).any()

    def test_properties(self):
        class Free(Memo):
            def guess(self, archs):
                return np.array([self.properties(tuple(a))["params"] for a in archs.tolist()])

        scorer = Free()
        scorer.log = SharedList()
        (record,) = run(scorer)
        # The number of parameters of a synthetic architecture is a sum of its choices.
        benchmark = SyntheticBenchmark()
        (expected,) = run(memo({a: 1000.0 + 100 * sum(a) for a in true_scores(benchmark)}))
        assert record.quality == expected.quality
        assert record.digest == expected.digest


class TestDraw:
    field = Field(SyntheticBenchmark())

    def test_more_labels_keep_the_fewer(self):
        few, many = (self.field.draw(0, labels, 50) for labels in (10, 100))
        assert (many.labelled[:10] == few.labelled).all()
        assert (many.tested == few.tested).all()

    @pytest.mark.parametrize("labels", [1, 20, SIZE - 2])
    @pytest.mark.parametrize("candidates", [2, 100, 20_000])
    def test_nothing_is_both_labelled_and_tested(self, labels, candidates):
        tested = self.field.tested(labels, candidates)
        draw = self.field.draw(0, labels, tested)
        assert tested == min(candidates, SIZE - labels)
        both = np.concatenate([draw.labelled, draw.tested])
        assert len(set(both.tolist())) == labels + tested
        assert sorted(draw.shuffle.tolist()) == list(range(tested))

    def test_depends_on_seed_and_benchmark(self):
        other = Field(SyntheticBenchmark(repeats="free"))
        draws = [self.field.draw(0, 5, 9), self.field.draw(1, 5, 9), other.draw(0, 5, 9)]
        assert len({draw.labelled.tobytes() for draw in draws}) == 3
        assert len({draw.shuffle.tobytes() for draw in draws}) == 3

    def test_all_are_drawn_alike(self):
        counts = np.zeros(SIZE)
        for seed in range(2000):
            counts[self.field.draw(seed, 24, 2).labelled] += 1
        expected = 2000 * 24 / SIZE
        # The largest of 243 binomial counts is 4 standard deviations off with probability 0.01.
        assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)

    def test_truth_is_asked_for_once(self, monkeypatch):
        benchmark, asked = SyntheticBenchmark(), []
        report = benchmark.report
        monkeypatch.setattr(
            benchmark, "report", lambda archs: asked.append(len(archs)) or report(archs)
        )
        field = Field(benchmark)
        first = field.truth(np.arange(10))
        assert (field.truth(np.arange(5, 15))[:5] == first[5:]).all()
        field.truth(np.arange(15))
        assert asked == [10, 5]


class Split(SyntheticBenchmark):
    """The first 100 genotypes are learnt from, the next 60 are ordered."""

    def ranking_split(self):
        archs = self.space.integers(self.space.population)
        return archs[:100], archs[100:160]


class TestSplit:
    field = Field(Split())

    def test_parts(self):
        assert self.field.split
        assert self.field.available == 100
        assert self.field.tested(5, 20_000) == self.field.tested(100, 20_000) == 60
        assert self.field.tested(5, 20) == 20
        draw = self.field.draw(0, 30, 60)
        assert set(draw.labelled.tolist()) < set(range(100))
        # Whole parts keep the order that their authors gave them.
        assert draw.tested.tolist() == list(range(100, 160))
        assert self.field.draw(1, 100, 60).labelled.tolist() == list(range(100))
        assert (self.field.draw(0, 40, 60).labelled[:30] == draw.labelled).all()
        some = self.field.draw(0, 30, 20).tested
        assert set(some.tolist()) < set(range(100, 160))
        assert len(set(some.tolist())) == 20

    def test_measured_on_its_test_part(self):
        benchmark = Split()
        truth = true_scores(benchmark)
        (record,) = run(memo(truth), benchmark, labels=100, tested=60)
        assert record.quality.violations == 0
        (reverse,) = run(memo({a: -s for a, s in truth.items()}), benchmark, tested=60)
        assert reverse.quality.violations == 60 * 59 / 2


def test_scores_that_cost_a_training_are_no_truth(monkeypatch):
    benchmark = SyntheticBenchmark()
    monkeypatch.setattr(benchmark, "reports_every_incumbent", False)
    with pytest.raises(HarnessError, match="the true order is not known"):
        Field(benchmark)


class TestFailure:
    def test_is_that_of_its_run(self):
        class Fragile(Memo):
            def guess(self, archs):
                scores = self.rng.random(len(archs))
                if scores[0] < 0.3:
                    raise ValueError("unlucky")
                return np.where(scores[0] < 0.6, np.nan, scores)

        scorer = Fragile()
        scorer.log = SharedList()
        records = run(scorer, seeds=range(30))
        errors = [record.error for record in records]
        raised = ["ValueError: unlucky" in error for error in errors]
        nan = ["returned NaN for 223 of 223" in error for error in errors]
        assert 0 < sum(raised) < 30
        assert 0 < sum(nan) < 30
        for record, failed in zip(records, np.add(raised, nan), strict=True):
            assert (record.quality is None) == (record.digest == "") == failed
            assert np.isnan(record.fit_seconds) == failed
        assert [record.seed for record in records] == list(range(30))

    def test_a_wrong_shape(self):
        class Short(Memo):
            def guess(self, archs):
                return np.zeros(3)

        scorer = Short()
        scorer.log = SharedList()
        assert "shape (3,) for 223 architectures" in run(scorer)[0].error

    def test_too_slow(self):
        class Slow(Memo):
            def guess(self, archs):
                time.sleep(60)

        scorer = Slow()
        scorer.log = SharedList()
        (record,) = run(scorer, time_limit=0.2)
        assert "took longer than its limit of 0.2 s" in record.error

    def test_what_is_printed_goes_to_stderr(self, capfd):
        class Loud(Memo):
            def guess(self, archs):
                print("noise")
                return np.zeros(len(archs))

        scorer = Loud()
        scorer.log = SharedList()
        run(scorer)
        captured = capfd.readouterr()
        assert captured.out == ""
        assert "noise" in captured.err


def test_runs_know_nothing_of_each_other():
    class Counts(Memo):
        def learn(self, archs, scores):
            self.runs = getattr(self, "runs", 0) + 1

        def guess(self, archs):
            return self.runs + self.rng.random(len(archs))

    together = run(Counts(), seeds=range(4))
    for record in together:
        (alone,) = run(Counts(), seeds=[record.seed])
        assert (alone.digest, alone.quality) == (record.digest, record.quality)
    assert len({record.digest for record in together}) == 4
