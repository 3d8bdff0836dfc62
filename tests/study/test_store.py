from __future__ import annotations

import errno
import json
import os
import pickle

import numpy as np
import pytest

from harness import Budget, HarnessError
from harness.core.errors import InvalidStudy
from harness.core.registry import load_method
from harness.study.plan import Pair, Study, make_plan
from harness.study.run import run_seeds
from harness.study.store import Store
from harness.testing import SyntheticBenchmark
from harness.testing.lab import difference

BUDGET = Budget(10, "queries")
PAIR = Pair("b", "m", BUDGET, {"benchmark": "space/data:noise=mean", "method": "mine:M"}, "abc")


def run(*seeds):
    method = load_method("random-search").method
    return run_seeds(method, SyntheticBenchmark(), BUDGET, seeds)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "out")


def shards(store):
    return sorted(path for path in store.folder.rglob("*") if path.suffix == ".parquet")


def everything(store):
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


@pytest.fixture
def plan_of():
    def make(methods):
        return make_plan(
            Study().changed(
                benchmarks=["nasbench-graph/proteins"], methods=methods, seeds="3", budget="5"
            )
        )

    return make


class TestWrite:
    def test_reads_back_to_the_last_bit(self, store):
        records = run(0, 1, 5)
        store.write(PAIR, records)
        traces = store.traces(PAIR)
        assert sorted(traces) == [0, 1, 5]
        for record in records:
            for name, array in vars(record.trace).items():
                stored = getattr(traces[record.seed], name)
                assert stored.dtype == array.dtype
                assert stored.shape == array.shape
                assert stored.tobytes() == array.tobytes()

    def test_what_a_method_counts(self, store, plan_of, tmp_path):
        file = tmp_path / "counting.py"
        file.write_text(
            "from harness import Method\nclass Counting(Method):\n"
            "    def search(self, problem):\n"
            "        problem.count('odd things', 2)\n"
            "        problem.count('odd things')\n"
            "        problem.evaluate(problem.space.sample(problem.rng))\n"
        )
        plan = plan_of(["random-search", str(file)])
        store.write_study(plan, [benchmark.card() for benchmark in plan.benchmarks])
        for pair, method in zip(plan.pairs.values(), plan.methods, strict=True):
            store.write(pair, run_seeds(method.method, plan.benchmarks[0], BUDGET, [0, 1]))
        runs = {method: found.counts for (_, method), found in store.read().pairs.items()}
        assert runs == {
            "random-search": ({}, {}),
            "counting:Counting": ({"odd things": 3}, {"odd things": 3}),
        }

    def test_shards_add_up(self, store):
        store.write(PAIR, run(0, 1))
        store.write(PAIR, run(2))
        assert store.seeds(PAIR) == {0, 1, 2}
        assert len(shards(store)) == 2

    def test_the_same_again_is_one_shard(self, store):
        store.write(PAIR, run(0, 1))
        store.write(PAIR, run(0, 1))
        assert len(shards(store)) == 1

    def test_pairs_do_not_mix(self, store):
        store.write(PAIR, run(0))
        assert store.seeds(Pair("b", "m", BUDGET, PAIR.identity, "other")) == set()

    def test_failed_runs_are_runs(self, store, tmp_path):
        (tmp_path / "m.py").write_text(
            "from harness import Method\nclass M(Method):\n    def search(self, p): 1 / 0\n"
        )
        method = load_method(str(tmp_path / "m.py")).method
        store.write(PAIR, run_seeds(method, SyntheticBenchmark(), BUDGET, [3]))
        assert store.seeds(PAIR) == {3}
        assert len(store.traces(PAIR)[3].scores) == 0

    def test_nothing_temporary_remains(self, store):
        store.write(PAIR, run(0))
        assert len(everything(store)) == 1

    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES, errno.EIO])
    def test_a_full_disk(self, store, monkeypatch, error):
        store.write(PAIR, run(0))

        def fail(table, path, **options):
            path.write_bytes(b"half")
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr("pyarrow.parquet.write_table", fail)
        with pytest.raises(HarnessError, match=r"cannot store results.*the same command continues"):
            store.write(PAIR, run(1))
        assert store.seeds(PAIR) == {0}
        assert len(everything(store)) == 1

    def test_ctrl_c_while_writing(self, store, monkeypatch):
        def stop(source, target):
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            store.write(PAIR, run(1))
        assert everything(store) == []

    def test_parent_that_is_a_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(HarnessError, match="is a file"):
            Store(tmp_path / "file")
        with pytest.raises(HarnessError, match="cannot store results"):
            Store(tmp_path / "file" / "below").write(PAIR, run(0))

    def test_makes_nothing_until_it_writes(self, store):
        assert store.seeds(PAIR) == set()
        assert store.traces(PAIR) == {}
        assert not store.folder.exists()


