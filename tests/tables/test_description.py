"""Tables that a user describes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from harness import HarnessError
from harness.tables import TableBenchmark, description
from harness.tables.description import load_described
from harness.tables.open import open_benchmark
from harness.tables.table_space import TableSpace

Rows = list[dict[str, Any]]

SMALLEST = """
table = "scores.csv"
decisions = ["kernel", "width"]
valid = "valid_acc"
test = "test_acc"
metric = "accuracy (%)"
direction = "maximize"
"""


def wide() -> Rows:
    """One row an architecture; kernels are not in the order of their texts."""
    rng = np.random.default_rng(0)
    return [
        {
            "kernel": kernel,
            "width": width,
            "valid_acc": rng.random(),
            "valid_acc_2": rng.random(),
            "test_acc": rng.random(),
            "test_acc_2": rng.random(),
            "train_seconds": rng.random(),
            "n_params": 10 * kernel,
        }
        for kernel, width in itertools.product([3, 5, 11], ["narrow", "wide"])
    ]


def long() -> Rows:
    """One row an architecture, seed and epoch; a test score at the last epoch only."""
    rng = np.random.default_rng(0)
    return [
        {
            "kernel": kernel,
            "width": width,
            "seed": seed,
            "epoch": epoch,
            "valid_acc": rng.random(),
            "test_acc": rng.random() if epoch == 9 else None,
            "train_seconds": epoch * 2.0 + seed,
            "n_params": 10 * kernel,
        }
        for kernel, width in itertools.product([3, 5, 11], ["narrow", "wide"])
        for seed in (7, 8, 9)
        for epoch in (1, 3, 9)
    ]


LONG = (
    SMALLEST
    + """
