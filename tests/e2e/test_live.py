"""Real images and recordings: a search and what it leads to, in the small recipes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from harness.cli import main
from harness.core.registry import load_benchmark
from harness.live.live_benchmark import EVALUATION
from harness.live.training_store import trainings_kept_in

# What an evaluation must reach. Errors: four standard deviations below that of guesses among ten
# classes, 90 % of 480, 480, 640 and 200 images. Others: what no network has that learned nothing.
WANTED = {
    "darts/cifar10:recipe=small": ("top-1 error (%)", -84.5),
    "enas-micro/cifar10:recipe=small": ("top-1 error (%)", -84.5),
    "nasbench201/cifar10-live:recipe=small": ("top-1 error (%)", -85.2),
    "mobile/imagenet:recipe=small": ("top-1 error (%)", -81.5),
    "tts/ljspeech:recipe=small": ("diagonal focus rate", 0.4),
    "cae/celeba-center:recipe=small": ("PSNR (dB)", 18.0),
}
STUDIES = Path(__file__).parents[2] / "results" / "studies" / "live"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("id", WANTED)
def test_a_training_learns_and_comes_out_again(id: str, harness_data: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark(id)
    arch = benchmark.space.sample(np.random.default_rng(0))
    records = []
    for attempt in ("first", "second"):
        with trainings_kept_in(tmp_path / attempt):
            records.append(benchmark.train(arch, EVALUATION, 1))
    assert records[0].curve == records[1].curve
    curve = records[0].curve
    assert curve[-1]["training loss"] < curve[0]["training loss"]
    measure, wanted = WANTED[id]
    assert benchmark.sign * curve[-1][measure] > wanted
    assert benchmark.sign * (curve[-1][measure] - curve[0][measure]) > 0


def test_search_retraining_test_and_report(harness_data: Path, capfd) -> None:
    words = ["compare", "-b", "nasbench201/cifar10-live:recipe=small", "-m", "random-search"]
    words += ["-m", "regularized-evolution:population=2,sample=1", "-m", "asng-nas:batch=32"]
    words += ["--seeds", "1", "--budget", "8epochs", "--jobs", "1", "--format", "json"]
    assert main(words) == 0
    (found,) = json.loads(capfd.readouterr().out)["benchmarks"]
    assert found["searched"] == "valid@4"
    assert found["optimum"] is None
    for result in found["results"]:
        assert 0 < result["queries"] <= 2 or result["method"].startswith("asng")
        assert 30 < result["mean"] < 90
        ended = result["ended"]
        assert ended["reported top-1 error (%)"] == result["mean"]
        assert ended["reported top-5 error (%)"] < result["mean"]
    assert main([*words, "--format", "table"]) == 0
    again = capfd.readouterr()
    assert "all 3 runs are there" in again.err
    assert "best not known" in again.out
    assert "reported top-5 error (%)" in again.out


@pytest.mark.parametrize("study", sorted(STUDIES.glob("*.toml")), ids=lambda path: path.stem)
def test_studies_are_planned(study: Path, harness_data: Path) -> None:
    from harness.core.errors import HarnessError
    from harness.study.plan import load_study, make_plan

    if study.stem in ("imagenet-seminas-full", "ljspeech-seminas-full"):
        with pytest.raises(HarnessError, match=r"recipe full of .*take recipe=small, or more"):
            make_plan(load_study(study))
    else:
        plan = make_plan(load_study(study))
        assert len(plan.pairs) == len(plan.benchmarks) * len(plan.methods)
