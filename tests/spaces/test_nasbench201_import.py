from __future__ import annotations

import bz2
import itertools
import os
import pickle
import sys
from collections import OrderedDict

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, InvalidTable, MissingExtra
from harness.core.registry import load_benchmark
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench201.importer import import_nasbench201
from spaces.nasbench201.space import NasBench201Space

torch = pytest.importorskip("torch")
nas_201_api = pytest.importorskip("nas_201_api")
nats_bench = pytest.importorskip("nats_bench")

SPACE = NasBench201Space()
CELLS = [SPACE.to_str(a) for a in itertools.islice(SPACE.enumerate(), 7, 15000, 3000)]
COUNT = len(CELLS)
SCHEDULES = {"less": 12, "full": 200}
DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
SETS = {"cifar10-valid": ["x-valid", "ori-test"], "cifar10": ["ori-test"]}
# Our columns by the names that the official API gives to splits.
SPLITS = {
    "cifar10-valid": {
        "train": "cifar10_halftrain_train",
        "valid": "cifar10_valid",
        "test": "cifar10_halftrain_test",
    },
    "cifar10": {"train": "cifar10_train", "test": "cifar10_test"},
    **{
        official: {split: f"{ours}_{split}" for split in ("train", "valid", "test")}
        | {"valtest": f"{ours}_oritest"}
        for official, ours in (("cifar100", "cifar100"), ("ImageNet16-120", "imagenet16_120"))
    },
}


def seeds_of(index, dataset, schedule):
    """As in the real files: cells differ in their trials, and few have all."""
    if schedule == 12:
        return [111, 777] if dataset == "cifar10-valid" else [111]
    return [[777, 888, 999], [777, 888], [888], [777, 999]][(index + len(dataset)) % 4]


def trial(api, rng, index, dataset, schedule, seed, *, early):
    """One training run; an early one has no times, and some splits after the last epoch only."""
    epochs = range(schedule)
    accuracies = dict(enumerate(rng.uniform(10, 95, schedule).tolist()))
    losses = dict(enumerate(rng.uniform(0.1, 3, schedule).tolist()))
    config = {"channel": 16, "num_cells": 5, "arch_str": CELLS[index], "class_num": 10}
    result = api.ResultsCount(
        dataset, None, accuracies, losses, 0.073306 + index * 0.028, 7.78 + index, config, seed,
        schedule, None if index % 3 == 2 else [0.01 + index / 1e3, 0.02],
    )  # fmt: skip
    sets = SETS.get(dataset, ["x-valid", "x-test", "ori-test"])
    if early:
        full = "x-valid" if dataset == "cifar10-valid" else "ori-test"
        for name in sets:
            known = epochs if name == full else [schedule - 1]
            scores, more = rng.uniform(1, 95, (2, len(known))).tolist()
            result.update_OLD_eval(
                name, dict(zip(known, scores, strict=True)), dict(zip(known, more, strict=True))
            )
    else:
        keys = [f"{name}@{epoch}" for name in sets for epoch in epochs]
        scores, more, times = rng.uniform(1, 95, (3, len(keys))).tolist()
        result.update_train_info(
            accuracies,
            None,
            losses,
            OrderedDict(enumerate(rng.uniform(5, 9, schedule).tolist())),
        )
        result.update_eval(*(dict(zip(keys, v, strict=True)) for v in (scores, more, times)))
    return result


def states(api, index, names, *, early=False, scalar=float):
    rng = np.random.default_rng(index)
    found = {}
    for name in names:
        schedule = SCHEDULES.get(name) or int(name)
        record = api.ArchResults(index, CELLS[index])
        for dataset in DATASETS:
            for seed in seeds_of(index, dataset, schedule):
                old = early and schedule == 200
                result = trial(api, rng, index, dataset, schedule, seed, early=old)
                result.flop = scalar(result.flop)
                record.update(dataset, seed, result)
        found[name] = record.state_dict()
    return found


def pth_content(cells=COUNT, **how):
    return {
        "meta_archs": CELLS[:cells],
        "total_archs": cells,
        "arch2infos": {i: states(nas_201_api, i, SCHEDULES, **how) for i in range(cells)},
        "evaluated_indexes": set(range(cells)),
    }