class TestDamage:
    def damage(self, path, how):
        whole = path.read_bytes()
        if how == "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        elif how == "empty":
            path.write_bytes(b"")
        else:
            path.write_text("no parquet")

    @pytest.mark.parametrize("how", ["truncated", "empty", "text"])
    def test_is_set_aside_and_told(self, store, how):
        store.write(PAIR, run(0, 1))
        path = store.write(PAIR, run(2))
        self.damage(path, how)
        assert store.seeds(PAIR) == {0, 1}
        assert [aside.name for aside in store.damaged] == [path.with_suffix(".damaged").name]
        assert store.damaged[0].is_file()
        assert store.seeds(PAIR) == {0, 1}
        assert len(store.damaged) == 1

    def test_runs_are_run_again(self, store):
        path = store.write(PAIR, run(2))
        self.damage(path, "truncated")
        assert store.seeds(PAIR) == set()
        store.write(PAIR, run(2))
        assert store.seeds(PAIR) == {2}

    def test_inside_a_file_never_changes_what_is_read(self, store):
        path = store.write(PAIR, run(*range(20)))
        sound, whole = pickle.dumps(store.traces(PAIR)), path.read_bytes()
        data = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
        for place in range(4, data, data // 50):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
            found = store.traces(PAIR)
            assert found == {} if not path.exists() else pickle.dumps(found) == sound
        assert len(store.damaged) > 25

    @pytest.mark.parametrize("name", [".000001-000001-ab.parquet.123", "notes.txt", "x.parquet"])
    def test_foreign_files_are_left_alone(self, store, name):
        store.write(PAIR, run(0))
        foreign = store.pair_folder(PAIR) / name
        foreign.write_text("something")
        assert store.seeds(PAIR) == {0}
        assert foreign.read_text() == "something"
        assert not store.damaged


class TestStudy:
    @pytest.fixture
    def plan(self, plan_of):
        return plan_of(["random-search", "local-search"])

    def write(self, store, plan):
        store.write_study(plan, [benchmark.card() for benchmark in plan.benchmarks])
        for key, pair in plan.pairs.items():
            method = next(m.method for m in plan.methods if m.identity == key[1])
            store.write(pair, run_seeds(method, plan.benchmarks[0], pair.budget, [0, 1, 2]))

    def test_reads_back(self, store, plan):
        self.write(store, plan)
        results = store.read()
        assert results.methods == ("random-search", "local-search")
        assert results.seeds == (0, 1, 2)
        assert results.control == "random-search"
        assert results.budgets == {"nasbench-graph/proteins": "5 queries"}
        assert results.cards == (plan.benchmarks[0].card(),)
        assert list(results.pairs) == list(plan.pairs)
        for runs in results.pairs.values():
            assert runs.seeds.tolist() == [0, 1, 2]
            assert not runs.failed.any()
            for curve, final in zip(runs.curves, runs.reported, strict=True):
                assert curve.reported[-1] == final
                assert (np.diff(curve.queries) > 0).all()

    def test_shows_the_seeds_that_were_asked_for(self, store, plan):
        self.write(store, plan)
        pair = plan.pairs["nasbench-graph/proteins", "random-search"]
        store.write(pair, run_seeds(plan.methods[0].method, plan.benchmarks[0], pair.budget, [7]))
        assert all(runs.seeds.tolist() == [0, 1, 2] for runs in store.read().pairs.values())

    def test_provenance_is_in_every_shard(self, store, plan):
        import pyarrow.parquet as pq

        self.write(store, plan)
        for path in shards(store):
            told = json.loads(pq.read_schema(path).metadata[b"nas_harness"])
            assert told["schema"] == 1
            assert told["identity"]["data"] == plan.benchmarks[0].checksum
            assert told["provenance"]["versions"]["numpy"] == np.__version__

    @pytest.mark.parametrize(
        ("text", "words"),
        [("{", "cannot be read"), ('{"schema": 99}', "has schema 99"), ("{}", "has schema None")],
    )
    def test_refuses_another_study_file(self, store, text, words):
        store.folder.mkdir()
        (store.folder / "study.json").write_text(text)
        with pytest.raises(InvalidStudy, match=words):
            store.read()

    def test_folder_without_a_study(self, store):
        with pytest.raises(InvalidStudy, match="has no results"):
            store.read()


def test_stored_runs_equal_new_ones(store):
    store.write(PAIR, run(0, 1))
    traces = Store(store.folder).traces(PAIR)
    for record in run(0, 1):
        stored = type(record)(**{**vars(record), "trace": traces[record.seed]})
        assert difference(record, stored) == ""
