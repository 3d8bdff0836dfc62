"""A table is made whole, once, and the same however often its making is interrupted."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.core.errors import HarnessError, InvalidTable

pytest.importorskip("torch")

from harness.live import tabulate as module
from harness.live.tabulate import find_tabulation, read_stamp, tabulate
from harness.live.verification import Retrained, retrain, same_distribution_p
from harness.tables import FileSource
from harness.tables.source import checksum_file, sha256_of

PROGRAM = Path(__file__).with_name("small_tabulation.py")


def load() -> ModuleType:
    """The program as a module that workers can import as well."""
    spec = importlib.util.spec_from_file_location("small_tabulation", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["small_tabulation"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


program = load()


def make(target: Path, **changes: Any) -> None:
    """Make the small table in this process."""
    tabulate(program.small(**changes), program.TRIALS, target, 1, lambda count: None)


def scores(path: Path) -> dict[str, list[Any]]:
    """The columns of a table but those of seconds."""
    content: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    return {name: values for name, values in content.items() if "_s_" not in name}


def test_rows_hold_what_training_gave(tmp_path: Path) -> None:
    make(tmp_path / "t.parquet")
    table, tabulation = pq.read_table(tmp_path / "t.parquet").to_pydict(), program.small()
    assert table["arch"] == [tabulation.space.to_str(arch) for arch in tabulation.archs]
    for row, arch in enumerate(tabulation.archs):
        for result in program.train(arch, range(program.TRIALS)):
            seed = f"3ep_seed{result.trial}"
            curve = np.float32(100 * result.valid_accuracy)
            np.testing.assert_array_equal(
                np.float32(table[f"small_valid_{seed}_curve"][row]), curve
            )
            assert np.float32(table[f"small_valid_{seed}"][row]) == curve[-1]
            assert np.float32(table[f"small_test_{seed}"][row]) == np.float32(
                100 * result.test_accuracy
            )
            assert table[f"small_failed_{seed}"][row] == result.failed
        assert table["params_small"][row] == sum(arch)
    assert checksum_file(tmp_path / "t.parquet").read_text().split()[0] == sha256_of(
        tmp_path / "t.parquet"
    )
    assert FileSource(tmp_path / "t.parquet").checksum == sha256_of(tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet.parts").exists()
    stamp = read_stamp(tmp_path / "t.parquet")
    assert (stamp["recipe"], stamp["trials"]) == ("one", 4)
    assert stamp["provenance"]["versions"]["python"]


def test_killed_ten_times(tmp_path: Path) -> None:
    target, rng = tmp_path / "killed.parquet", random.Random(0)
    kills = 0
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(target)], start_new_session=True
        )
        time.sleep(rng.uniform(0.3, 2.5))
        kills += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([sys.executable, str(PROGRAM), str(target)], check=True)
    make(tmp_path / "whole.parquet")
    assert kills >= 3
    assert scores(target) == scores(tmp_path / "whole.parquet")


def test_interrupted_making_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, trained = tmp_path / "t.parquet", []
    real = program.train

    def breaks(arch: Any, trials: Any) -> Any:
        if len(trained) == 50:
            raise KeyboardInterrupt
        trained.append(arch)
        return real(arch, trials)

    with monkeypatch.context() as patch:
        patch.setattr(program, "train", breaks)
        with pytest.raises(KeyboardInterrupt):
            make(target)
    assert not target.exists()
    kept = 48
    counted: list[int] = []
    tabulate(program.small(), program.TRIALS, target, 1, counted.append)
    assert counted[0] == kept
    assert sum(counted) == 125


def test_finished_table_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    make(target)
    before = target.stat().st_mtime_ns
    make(target)
    assert target.stat().st_mtime_ns == before


@pytest.mark.parametrize("finished", [True, False])
def test_another_recipe_is_refused(
    finished: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "t.parquet"
    if not finished:
        monkeypatch.setattr(module._Parts, "join", lambda *_: None)
    make(target, archs=8)
    with pytest.raises(InvalidTable, match=r"was made with recipe one, and this .* two"):
        make(target, recipe="two")


def test_damaged_part_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "t.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(module._Parts, "join", lambda *_: None)
        make(target)
    part = sorted((tmp_path / "t.parquet.parts").glob("*.parquet"))[3]
    part.write_bytes(part.read_bytes()[:100])
    make(target)
    make(tmp_path / "whole.parquet")
    assert scores(target) == scores(tmp_path / "whole.parquet")


def test_full_disk_says_so_and_keeps_what_was_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, written = tmp_path / "t.parquet", []

    def full(source: Any, destination: Any) -> None:
        written.append(destination)
        if len(written) > 5:
            raise OSError(28, "No space left on device")
        os.rename(source, destination)

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "replace", full)
        with pytest.raises(HarnessError, match="No space left"):
            make(target)
    assert len(list((tmp_path / "t.parquet.parts").iterdir())) == 5
    make(target)
    assert len(scores(target)["arch"]) == 125


def test_tables_of_others_are_not_made_here() -> None:
    with pytest.raises(HarnessError, match="comes from its authors"):
        find_tabulation("nasbench-graph/cora")
    with pytest.raises(HarnessError, match="no benchmark 'nasbench201/digit'"):
        find_tabulation("nasbench201/digit")


class TestVerification:
    def test_new_trials_of_the_same_training_agree(self, tmp_path: Path) -> None:
        make(tmp_path / "t.parquet")
        rows = retrain(
            program.small(), tmp_path / "t.parquet", 20, np.random.default_rng(0), lambda n: None
        )
        assert len({row.arch for row in rows}) == 20
        assert all(row.stored.shape == row.fresh.shape == (4,) for row in rows)
        assert not any(np.isin(row.fresh, row.stored).any() for row in rows)
        assert same_distribution_p(rows, np.random.default_rng(0)) >= 0.01

    @pytest.mark.parametrize(("shift", "spread"), [(2.0, 1.0), (0.0, 3.0)])
    def test_another_mean_or_spread_is_found(self, shift: float, spread: float) -> None:
        rng = np.random.default_rng(1)
        rows = [
            Retrained("", 90 + rng.normal(size=8), 90 + shift + spread * rng.normal(size=8))
            for _ in range(20)
        ]
        assert same_distribution_p(rows, rng) < 0.01

    def test_level_of_the_test(self) -> None:
        rng, rejected = np.random.default_rng(2), 0
        for _ in range(200):
            rows = [Retrained("", rng.normal(size=4), rng.normal(size=4)) for _ in range(10)]
            rejected += same_distribution_p(rows, rng, permutations=199) < 0.05
        # Bonferroni makes it conservative; 200 draws at 0.05 exceed 20 with probability 0.002.
        assert rejected <= 20


def test_without_torch_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        module, "missing_extra", lambda extra: f"needs the extra '{extra}': pip ..."
    )
    with pytest.raises(
        HarnessError, match="training on nasbench201/digits needs the extra 'neural'"
    ):
        find_tabulation("nasbench201/digits")