def write_nats(folder, cells=COUNT):
    folder.mkdir()
    meta = {"meta_archs": CELLS[:cells], "evaluated_indexes": set(range(cells))}
    nats_bench.pickle_save(meta, folder / "meta.pickle")
    for index in range(cells):
        found = states(nats_bench.api_utils, index, ["12", "200"])
        nats_bench.pickle_save(found, folder / f"{index:06d}.pickle")
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official")
    content = pth_content(scalar=np.float64)
    torch.save(content, folder / "zip.pth")
    torch.save(content, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    early = pth_content(early=True)
    torch.save(early, folder / "early.pth", _use_new_zipfile_serialization=False)
    (folder / "archive").mkdir()
    for index in range(COUNT):
        one = OrderedDict(states(nas_201_api, index, SCHEDULES))
        one["full"]["all_results"]["cifar10", seeds_of(index, "cifar10", 200)[0]][
            "net_state_dict"
        ] = {"weight": torch.ones(3, 3), "bias": torch.nn.Parameter(torch.zeros(2))}
        torch.save(one, folder / "archive" / f"{index:06d}-FULL.pth")
    write_nats(folder / "NATS")
    return folder


def official_api(path):
    if path.name == "NATS":
        return nats_bench.create(str(path), "tss", fast_mode=True, verbose=False)
    if path.name == "archive":
        api = nas_201_api.NASBench201API(pth_content(), verbose=False)
        load, torch.load = torch.load, lambda *a, **k: load(*a, **k | {"weights_only": False})
        try:
            api.reload(str(path))
        finally:
            torch.load = load
        return api
    content = torch.load(path, weights_only=False)
    return nas_201_api.NASBench201API(content, verbose=False)


class Table:
    """A written table that remembers which columns were asked for."""

    def __init__(self, path):
        table = pq.read_table(path)
        self.columns = {c: table[c].to_pylist() for c in table.column_names}
        self.asked = {"index", "arch"}

    def __call__(self, column, row):
        found = [c for c in (column, f"{column}_partial") if c in self.columns]
        self.asked.update(found)
        return self.columns[found[0]][row] if found else None


def official_curve(result, split, metric):
    """What a training run has of each epoch, straight from the record."""
    if split == "train":
        values = result.train_acc1es if metric == "accuracy" else result.train_losses
        return [values[epoch] for epoch in range(result.epochs)]
    name = {"valid": "x-valid", "valtest": "ori-test"}.get(split) or (
        "ori-test" if result.name in SETS else "x-test"
    )
    values = result.eval_acc1es if metric == "accuracy" else result.eval_losses
    return [values.get(f"{name}@{epoch}") for epoch in range(result.epochs)]


@pytest.mark.parametrize("name", ["zip.pth", "legacy.pth", "early.pth", "archive", "NATS"])
def test_every_number_is_that_of_the_official_api(files, tmp_path, name):
    summary = import_nasbench201(files / name, tmp_path / "nasbench201.parquet")
    table = Table(summary.path)
    assert table.columns["arch"] == CELLS
    assert table.columns["index"] == list(range(COUNT))
    api = official_api(files / name)
    for index, dataset, schedule in itertools.product(range(COUNT), DATASETS, SCHEDULES.values()):
        hp, seeds = str(schedule), seeds_of(index, dataset, schedule)
        mean = api.get_more_info(index, dataset, hp=hp, is_random=False)
        last = {s: api.get_more_info(index, dataset, hp=hp, is_random=s) for s in seeds}
        result = api.query_meta_info_by_index(index, hp).query(dataset)
        for split, metric in itertools.product(SPLITS[dataset], ("accuracy", "loss")):
            loss = "_loss" if metric == "loss" else ""
            column, key = f"{SPLITS[dataset][split]}{loss}_{hp}ep", f"{split}-{metric}"
            assert table(column, index) == pytest.approx(mean[key], rel=1e-14)
            for seed in (111, 777, 888, 999):
                expected = last[seed][key] if seed in seeds else None
                assert table(f"{column}_seed{seed}", index) == expected
                expected = official_curve(result[seed], split, metric) if seed in seeds else []
                # A column of curves is left out where no cell has more than the last epoch.
                if any(score is not None for score in expected[:-1]):
                    assert table(f"{column}_seed{seed}_curve", index) == expected
        check_costs(table, api, index, dataset, early=name == "early.pth")
    assert table.columns.keys() == table.asked


def check_costs(table, api, index, dataset, *, early):
    training = SPLITS[dataset]["train"].removesuffix("_train").replace("halftrain", "half")
    short = api.get_more_info(index, dataset, hp="12", is_random=False)
    seconds = table(f"train_s_per_epoch_{training}", index)
    assert seconds == pytest.approx(short["train-per-time"], rel=1e-14)
    for split in SPLITS[dataset].keys() - {"train"}:
        seconds = table(f"eval_s_{SPLITS[dataset][split]}", index)
        assert seconds == pytest.approx(short[f"{split}-per-time"], rel=1e-14)
    # Where some trials have no times the official function fails on its own record.
    costs = api.get_cost_info(index, dataset, hp="12" if early else "200")
    network = training.removesuffix("_half")
    assert table(f"params_{network}", index) == round(costs["params"] * 1e6)
    assert table(f"flops_m_{network}", index) == pytest.approx(costs["flops"], rel=1e-14)
    assert table(f"latency_s_{training}", index) == costs["latency"]


def test_the_summary_counts_trials(files, tmp_path):
    summary = import_nasbench201(files / "NATS", tmp_path / "nasbench201.parquet")
    assert summary.rows == COUNT
    assert summary.trials["cifar10_halftrain@12"] == {2: COUNT}
    lengths = [len(seeds_of(i, "cifar100", 200)) for i in range(COUNT)]
    assert summary.trials["cifar100@200"] == {n: lengths.count(n) for n in set(lengths)}
    assert summary.sha256 == sha256_of(summary.path)
    assert checksum_file(summary.path).read_text() == f"{summary.sha256}  nasbench201.parquet\n"
    assert "cifar100@200" in str(summary)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "nasbench201.parquet",
        "nasbench201.parquet.sha256",
    ]


