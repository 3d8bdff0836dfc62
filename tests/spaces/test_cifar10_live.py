"""The live benchmarks on CIFAR-10, with real images."""

from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from harness import HarnessError
from harness.core.registry import load_benchmark
from harness.study.plan import load_study, make_plan

torch = pytest.importorskip("torch")

from harness.live.devices import Place  # noqa: E402
from harness.live.flops import count_flops, count_parameters  # noqa: E402
from harness.live.trainer import Trainer  # noqa: E402

SPACES = ("darts/cifar10", "enas-micro/cifar10", "nasbench201/cifar10-live")
every = pytest.mark.parametrize("id", SPACES)
CPU = Place(torch.device("cpu"))


@pytest.fixture
def images(monkeypatch) -> Path:
    given = os.environ.get("HARNESS_DATA")
    folder = Path(given or "") / "live" / "cifar10" / "cifar-10-batches-py"
    if not given or not folder.is_dir():
        pytest.skip("HARNESS_DATA does not name a folder with images of CIFAR-10")
    return folder


def setup_of(id, recipe):
    return load_benchmark(f"{id}:recipe={recipe}" if recipe != "full" else id).setup


@every
def test_small_evaluation_learns(id, images):
    """Chance is 90 % of 480 or 640 images, with a standard deviation below 1.4."""
    setup = setup_of(id, "small")
    task = setup.searched()
    arch = setup.space.sample(np.random.default_rng(1))
    training = Trainer(task, arch, setup.recipe.evaluation, 0, CPU)
    training.run(setup.recipe.evaluation.epochs)
    errors = [row[setup.metric] for row in training.curve]
    losses = [row["training loss"] for row in training.curve]
    assert errors[-1] < 84
    assert losses[-1] < losses[0] - 0.1


@every
@pytest.mark.parametrize("recipe", ["full", "small"])
def test_costs_are_those_of_the_final_network(id, recipe, images):
    setup = setup_of(id, recipe)
    # Of NAS-Bench-201 one whose edges all carry something.
    rng = np.random.default_rng(0)
    arch = (3, 3, 2, 3, 1, 3) if "201" in id else setup.space.sample(rng)
    network = setup.final_networks().network(arch, torch.Generator().manual_seed(0))
    auxiliary = getattr(network, "auxiliary", None)
    extra = count_parameters(auxiliary) if auxiliary is not None else 0
    side = setup.data.side
    costs = setup.costs(arch)
    assert costs["parameters"] == count_parameters(network) - extra
    assert costs["flops"] == count_flops(network, torch.zeros(1, 3, side, side))
    assert (extra > 0) == ("201" not in id)


@every
def test_full_recipes_split_what_there_is(id, images):
    task = setup_of(id, "full").searched()
    assert len(task.train) == len(task.valid) == 5000
    assert task.train.batch(torch.arange(2), CPU.device)[0].shape == (2, 3, 32, 32)


def test_recipes_of_asng_agree_with_what_is_published(images):
    told = tomllib.loads((files("spaces.enas_micro") / "asng.toml").read_text())
    recipe = setup_of("enas-micro/cifar10", "full").recipe
    for stage, table in (("evaluation", "search"), ("retraining", "retraining")):
        own, theirs = getattr(recipe, stage), told[table]
        for name in ("batch", "learning_rate", "last_learning_rate", "weight_decay", "clip"):
            assert getattr(own, name) == theirs[name], (stage, name)
        assert (own.optimizer, own.schedule, own.each) == ("sgd", "cosine", "epoch")
        assert own.momentum == theirs["momentum"]
        assert own.drop_path == theirs["drop_path"]
    assert recipe.retraining.epochs == told["retraining"]["epochs"]
    for name in ("cells", "parameters", "auxiliary_weight"):
        assert recipe.final[name] == told["retraining"][name]
    assert recipe.search == {name: told["search"][name] for name in ("cells", "channels")}


def test_settings(images):
    with pytest.raises(HarnessError, match=r"no setting epochs. All: folder, recipe"):
        load_benchmark("darts/cifar10:epochs=3")
    with pytest.raises(HarnessError, match="huge"):
        load_benchmark("darts/cifar10:recipe=huge")


STUDIES = {"cifar10-small": 24, "cifar10-darts-full": 2400, "cifar10-asng-full": 267}


@pytest.mark.parametrize("name", STUDIES)
def test_studies_can_be_planned(name, images):
    path = Path(__file__).parents[2] / "results" / "studies" / "live" / f"{name}.toml"
    plan = make_plan(load_study(path))
    for pair in plan.pairs.values():
        assert (pair.budget.amount, pair.budget.unit) == (STUDIES[name], "epochs")


def test_epochs_of_the_published_searches_fit_into_their_budgets():
    """Two paths with gradient and two without an epoch; weights and logits, five passes with both
    orders; 24 networks for 100 epochs."""
    assert STUDIES["cifar10-asng-full"] >= 100 * (2 + 2 / 3)
    assert 50 * 5 <= STUDIES["cifar10-darts-full"] == 24 * 100
