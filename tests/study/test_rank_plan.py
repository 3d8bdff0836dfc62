from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from harness import HarnessError
from harness.core.errors import InvalidStudy, UnknownName
from harness.study.execute import execute, missing_seeds
from harness.study.rank_plan import RankStudy, load_rank_study, make_rank_plan
from harness.study.rank_quality import worst
from harness.study.rank_store import RankStore
from harness.study.shards import kind_of
from harness.study.store import Store

PROTEINS = "nasbench-graph/proteins"
SIZE = 5616
TOYS = '''
import numpy as np
from harness import Predictor

class Mean(Predictor):
    """Architectures with larger choices are better."""

    step: float = 1.0

    def learn(self, archs, scores):
        self._best = archs[scores.argmax()]

    def guess(self, archs):
        return self.step * (archs == self._best).sum(axis=1)

class Sometimes(Mean):
    """Fails under some seeds."""

    def learn(self, archs, scores):
        super().learn(archs, scores)
        if self.rng.random() < 0.5:
            raise ValueError("unlucky")

class Picture(Mean):
    """Needs what no space has."""

    def needs(self):
        return frozenset({"picture"})

class Dies(Mean):
    """Ends its process."""

    def learn(self, archs, scores):
        import os
        os._exit(7)
'''


@pytest.fixture
def toys(tmp_path):
    file = tmp_path / "toys.py"
    file.write_text(TOYS)
    return file


@pytest.fixture
def study(toys):
    def make(*names, **options):
        base = RankStudy().changed(
            benchmarks=[PROTEINS], scorers=[f"{toys}:Mean"], labels="5", seeds="4", jobs=1
        )
        if names:
            options["scorers"] = [f"{toys}:{name}" for name in names]
        return base.changed(**options)

    return make


def run(folder, study):
    plan, store = make_rank_plan(study), RankStore(folder)
    store.write_study(plan, [benchmark.card() for benchmark in plan.benchmarks])
    done = []
    execute(plan, store, missing_seeds(plan, store), lambda name, steps: done.append((name, steps)))
    assert not missing_seeds(plan, store)
    return store, done


class TestOptions:
    @pytest.mark.parametrize("labels", ["50,100", [50, 100], ["100", "50"], (100, 50)])
    def test_labels(self, labels):
        assert RankStudy().changed(labels=labels).labels == (50, 100)

    def test_one_number_of_labels(self):
        assert RankStudy().changed(labels=7).labels == (7,)

    @pytest.mark.parametrize("labels", ["", "0", "-1", "a", "5,5", "1.5", [], [0], ["x"], [[1]]])
    def test_wrong_labels(self, labels):
        with pytest.raises(InvalidStudy, match="labels cannot be"):
            RankStudy().changed(labels=labels)

    @pytest.mark.parametrize("candidates", [1, 0, -5, "9", 2.5])
    def test_wrong_candidates(self, candidates):
        with pytest.raises(InvalidStudy, match="candidates cannot be"):
            RankStudy().changed(candidates=candidates)

    def test_wrong_measure(self):
        with pytest.raises(UnknownName, match=r"'kendal'. Did you mean kendall"):
            RankStudy().changed(measure="kendal")

    def test_study_file(self, toys, tmp_path):
        (tmp_path / "mine.toml").write_text(
            f'benchmarks = ["{PROTEINS}"]\nscorers = ["toys.py:Mean", "ridge"]\nlabels = [5, 9]\n'
            'seeds = 3\ncandidates = 100\nmeasure = "spearman"\ncontrol = "ridge"\n'
        )
        found = load_rank_study(tmp_path / "mine.toml")
        assert found.name == "mine"
        assert found.scorers == (f"{tmp_path}/toys.py:Mean", "ridge")
        assert (found.labels, found.candidates, found.measure) == ((5, 9), 100, "spearman")

    def test_methods_are_no_scorers(self, tmp_path):
        (tmp_path / "mine.toml").write_text('methods = ["random-search"]\n')
        with pytest.raises(UnknownName, match=r"key of .*mine.toml 'methods'"):
            load_rank_study(tmp_path / "mine.toml")

    def test_the_default_study_needs_no_extra(self):
        plan = make_rank_plan(RankStudy())
        assert not any(scorer.scorer.extra for scorer in plan.scorers)
        assert plan.control == "linear"
        assert len(plan.pairs) == 2 * 2 * 5
        assert plan.study.folder.name == "rank-default"


class TestRefused:
    def test_more_labels_than_architectures(self, study):
        with pytest.raises(InvalidStudy, match=r"has 5,614 architectures to label .* not 5,615"):
            make_rank_plan(study(labels="5,5615"))
        assert make_rank_plan(study(labels="5614")).cells[0].tested == 2

    def test_a_lacking_encoding(self, study):
        with pytest.raises(
            HarnessError,
            match=r"toys:Picture needs the encoding picture, which .* These work there: .*ridge",
        ):
            make_rank_plan(study("Picture"))

    def test_twice(self, study):
        with pytest.raises(InvalidStudy, match="scorer toys:Mean stands twice"):
            make_rank_plan(study("Mean", "Mean"))
        with pytest.raises(InvalidStudy, match=f"benchmark {PROTEINS} stands twice"):
            make_rank_plan(study(benchmarks=[PROTEINS, PROTEINS]))

    @pytest.mark.parametrize(
        ("option", "words"),
        [
            ({"scorers": ["rigde"]}, "no scorer 'rigde'. Did you mean ridge"),
            ({"control": "knn"}, "no control among the scorers of this study 'knn'"),
            ({"backend": "slurm"}, "no backend 'slurm'"),
        ],
    )
    def test_unknown_names(self, study, option, words):
        with pytest.raises(UnknownName, match=words):
            make_rank_plan(study(**option))


