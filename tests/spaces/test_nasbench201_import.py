from __future__ import annotations

import bz2
import itertools
import math
import os
import pickle
import tracemalloc
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
CELLS = [SPACE.to_str(a) for a in itertools.islice(SPACE.enumerate(), 7, 8000, 800)]
SCHEDULES = {"less": 12, "full": 200}
DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
SETS = {"cifar10-valid": ["x-valid", "ori-test"], "cifar10": ["ori-test"]}
OUR_NAMES = {
    ("cifar10-valid", "train"): "cifar10_halftrain_train",
    ("cifar10-valid", "valid"): "cifar10_valid",
    ("cifar10-valid", "test"): "cifar10_halftrain_test",
    ("cifar10", "train"): "cifar10_train",
    ("cifar10", "test"): "cifar10_test",
    **{
        (dataset, split): f"{ours}_{our_split}"
        for dataset, ours in (("cifar100", "cifar100"), ("ImageNet16-120", "imagenet16_120"))
        for split, our_split in zip(
            ("train", "valid", "test", "valtest"), ("train", "valid", "test", "oritest"), strict=True
        )
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
    accuracies = {e: float(np.sort(rng.uniform(10, 95, schedule))[e]) for e in epochs}
    losses = {e: float(rng.uniform(0.1, 3)) for e in epochs}
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
            scores = {e: float(rng.uniform(10, 95)) for e in known}
            result.update_OLD_eval(name, scores, {e: float(rng.uniform(0.1, 3)) for e in known})
    else:
        keys = [f"{name}@{epoch}" for name in sets for epoch in epochs]
        result.update_train_info(
            accuracies,
            None,
            losses,
            OrderedDict((e, float(rng.uniform(5, 9))) for e in epochs),
        )
        result.update_eval(*({k: float(rng.uniform(1, 95)) for k in keys} for _ in range(3)))
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


def pth_content(cells=len(CELLS), **how):
    return {
        "meta_archs": CELLS[:cells],
        "total_archs": cells,
        "arch2infos": {i: states(nas_201_api, i, SCHEDULES, **how) for i in range(cells)},
        "evaluated_indexes": set(range(cells)),
    }


def write_nats(folder, cells=len(CELLS)):
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
    for index in range(len(CELLS)):
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


def check(column, row, expected):
    assert column[row] == expected or (math.isnan(column[row]) and expected is None)


@pytest.mark.parametrize("name", ["zip.pth", "legacy.pth", "early.pth", "archive", "NATS"])
def test_every_number_is_that_of_the_official_api(files, tmp_path, name):
    target = tmp_path / "nasbench201.parquet"
    summary = import_nasbench201(files / name, target)
    assert summary.rows == len(CELLS)
    table = pq.read_table(target)
    assert table["arch"].to_pylist() == CELLS
    assert table["index"].to_pylist() == list(range(len(CELLS)))
    columns = {c: table[c].to_pylist() for c in table.column_names}
    api = official_api(files / name)
    compared = set()

    def value(column, row, epoch=None):
        for shown in (column, f"{column}_partial"):
            if shown in columns:
                compared.add(shown)
                found = columns[shown][row]
                return found if epoch is None or found is None else found[epoch]
        return None

    for index, dataset, schedule in itertools.product(
        range(len(CELLS)), DATASETS, SCHEDULES.values()
    ):
        seeds = seeds_of(index, dataset, schedule)
        mean = api.get_more_info(index, dataset, hp=str(schedule), is_random=False)
        for (of, split), stem in OUR_NAMES.items():
            if of != dataset:
                continue
            for metric, part in (("accuracy", ""), ("loss", "_loss")):
                key, column = f"{split}-{metric}", f"{stem}{part}_{schedule}ep"
                assert value(column, index) == pytest.approx(mean[key], rel=1e-14)
                assert [s for s in (111, 777, 888, 999) if value(f"{column}_seed{s}", index)] == seeds
                for seed in seeds:
                    last = api.get_more_info(index, dataset, hp=str(schedule), is_random=seed)
                    assert value(f"{column}_seed{seed}", index) == last[key]
                    result = api.query_meta_info_by_index(index, str(schedule)).query(dataset, seed)
                    known = (
                        (result.train_acc1es if metric == "accuracy" else result.train_losses)
                        if split == "train"
                        else (result.eval_acc1es if metric == "accuracy" else result.eval_losses)
                    )
                    official = {"valid": "x-valid", "valtest": "ori-test"}.get(split) or (
                        "ori-test" if dataset.startswith("cifar10") and dataset != "cifar100"
                        else "x-test"
                    )  # fmt: skip
                    expected = [
                        known.get(e if split == "train" else f"{official}@{e}")
                        for e in range(schedule)
                    ]
                    curve = [value(f"{column}_seed{seed}_curve", index, e) for e in range(schedule)]
                    if any(e is not None for e in expected[:-1]):
                        assert curve == expected
                    else:
                        assert curve[:-1] == [None] * (schedule - 1)
        costs = api.get_cost_info(index, dataset, hp="200") if name != "early.pth" else {}
        ours = OUR_NAMES[dataset, "train"].removesuffix("_train").replace("halftrain", "half")
        if costs:
            network = ours.removesuffix("_half")
            assert value(f"params_{network}", index) == round(costs["params"] * 1e6)
            assert value(f"flops_m_{network}", index) == pytest.approx(costs["flops"], rel=1e-14)
            assert value(f"latency_s_{ours}", index) == costs["latency"]
        short = api.get_more_info(index, dataset, hp="12", is_random=False)
        assert value(f"train_s_per_epoch_{ours}", index) == pytest.approx(short["train-per-time"])
        for split in ("valid", "test", "valtest"):
            if f"{split}-per-time" in short:
                seconds = value(f"eval_s_{OUR_NAMES[dataset, split]}", index)
                assert seconds == pytest.approx(short[f"{split}-per-time"])
    costs = {c for c in columns if c.startswith(("params", "flops", "latency"))}
    left = columns.keys() - compared - {"index", "arch"} - (costs if name == "early.pth" else set())
    assert not left