@pytest.fixture
def imported(files, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    import_nasbench201(files / "legacy.pth", tmp_path / "nasbench201" / "nasbench201.parquet")
    return official_api(files / "legacy.pth")


def test_the_table_is_a_benchmark_with_sampled_trials(imported):
    benchmark = load_benchmark("nasbench201/cifar100:noise=sampled")
    oracle = benchmark.oracle(3)
    for index, cell in enumerate(CELLS):
        known = {
            imported.get_more_info(index, "cifar100", hp="200", is_random=seed)["valid-accuracy"]
            for seed in seeds_of(index, "cifar100", 200)
        }
        arch = SPACE.from_str(cell)
        assert {oracle.measure(arch, 200)[0] for _ in range(40)} == known
        mean = imported.get_more_info(index, "cifar100", hp="200", is_random=False)
        assert benchmark.report([arch]) == pytest.approx([mean["test-accuracy"]])
        properties = oracle.properties(arch)
        assert properties["params"] == 73306 + 28000 * index
        assert properties["flops_m"] == pytest.approx(7.78 + index)


@pytest.mark.parametrize(
    ("ours", "official"),
    [("cifar10", "cifar10-valid"), ("cifar100", "cifar100"), ("imagenet16-120", "ImageNet16-120")],
)
def test_curves_are_levels_with_the_cost_of_the_official_simulation(imported, ours, official):
    benchmark = load_benchmark(f"nasbench201/{ours}:searched=valid@12,noise=mean")
    assert benchmark.fidelities == tuple(range(1, 13))
    oracle = benchmark.oracle(0)
    for index, epochs in itertools.product(range(COUNT), (1, 5, 12)):
        info = imported.get_more_info(index, official, iepoch=epochs - 1, hp="12", is_random=False)
        score, seconds = oracle.measure(SPACE.from_str(CELLS[index]), epochs)
        assert score == pytest.approx(info["valid-accuracy"])
        last = imported.get_more_info(index, official, hp="12", is_random=False)
        expected = epochs * last["train-per-time"] + last["valid-per-time"]
        assert seconds == pytest.approx(expected)


def test_incomplete_curves_are_kept_but_are_no_levels(files, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    import_nasbench201(files / "early.pth", tmp_path / "nasbench201" / "nasbench201.parquet")
    benchmark = load_benchmark("nasbench201/cifar100:searched=valid@200,noise=mean")
    assert benchmark.fidelities == (200,)
    assert load_benchmark("nasbench201/cifar10").fidelities == tuple(range(1, 201))


def test_progress_names_the_number_of_cells(files, tmp_path):
    seen = []
    import_nasbench201(
        files / "legacy.pth", tmp_path / "t.parquet", progress=lambda *step: seen.append(step)
    )
    assert seen == [(i + 1, COUNT) for i in range(COUNT)]


# Damage


def refused(path, target, match, error=InvalidTable, **how):
    with pytest.raises(error, match=match):
        import_nasbench201(path, target, **how)
    assert not target.exists()
    assert not [p for p in target.parent.iterdir() if target.name in p.name]


@pytest.mark.parametrize("name", ["zip.pth", "legacy.pth"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.999])
def test_a_truncated_pth_is_refused(files, tmp_path, name, share):
    data = (files / name).read_bytes()
    (tmp_path / "cut.pth").write_bytes(data[: int(len(data) * share)])
    refused(tmp_path / "cut.pth", tmp_path / "out.parquet", r"cut\.pth.*(truncated|damaged)")


def test_a_truncated_or_lacking_cell_is_refused(tmp_path):
    folder = write_nats(tmp_path / "NATS", cells=3)
    cell = folder / "000001.pickle.pbz2"
    data = cell.read_bytes()
    cell.write_bytes(data[: len(data) // 2])
    refused(folder, tmp_path / "out.parquet", r"000001\.pickle\.pbz2.*truncated")
    cell.write_bytes(b"no bz2 at all")
    refused(folder, tmp_path / "out.parquet", r"000001\.pickle\.pbz2.*damaged")
    cell.unlink()
    refused(folder, tmp_path / "out.parquet", r"lacks 1 of 3 cells.*000001")


def test_a_file_without_some_of_its_cells_is_refused(tmp_path):
    content = pth_content(3)
    del content["arch2infos"][1]
    torch.save(content, tmp_path / "short.pth")
    refused(tmp_path / "short.pth", tmp_path / "out.parquet", "1 of the 3 cells.*first one is 1")


def test_records_that_contradict_the_list_of_cells_are_refused(tmp_path):
    content = pth_content(3)
    content["meta_archs"] = content["meta_archs"][::-1]
    torch.save(content, tmp_path / "mixed.pth")
    refused(tmp_path / "mixed.pth", tmp_path / "out.parquet", "cell 0 is .* in its record")


def test_other_files_are_refused_by_name(tmp_path):
    torch.save({"state_dict": {"w": torch.zeros(2)}}, tmp_path / "model.pth")
    with pytest.warns(UserWarning, match="reading it whole"):
        refused(tmp_path / "model.pth", tmp_path / "out.parquet", "no dictionary 'arch2infos'")
    (tmp_path / "text.pth").write_text("hello")
    refused(tmp_path / "text.pth", tmp_path / "out.parquet", "no form", HarnessError)
    refused(tmp_path / "none.pth", tmp_path / "out.parquet", "no file or folder", HarnessError)


def test_an_older_table_survives_a_failed_import(files, tmp_path):
    target = tmp_path / "t.parquet"
    before = import_nasbench201(files / "legacy.pth", target).sha256
    (tmp_path / "cut.pth").write_bytes((files / "legacy.pth").read_bytes()[:100_000])
    with pytest.raises(InvalidTable):
        import_nasbench201(tmp_path / "cut.pth", target)
    assert sha256_of(target) == before == checksum_file(target).read_text().split()[0]


class Payload:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def with_payload(tmp_path, form):
    """A file in an official form with a command in the record of its second cell."""
    payload = Payload(tmp_path / "ran")
    if form == "NATS":
        folder = write_nats(tmp_path / "NATS", cells=3)
        found = states(nats_bench.api_utils, 1, ["12", "200"]) | {"12": payload}
        with bz2.open(folder / "000001.pickle.pbz2", "wb") as file:
            pickle.dump(found, file)
        return folder
    content = pth_content(3)
    content["arch2infos"][1]["full"]["arch_str"] = payload
    path = tmp_path / "evil.pth"
    torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    return path


@pytest.mark.parametrize("form", ["zip", "legacy", "NATS"])
def test_code_in_a_file_runs_only_when_trusted(tmp_path, form):
    path, out = with_payload(tmp_path, form), tmp_path / "out.parquet"
    refused(path, out, r"(evil|000001).*system.*--trust", HarnessError)
    assert not (tmp_path / "ran").exists()
    refused(path, out, "cell 1", InvalidTable, trust=True)
    assert (tmp_path / "ran").exists()


def test_another_protocol_is_read_whole_and_says_so(files, tmp_path):
    path = tmp_path / "protocol4.pth"
    torch.save(pth_content(3), path, pickle_protocol=4)
    with pytest.warns(UserWarning, match="GB of memory"):
        whole = import_nasbench201(path, tmp_path / "whole.parquet")
    torch.save(pth_content(3), path)
    assert import_nasbench201(path, tmp_path / "parts.parquet").sha256 == whole.sha256


def test_a_missing_package_is_named(files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nats_bench", None)
    refused(files / "NATS", tmp_path / "t.parquet", r"pip install 'nas-harness\[", MissingExtra)