class TestIdentity:
    def keys(self, study):
        return {key: pair.key for key, pair in make_rank_plan(study).pairs.items()}

    def test_is_what_the_runs_depend_on(self, study):
        ((_, key),) = self.keys(study()).items()
        same = [
            study(seeds="9"),
            study(measure="regret"),
            study(jobs=2),
            study(candidates=SIZE - 5),
            study("Mean", "Sometimes"),
            study(labels="3,5"),
        ]
        assert all(key in self.keys(other).values() for other in same)
        others = [
            study(labels="6"),
            study(candidates=100),
            study("Mean:step=2"),
            study("Sometimes"),
            study(benchmarks=[f"{PROTEINS}:repeats=free"]),
        ]
        assert not any(key in self.keys(other).values() for other in others)

    def test_an_edited_file_is_another_scorer(self, study, toys):
        before = self.keys(study())
        toys.write_text(TOYS + "\n# edited\n")
        assert before.keys() == self.keys(study()).keys()
        assert set(before.values()).isdisjoint(self.keys(study()).values())


class TestStore:
    def test_what_is_read_is_what_was_run(self, study, tmp_path):
        store, done = run(tmp_path / "out", study(labels="5,30", candidates=50))
        assert sum(steps for _, steps in done) == 8
        assert {name for name, _ in done} == {PROTEINS}
        results = store.read()
        for (benchmark, labels, scorer), runs in results.runs.items():
            pair = make_rank_plan(study(labels="5,30", candidates=50)).pairs[
                benchmark, labels, scorer
            ]
            records = pair.run([0, 1, 2, 3], None, tmp_path)
            assert runs.digests == tuple(record.digest for record in records)
            for name in ("kendall", "spearman", "violations", "mae", "regret_1", "top_share"):
                assert getattr(runs, name).tolist() == [getattr(r.quality, name) for r in records]
            assert (runs.fit_seconds >= 0).all()
            assert not runs.failed.any()
        assert [cell.labels for cell in results.cells] == [5, 30]
        assert {cell.tested for cell in results.cells} == {50}
        assert kind_of(tmp_path / "out") == "rank"

    def test_failed_runs_are_the_worst(self, study, tmp_path):
        store, _ = run(tmp_path / "out", study("Sometimes", seeds="20"))
        ((runs,),) = [store.read().runs.values()]
        card = store.read().cards[0]
        bad = dataclasses.asdict(worst(SIZE - 5, card.optimum - card.worst))
        assert 0 < runs.failed.sum() < 20
        for name, value in bad.items():
            stored = getattr(runs, name)
            if math.isnan(value):
                assert (np.isnan(stored) == runs.failed).all()
            else:
                assert (stored[runs.failed] == value).all()
                assert (stored[~runs.failed] != value).all() or name == "top_share"
        assert set(runs.errors) == set(runs.seeds[runs.failed].tolist())
        assert all("ValueError: unlucky" in error for error in runs.errors.values())

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_any_number_of_workers(self, study, tmp_path, jobs):
        found = run(tmp_path / "out", study("Mean", "Sometimes", labels="5,9", jobs=jobs))[0].read()
        again = run(tmp_path / "one", study("Sometimes", "Mean", labels="9,5", seeds="2,0,3,1"))
        for key, runs in again[0].read().runs.items():
            assert found.runs[key].digests == runs.digests
            assert found.runs[key].kendall.tobytes() == runs.kendall.tobytes()

    def test_a_scorer_that_ends_its_process(self, study, tmp_path):
        store, _ = run(tmp_path / "out", study("Mean", "Dies", seeds="2", jobs=2))
        runs = store.read().runs
        assert not runs[PROTEINS, 5, "toys:Mean"].failed.any()
        assert runs[PROTEINS, 5, "toys:Dies"].failed.all()
        for error in runs[PROTEINS, 5, "toys:Dies"].errors.values():
            assert "WorkerDied: the process that ran the scorer ended with exit code 7" in error

    def test_kinds_of_studies_do_not_mix(self, study, tmp_path):
        store, _ = run(tmp_path / "out", study(seeds="1"))
        with pytest.raises(InvalidStudy, match="holds a study of harness rank"):
            Store(tmp_path / "out").read()
        with pytest.raises(InvalidStudy, match="Name another folder: --out"):
            Store(tmp_path / "out").write_content({})
        assert store.read().scorers == ("toys:Mean",)

    def test_edited_while_the_study_runs(self, study, toys, tmp_path):
        plan = make_rank_plan(study())
        toys.write_text(TOYS + "\n# edited\n")
        store = RankStore(tmp_path / "out")
        with pytest.raises(HarnessError, match="was changed while the study ran"):
            execute(plan, store, missing_seeds(plan, store), lambda *_: None)
