"""The benchmark ``mobile/imagenet``: recipes, data and what is refused."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest

from harness import HarnessError, MissingData
from harness.core.registry import load_benchmark
from harness.live.live_recipe import read_live_recipe
from spaces.mobile import MobileFamily
from spaces.mobile.setup import RECIPES
from tests.spaces.mobile_shapes import FINAL, SEARCHED, SEMINASNET

torch = pytest.importorskip("torch")
pytest.importorskip("PIL")

from harness.live.devices import Place  # noqa: E402
from harness.live.flops import count_flops, count_parameters  # noqa: E402
from harness.live.trainer import Trainer  # noqa: E402
from spaces.mobile.shape import Shape  # noqa: E402
from tests.live.images.image_files import WNIDS, write_imagenet  # noqa: E402

SMALL = "mobile/imagenet:recipe=small"
ERROR = "top-1 error (%)"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Generated images in place of those of ImageNet."""
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write_imagenet(tmp_path / "live" / "imagenet", train=150, val=4)
    return tmp_path


def test_the_full_recipe_is_the_published_one():
    recipe = read_live_recipe(RECIPES, "full")
    data = recipe.data
    assert Shape.of(recipe.search, data["resolution"], 1000) == SEARCHED
    assert Shape.of(recipe.final, data["resolution"], 1000) == FINAL
    # 20,000 steps: passes over what is left of the images.
    steps = recipe.evaluation.epochs * -(-(1_281_167 - data["valid_images"]) // 512)
    assert steps == pytest.approx(20_000, rel=0.05)
    rates = [recipe.evaluation.learning_rate_at(epoch, 5, 10) for epoch in range(3)]
    np.testing.assert_allclose(rates, [0.4, 0.4 * 0.97, 0.4 * 0.97**2])
    final = recipe.retraining
    assert (final.epochs, final.batch, final.optimizer) == (300, 256, "nesterov")
    assert final.learning_rate_at(150, 0, 10) == pytest.approx(0.025)
    assert final.learning_rate_at(0, 5, 10) < 0.05
    for training in (recipe.evaluation, final):
        assert (training.weight_decay, training.decay_vectors) == (4e-5, False)
        assert training.momentum == 0.9


def test_both_recipes_have_the_same_parts():
    full, small = (read_live_recipe(RECIPES, name) for name in ("full", "small"))
    for name in ("data", "search", "final"):
        assert full.__dict__[name].keys() == small.__dict__[name].keys()
    for name in ("evaluation", "retraining"):
        own = [vars(getattr(recipe, name)) for recipe in (full, small)]
        for part in ("optimizer", "schedule", "each", "momentum", "decay_vectors", "weight_decay"):
            assert own[0][part] == own[1][part]


def test_costs_are_those_of_the_final_network(home):
    benchmark = load_benchmark(SMALL)
    rng = np.random.default_rng(0)
    for _ in range(3):
        arch = benchmark.space.sample(rng)
        network = benchmark.final.network(arch, torch.Generator())
        found = benchmark.oracle(0).properties(arch)
        assert found["parameters"] == count_parameters(network)
        assert found["flops"] == count_flops(network, torch.zeros(1, 3, 48, 48))


def test_parts_are_disjoint_and_whole(home):
    setup = load_benchmark(SMALL).setup
    task, final = setup.searched(), setup.final()
    assert (len(task.train), len(task.valid), len(final.train)) == (250, 200, 450)
    assert not {*task.train.chosen} & {*task.valid.chosen}
    assert {*task.train.chosen} | {*task.valid.chosen} == {*final.train.chosen}
    assert np.bincount(task.valid.labels).max() - np.bincount(task.valid.labels).min() <= 1
    assert task.judged is task.valid
    assert len(final.judged) == 12
    assert task.classes == 3
    inputs, labels = task.valid.batch(torch.arange(5), torch.device("cpu"))
    assert inputs.shape == (5, 3, 48, 48)
    network = task.network(setup.space.from_str(SEMINASNET), torch.Generator())
    assert network(inputs).shape == (5, 3)
    assert task.loss(network(inputs), labels).item() > 0


def test_a_copy_in_another_process_is_the_same(home):
    benchmark = load_benchmark(SMALL)
    before = benchmark.checksum
    copy = pickle.loads(pickle.dumps(benchmark))
    assert copy.checksum == before
    batches = [
        b.task.train.batch(torch.arange(4), torch.device("cpu"), torch.Generator())[0]
        for b in (benchmark, copy)
    ]
    assert torch.equal(*batches)


def test_the_checksum_is_that_of_the_data(home):
    before = load_benchmark(SMALL).checksum
    source = home / "live" / "imagenet" / "val" / WNIDS[0]
    shutil.copy(source / f"{WNIDS[0]}_1.png", source / f"{WNIDS[0]}_0.png")
    assert load_benchmark(SMALL).checksum != before


def test_the_full_recipe_needs_more_images(home):
    with pytest.raises(HarnessError, match="recipe=small"):
        load_benchmark("mobile/imagenet").setup.searched()


def test_settings(home):
    assert load_benchmark("mobile/imagenet:recipe=full").id == "mobile/imagenet"
    limited = load_benchmark("mobile/imagenet:recipe=small,max_flops=7.5e6")
    assert limited.id == "mobile/imagenet:recipe=small,max_flops=7.5e6"
    rng = np.random.default_rng(0)
    archs = [limited.space.sample(rng) for _ in range(20)]
    assert max(limited.setup.costs(arch)["flops"] for arch in archs) <= 7.5e6
    for settings, words in (
        ("recipe=tiny", "full, small"),
        ("flops=3", "max_flops"),
        ("max_flops=many", "no number"),
        ("max_flops=-1", "no number"),
        ("max_flops=10", "Allow more"),
    ):
        with pytest.raises(HarnessError, match=words):
            load_benchmark(f"mobile/imagenet:{settings}")


def test_missing_data_is_said_before_anything_else(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    (entry,) = MobileFamily().entries()
    assert "harness data fetch imagenet" in entry.missing
    with pytest.raises(MissingData, match="not on this machine"):
        load_benchmark(SMALL)


def test_retraining_learns_the_sample(harness_data):
    setup = load_benchmark(SMALL).setup
    arch = setup.space.from_str(SEMINASNET)
    recipe = setup.recipe.retraining
    trainer = Trainer(setup.final(), arch, recipe, 0, Place(torch.device("cpu")))
    trainer.run(5)
    errors = [measures[ERROR] for measures in trainer.curve]
    losses = [measures["training loss"] for measures in trainer.curve]
    # Guessing one of ten classes leaves 90 %, with a deviation of 1.7 for 300 images.
    assert np.mean(errors[-2:]) < 83
    assert losses[-1] < losses[0] - 0.1