trial = "seed"
epochs = "epoch"
seconds = "train_seconds"
[properties]
params = "n_params"
"""
)


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, rows: Rows, name: str = "scores.csv") -> Path:
        table = pa.Table.from_pylist(rows)
        (pc.write_csv if name.endswith(".csv") else pq.write_table)(table, tmp_path / name)
        path = tmp_path / "mine.toml"
        path.write_text(text.replace("scores.csv", name))
        return path

    return write


Describe = Callable[..., Path]


def load(path: Path, **settings: str) -> TableBenchmark:
    return load_described(path, settings)


def mean(rows: Rows, column: str, **which: Any) -> float:
    found = [row[column] for row in rows if which.items() <= row.items()]
    return float(np.mean([value for value in found if value is not None]))


def test_smallest_description(describe: Describe) -> None:
    rows = wide()
    benchmark = load(describe(SMALLEST, rows))
    card = benchmark.card()
    assert (card.id, card.space, card.dataset) == ("user/mine", "user/mine", "mine")
    assert (card.searched, card.reported, card.searches_reported) == ("valid", "test", False)
    assert (card.noise, card.units, card.cost) == ("mean", ("queries",), "")
    assert card.searched_trials == card.reported_trials == "training run"
    assert (card.architectures, card.unique) == (6, 6)
    assert card.default_budget == "1 queries"
    assert card.optimum == max(row["test_acc"] for row in rows)
    assert card.worst == min(row["test_acc"] for row in rows)
    assert card.mean_random == pytest.approx(np.mean([row["test_acc"] for row in rows]))
    oracle = benchmark.oracle(0)
    for row in rows:
        arch = benchmark.space.from_str(f"{row['kernel']},{row['width']}")
        assert oracle.measure(arch, None)[0] == row["valid_acc"]
        assert benchmark.report([arch]) == [row["test_acc"]]


def test_choices_of_numbers_are_in_their_order(describe: Describe) -> None:
    space = load(describe(SMALLEST, wide())).space
    assert [d.choices for d in space.decisions] == [("3", "5", "11"), ("narrow", "wide")]


def test_given_order_of_choices(describe: Describe) -> None:
    text = SMALLEST + '[choices]\nwidth = ["wide", "narrow", "tiny"]\nkernel = [11, 5, 3]\n'
    rows = wide()
    benchmark = load(describe(text, rows))
    choices = [decision.choices for decision in benchmark.space.decisions]
    assert choices == [("11", "5", "3"), ("wide", "narrow", "tiny")]
    score, _ = benchmark.oracle(0).measure((0, 1), None)
    assert score == mean(rows, "valid_acc", kernel=11, width="narrow")


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_long_form(describe: Describe, name: str, shuffled: bool) -> None:
    rows = long()
    if shuffled:
        rows = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    path = describe(LONG, rows, name)
    benchmark = load(path)
    card = benchmark.card()
    assert (card.searched, card.reported) == ("valid@9", "test@9")
    assert (card.noise, card.units) == ("sampled", ("queries", "epochs", "seconds"))
    assert card.searched_trials == "one training run of up to 3"
    assert benchmark.fidelities == (1, 3, 9)
    sampled, averaged = benchmark.oracle(3), load(path, noise="mean").oracle(3)
    for arch in benchmark.space.enumerate():
        kernel, width = benchmark.space.to_str(arch).split(",")
        which = {"kernel": int(kernel), "width": width}
        drawn = set()
        for epochs in (1, 3, 9):
            score, seconds = sampled.measure(arch, epochs)
            of_arch = [row for row in rows if {**which, "epoch": epochs}.items() <= row.items()]
            drawn.add(next(row["seed"] for row in of_arch if row["valid_acc"] == score))
            assert seconds == pytest.approx(mean(of_arch, "train_seconds"))
            expected = pytest.approx(mean(of_arch, "valid_acc"))
            assert averaged.measure(arch, epochs)[0] == expected
        assert len(drawn) == 1, "a training run goes on at the next fidelity"
        assert benchmark.report([arch]) == [pytest.approx(mean(rows, "test_acc", **which))]
        assert sampled.properties(arch) == {"params": 10.0 * int(kernel)}


def test_csv_and_parquet_are_the_same_benchmark(describe: Describe) -> None:
    seen = []
    for name in ("scores.csv", "scores.parquet"):
        benchmark = load(describe(LONG, long(), name))
        oracle = benchmark.oracle(5)
        archs = list(benchmark.space.enumerate())
        scores = [oracle.measure(arch, epochs) for arch in archs for epochs in (9, 1, 9)]
        seen.append((scores, benchmark.report(archs), benchmark.card().optimum))
    assert seen[0] == seen[1]


def test_columns_of_training_runs(describe: Describe) -> None:
    rows = wide()
    rows[2]["valid_acc_2"] = None
    text = SMALLEST.replace('"valid_acc"', '["valid_acc", "valid_acc_2"]').replace(
        '"test_acc"', '["test_acc", "test_acc_2"]'
    )
    benchmark = load(describe(text, rows))
    assert benchmark.card().noise == "sampled"
    for row in rows:
        arch = benchmark.space.from_str(f"{row['kernel']},{row['width']}")
        oracle = benchmark.oracle(0)
        seen = {oracle.measure(arch, None)[0] for _ in range(60)}
        assert seen == {row["valid_acc"], row["valid_acc_2"]} - {None}
        expected = (row["test_acc"] + row["test_acc_2"]) / 2
        assert benchmark.report([arch]) == [pytest.approx(expected)]


def test_architectures_with_fewer_training_runs(describe: Describe) -> None:
    rows = [row for row in long() if (row["kernel"], row["seed"]) != (5, 8)]
    benchmark = load(describe(LONG, rows))
    arch = benchmark.space.from_str("5,wide")
    oracle = benchmark.oracle(0)
    seen = {oracle.measure(arch, 9)[0] for _ in range(60)}
    which = {"kernel": 5, "width": "wide"}
    assert seen == {r["valid_acc"] for r in rows if {**which, "epoch": 9}.items() <= r.items()}
    assert oracle.measure(arch, 9)[1] == 18 + 8
    assert benchmark.report([arch]) == [pytest.approx(mean(rows, "test_acc", **which))]


def test_minimize(describe: Describe) -> None:
    rows = wide()
    benchmark = load(describe(SMALLEST.replace("maximize", "minimize"), rows))
    assert benchmark.card().optimum == min(row["test_acc"] for row in rows)
    arch = benchmark.space.from_str("5,wide")
    seen = benchmark.oracle(0).measure(arch, None)[0]
    assert seen == -mean(rows, "valid_acc", kernel=5, width="wide")


def test_everything_else_that_can_be_said(describe: Describe) -> None:
    text = (
        SMALLEST
        + """
