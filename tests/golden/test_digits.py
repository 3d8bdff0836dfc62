"""The embedded table ``nasbench201/digits``, and what its datasheet claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.core.registry import load_benchmark
from harness.live.tabulate import read_stamp
from harness.live.tasks import digits
from harness.tables import FileSource, TableBenchmark
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench201.datasheet import SHEET, figures, sheet
from spaces.nasbench201.digits import DIGITS_TABLE, digits_setup
from spaces.nasbench201.skeleton import costs

CELL = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|"


@pytest.fixture(scope="module")
def table() -> TableBenchmark:
    benchmark = load_benchmark("nasbench201/digits")
    assert isinstance(benchmark, TableBenchmark)
    return benchmark


def test_made_with_the_recipe_and_the_data_of_this_code() -> None:
    stamp = read_stamp(DIGITS_TABLE)
    assert (stamp["recipe"], stamp["data"]) == (digits_setup().hash, digits().hash)
    assert stamp["trials"] == 8
    assert checksum_file(DIGITS_TABLE).read_text().split()[0] == sha256_of(DIGITS_TABLE)


def test_small_enough_for_a_repository() -> None:
    assert DIGITS_TABLE.stat().st_size < 3_000_000


def test_every_cell_has_a_row_and_equal_cells_share_it(table: TableBenchmark) -> None:
    rows = table.genotype_rows()
    assert len(rows) == 15_625
    assert len(np.unique(rows)) == 6_466
    functions: dict[str, int] = {}
    for arch, row in zip(table.space.enumerate(), rows, strict=True):
        assert functions.setdefault(str(table.space.canonical(arch)), row) == row


def test_all_trials_and_epochs_are_there(table: TableBenchmark) -> None:
    assert table.fidelities == tuple(range(1, 9))
    trials = table.searched_trials()
    assert trials.shape == (15_625, 8)
    assert ((trials >= 0) & (trials <= 100)).all()
    # Accuracies are counts of images.
    images = {"valid": len(digits().valid.labels), "test": len(digits().test.labels)}
    for split, count in images.items():
        read = FileSource(DIGITS_TABLE).read([f"digits_{split}_8ep_seed{t}" for t in range(8)])
        right = np.stack(list(read.values())).astype(np.float64) * count / 100
        np.testing.assert_allclose(right, np.round(right), atol=1e-3)


def test_costs_follow_the_formula(table: TableBenchmark) -> None:
    source = FileSource(DIGITS_TABLE)
    read = source.read(["arch", "params_digits", "flops_m_digits", "train_s_per_epoch_digits"])
    for row in range(0, 6_466, 500):
        arch = table.space.from_str(read["arch"][row])
        cost = costs(arch, digits_setup().skeleton)
        assert read["params_digits"][row] == cost.parameters
        assert read["flops_m_digits"][row] == pytest.approx(cost.flops / 1e6, rel=1e-6)
    assert (read["train_s_per_epoch_digits"] > 0).all()


def test_it_tells_cells_apart() -> None:
    found = figures()
    assert found["quantiles"][-1] >= 96
    assert found["interquartile range"] >= 2
    assert found["single trials"][0] >= 0.85
    assert found["better half by all trials"] >= 0.5
    assert found["better half by one side"] >= 0.5


def test_datasheet_is_what_the_script_writes(harness_data: Path) -> None:
    assert SHEET.read_text() == sheet()


def test_it_is_searched_with_sampled_noise_and_seconds(table: TableBenchmark) -> None:
    card = table.card()
    assert (card.noise, card.searched, card.reported) == ("sampled", "valid@8", "test@8")
    assert set(card.units) == {"queries", "epochs", "seconds"}
    short, long = (table.oracle(0).measure((3,) * 6, epochs)[1] for epochs in (1, 8))
    assert 0 < short < long


def test_one_cell_is_trained_again(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(["train", "nasbench201/digits", CELL, "--trials", "2"]) == 0
    printed = capfd.readouterr().out
    assert "trial 8:" in printed
    assert "in the table:" in printed
    assert main(["train", "nasbench201/digits", "|conv~0|"]) == 2
    assert "The form is" in capfd.readouterr().err


def test_a_sample_is_verified(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(["data", "verify", "nasbench201/digits", "--sample", "8"]) == 0
    assert "8 architectures, stored and new scores agree" in capfd.readouterr().out
