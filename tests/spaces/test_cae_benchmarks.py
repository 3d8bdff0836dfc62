"""The benchmarks of inpainting: settings, data, learning, search."""

from __future__ import annotations

import math
import tomllib
from importlib.resources import files

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import HarnessError, load_predictor  # noqa: E402
from harness.core.errors import MissingData  # noqa: E402
from harness.core.registry import list_benchmarks, load_benchmark  # noqa: E402
from harness.live.devices import Place  # noqa: E402
from harness.live.images.masks import MASKS, MaskedImages  # noqa: E402
from harness.live.images.metrics import psnr  # noqa: E402
from harness.live.live_recipe import read_live_recipe  # noqa: E402
from harness.live.trainer import Trainer  # noqa: E402
from harness.live.training_recipe import TrainingRecipe  # noqa: E402
from methods.oneshot.asng_nas import AsngNas  # noqa: E402
from methods.oneshot.engine import train  # noqa: E402
from methods.oneshot.unmetered import Unmetered  # noqa: E402
from spaces.cae import CaeSpace  # noqa: E402
from spaces.cae.search_task import Inpainting, InpaintingTask  # noqa: E402
from spaces.cae.setup import RECIPES, CelebASetup  # noqa: E402
from tests.live.images.faces_on_disk import write_faces  # noqa: E402