id = "mylab/convnets"
dataset = "cifar10"
epochs = 50
mean_of = 3
seconds = "train_seconds"
cost = "training on one V100"
complete = true
budget = "2000s"
citation = "Doe, Convnets, 2025"
licence = "CC-BY-4.0"
"""
    )
    card = load(describe(text, wide())).card()
    assert (card.id, card.space, card.dataset) == ("mylab/convnets", "mylab/convnets", "cifar10")
    assert (card.searched, card.reported, card.noise) == ("valid@50", "test@50", "mean")
    assert card.searched_trials == card.reported_trials == "mean of 3 training runs"
    assert (card.cost, card.default_budget) == ("training on one V100", "2000 seconds")
    assert (card.citation, card.licence) == ("Doe, Convnets, 2025", "CC-BY-4.0")
    assert card.units == ("queries", "epochs", "seconds")


def test_test_scores_only(describe: Describe) -> None:
    text = SMALLEST.replace('valid = "valid_acc"', "searches_reported = true")
    benchmark = load(describe(text, wide()))
    card = benchmark.card()
    assert (card.searched, card.reported, card.searches_reported) == ("test", "test", True)
    arch = benchmark.space.from_str("3,wide")
    assert [benchmark.oracle(0).measure(arch, None)[0]] == benchmark.report([arch])


def test_a_table_with_gaps_is_a_space_of_its_rows(describe: Describe) -> None:
    rows = wide()[:-1]
    benchmark = load(describe(SMALLEST, rows))
    assert isinstance(benchmark.space, TableSpace)
    assert benchmark.card().architectures == 5
    assert not benchmark.space.is_valid((2, 1))
    oracle = benchmark.oracle(0)
    found = [oracle.measure(arch, None)[0] for arch in benchmark.space.enumerate()]
    assert sorted(found) == sorted(row["valid_acc"] for row in rows)


def test_default_budget_is_small_for_small_tables(describe: Describe) -> None:
    rows = [
        {"kernel": i, "width": j, "valid_acc": i + j / 7, "test_acc": i * j / 9}
        for i in range(30)
        for j in range(30)
    ]
    assert load(describe(SMALLEST, rows)).card().default_budget == "200 queries"
    assert load(describe(SMALLEST, rows[:100])).card().default_budget == "25 queries"


def test_checksum_covers_both_files(describe: Describe) -> None:
    rows = wide()
    path = describe(SMALLEST, rows)
    before = load(path).checksum
    assert load(path).checksum == before
    path.write_text(SMALLEST + 'citation = "Doe"\n')
    described = load(path).checksum
    rows[0]["test_acc"] = 0.5
    changed = load(describe(SMALLEST, rows)).checksum
    assert len({before, described, changed}) == 3


def test_a_stale_checksum_file_is_not_believed(describe: Describe) -> None:
    path = describe(SMALLEST, wide())
    before = load(path).checksum
    path.with_name("scores.csv.sha256").write_text("0" * 64)
    assert load(path).checksum == before


def test_settings(describe: Describe) -> None:
    path = describe(LONG, long())
    assert load(path, noise="fixed", trial="1").id == "user/mine:noise=fixed,trial=1"
    assert open_benchmark(f"{path}:noise=mean").id == "user/mine:noise=mean"
    with pytest.raises(HarnessError, match="Did you mean noise"):
        load(path, nose="mean")


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_no_test_score_is_in_memory(
    describe: Describe, name: str, reachable: Callable[[object], set[float]]
) -> None:
    rows = wide()
    benchmark = load(describe(SMALLEST, rows, name))
    oracle = benchmark.oracle(0)
    benchmark.card()
    benchmark.report(list(benchmark.space.enumerate()))
    numbers = reachable([benchmark, oracle])
    assert {row["valid_acc"] for row in rows} <= numbers
    assert not {row["test_acc"] for row in rows} & numbers


def examples() -> list[str]:
    """The TOML blocks of the documentation."""
    text = (description.__doc__ or "") + "\nend"
    blocks = re.findall(r"::\n\n((?: {4}.*\n|\n)+)", text)
    return [re.sub(r"(?m)^ {4}", "", block) for block in blocks]


def test_documented_example(tmp_path: Path) -> None:
    smallest, further = examples()
    rows = [row | {"epoch": row["epoch"] * 2} for row in long()]
    pc.write_csv(pa.Table.from_pylist(rows), tmp_path / "convnets.csv")
    path = tmp_path / "convnets.toml"
    # What excludes each other is left out of the second block.
    extra = [
        line
        for line in further.splitlines()
        if not line.startswith(("mean_of", "searches_reported"))
    ]
    path.write_text(smallest + "\n".join(extra))
    card = load(path).card()
    assert (card.id, card.default_budget) == ("mylab/convnets", "12000 seconds")
    path.write_text(smallest)
    pc.write_csv(pa.Table.from_pylist(wide()), tmp_path / "convnets.csv")
    assert load(path).card().id == "user/convnets"
