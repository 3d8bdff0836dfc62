"""Clusters give what processes on this machine give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.core.errors import HarnessError, MissingExtra, UnknownName
from harness.study import backends
from harness.study.store import Store

STUDY = ["compare", "-b", "nasbench-graph/proteins", "-m", "random-search", "-m", "tpe",
         "--seeds", "8", "--budget", "25"]  # fmt: skip


@pytest.mark.parametrize(("name", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_a_local_cluster_gives_the_same_runs(name: str, module: str, tmp_path: Path) -> None:
    pytest.importorskip(module)
    assert main([*STUDY, "--backend", name, "--out", str(tmp_path / name)]) == 0
    assert main([*STUDY, "--jobs", "1", "--out", str(tmp_path / "one")]) == 0
    ours, theirs = (Store(tmp_path / out).read().pairs for out in (name, "one"))
    for key, runs in ours.items():
        np.testing.assert_array_equal(runs.reported, theirs[key].reported)
        np.testing.assert_array_equal(runs.valid, theirs[key].valid)


def test_what_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="no backend 'slurm'"):
        backends.check_backend("slurm", "")
    with pytest.raises(HarnessError, match="not with loky"):
        backends.check_backend("loky", "tcp://somewhere")
    monkeypatch.setattr(backends, "find_spec", lambda module: None)
    with pytest.raises(MissingExtra, match=r"pip install 'nas-harness\[ray\]'"):
        backends.check_backend("ray", "")