CPU = torch.device("cpu")
SIDE, WIDTH = 16, 1 / 16


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def gradients(count=96):
    """Images whose colours rise evenly, each in directions and to levels of its own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / (SIDE - 1) - 0.5
    slopes, levels = rng.uniform(-0.4, 0.4, (2, count, 3, 1, 1)), rng.uniform(0.4, 0.6, (count, 3))
    found = levels[:, :, None, None] + slopes[0] * x + slopes[1] * y
    return np.rint(255 * found).astype(np.uint8)


def examples(rows, mask="center"):
    images = gradients()
    return MaskedImages(images, [f"{i}.jpg" for i in range(96)], np.array(rows), MASKS[mask])


def task(mixed=False, mask="center"):
    cuts = range(40), range(40, 80), range(80, 96)
    return InpaintingTask(*(examples(cut, mask) for cut in cuts), CaeSpace(mixed, SIDE), WIDTH)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return write_faces(tmp_path / "live" / "celeba", counts=(20, 4, 6))


def test_recipes_are_the_published_ones():
    full, asng = (
        read_live_recipe(RECIPES, "full"),
        tomllib.loads((files("spaces.cae") / "asng.toml").read_text()),
    )
    retraining, published = full.retraining, asng["retraining"]
    assert retraining.epochs * retraining.steps == published["iterations"] == 500_000
    rates = [retraining.learning_rate_at(*divmod(step, 1000), 1000) for step in range(500_000)]
    changes = np.flatnonzero(np.diff(rates)) + 1
    assert changes.tolist() == published["learning_rate_changes"]
    np.testing.assert_allclose(np.unique(rates), [1e-5, 1e-4, 1e-3])
    assert (retraining.batch, retraining.clip) == (published["batch"], published["clip"])
    assert [retraining.momentum, retraining.beta2] == published["betas"]
    for name in ("crop", "side", "train_images", "valid_images", "test_images"):
        assert full.data[name] == asng["data"][name]
    assert full.data["train_share"] == asng["search"]["train_share"]
    assert full.search["width"] == full.final["width"] == 1
    # Sixteen epochs of two paths with gradient and two without fit into the budget.
    assert 16 * 2 * (1 + 1 / 3) <= int(full.budget.removesuffix("epochs")) < 17 * 2 * (1 + 1 / 3)


def test_settings(data):
    ids = [entry.id for entry in list_benchmarks() if entry.id.startswith("cae/")]
    assert ids == ["cae/celeba-center", "cae/celeba-pixel", "cae/celeba-half"]
    benchmark = load_benchmark("cae/celeba-half:recipe=small,mixed=yes")
    assert benchmark.id == "cae/celeba-half:recipe=small,mixed=yes"
    assert benchmark.space.id == "cae-mixed"
    assert load_benchmark("cae/celeba-half:recipe=full,mixed=no").id == "cae/celeba-half"
    for wrong, words in (
        ("recipe=tiny", "tiny"),
        ("mixed=maybe", "neither yes nor no"),
        ("masks=3", "no setting masks"),
    ):
        with pytest.raises(HarnessError, match=words):
            load_benchmark(f"cae/celeba-half:{wrong}")


def test_missing_images_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(MissingData, match="data fetch celeba"):
        load_benchmark("cae/celeba-center")


def test_searches_see_training_and_validation_images_only(data):
    setup = CelebASetup("center", "small")
    searched, final = setup.searched(), setup.final()
    sizes = [len(p) for p in (searched.train, searched.valid, searched.judged, final.train)]
    assert sizes == [10, 10, 4, 20]
    assert len(final.judged) == 6

    def shown(part):
        images = part.batch(torch.arange(len(part)), CPU)[1][0]
        return {image.numpy().tobytes() for image in images}

    halves = shown(searched.train), shown(searched.valid)
    assert halves[0] | halves[1] == shown(final.train)
    assert len(halves[0] & halves[1]) == 0
    assert not (halves[0] | halves[1] | shown(searched.judged)) & shown(final.judged)
    assert len(setup.checksum()) == 64


@pytest.mark.parametrize("mixed", [False, True])
def test_free_costs_are_those_of_the_final_network(data, mixed):
    from harness.live.flops import count_flops, count_parameters

    setup = CelebASetup("pixel", "small", mixed)
    final = setup.final()
    arch = setup.space.sample(np.random.default_rng(0))
    network = final.network(arch, generator())
    inputs = final.judged.batch(torch.arange(1), CPU)[0]
    assert setup.costs(arch) == {
        "parameters": count_parameters(network),
        "flops": count_flops(network, inputs),
    }


def test_measures_of_the_masked_image_in_closed_form():
    """Known pixels are met exactly, and missing ones are black: the error is their mean square."""
    own = task()
    inputs, targets = own.judged.batch(torch.arange(16), CPU)
    found = own.measures(inputs, targets)
    images = gradients()[80:] / 255
    hole = images[:, :, 4:12, 4:12]
    error = (hole**2).sum((1, 2, 3)) / (3 * SIDE**2)
    np.testing.assert_allclose(found["MSE"], error, rtol=1e-6)
    np.testing.assert_allclose(found["PSNR (dB)"], -10 * np.log10(error), rtol=1e-6)
    # A quarter of the pixels is missing: 10 log10(4) dB less.
    missing = found["PSNR of the missing part (dB)"]
    np.testing.assert_allclose(found["PSNR (dB)"] - missing, 10 * math.log10(4), rtol=1e-6)
    np.testing.assert_allclose(found["L1 of the missing part"], hole.mean((1, 2, 3)), rtol=1e-6)
    assert ((found["SSIM"] > 0) & (found["SSIM"] < 1)).all()
    assert own.loss(inputs, targets).item() == pytest.approx(error.mean(), rel=1e-6)
    # What lies outside of the range is cut off, but not for the squared error.
    above = own.measures(targets[0] + 5, targets)
    assert above["MSE"][0].item() == pytest.approx(25, rel=1e-6)
    assert above["L1 of the missing part"][0].item() == pytest.approx(1 - hole[0].mean(), rel=1e-6)


def test_training_lowers_the_error():
    """To less than that of a constant image, which is how much the true images differ."""
    own = task()
    # 3x3 layers with skip connections at the nodes 5, 10, 15 and 20.
    arch = own.space.check((*((3, 2, 0) * 20), 4))
    assert len(own.space.layers(arch)) == 4
    learning = Inpainting(examples(range(80)), own.judged, own.space, WIDTH)
    recipe = TrainingRecipe("adam", epochs=2, steps=75, batch=8, learning_rate=2e-3, clip=5.0)
    trainer = Trainer(learning, arch, recipe, 0, Place(CPU))
    before = trainer.judge()["MSE"]
    trainer.run(2)
    first, last = (row["MSE"] for row in trainer.curve)
    assert last < first < before / 4
    images = gradients() / 255
    assert last < np.mean((images[80:] - images[:80].mean(0)) ** 2)


def test_a_search_by_natural_gradients():
    """Reference T19: in 300 steps the error of the shared weights falls to less than a third."""
    own, losses, rates = task(), [], []

    def log(name, value):
        if name == "training loss":
            losses.append(value)

    method = AsngNas(
        epochs=60,
        batch=8,
        nesterov=False,
        weight_decay=0,
        last_learning_rate=0,
        schedule_each="step",
    )
    step = method.step_architecture
    method.step_architecture = lambda run: (
        rates.append(run.optimizer.param_groups[0]["lr"]),
        step(run),
    )
    run = train(method, Unmetered(own.space, np.random.default_rng(0), own, log))
    assert np.mean(losses[-10:]) < losses[0] / 3
    cosine = 0.025 * (1 + np.cos(np.pi * np.arange(300) / 300)) / 2
    np.testing.assert_allclose(rates, cosine, rtol=1e-12)
    mode = own.space.check(method.derive(run))
    inputs, _ = own.judged.batch(torch.arange(4), CPU)
    shared = run.supernet(inputs, run.supernet.path(mode))
    assert own.network(mode, generator())(inputs).shape == shared.shape == inputs.shape


def test_pictures_are_inputs_outputs_and_truth():
    own = task()
    network = own.network(own.space.sample(np.random.default_rng(0)), generator()).eval()
    (pictures,) = own.exhibits(network, CPU)
    assert pictures.rows.shape == (8, 3, 3, SIDE, SIDE)
    assert pictures.columns == ("input", "output", "truth")
    inputs, (images, known) = own.judged.batch(torch.arange(8), CPU)
    rows = torch.from_numpy(pictures.rows)
    assert torch.equal(rows[:, 0], inputs)
    assert torch.equal(rows[:, 2], images)
    assert torch.equal(rows[:, 0], rows[:, 2] * known)
    expected = psnr(network(inputs).detach().clamp(0, 1), images)
    torch.testing.assert_close(psnr(rows[:, 1], images), expected)


@pytest.mark.parametrize(
    "name",
    ["fisher", "grad-norm", "grasp", "jacov", "naswot", "snip", "synflow", "training-loss", "zen"],
)
def test_zero_cost_scores(name):
    own = task()
    archs = [own.space.sample(np.random.default_rng(seed)) for seed in range(3)]
    proxy = load_predictor(name)
    proxy.attach(own.space, np.random.default_rng(0), task=own)
    proxy.fit(archs, [0.0] * 3)
    found = proxy.predict(archs)
    assert np.isfinite(found).all()
    assert len(set(found)) > 1
