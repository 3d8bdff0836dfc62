from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from harness.core.registry import load_benchmark
from tests.methods.oneshot.toy import ToySpace

torch = pytest.importorskip("torch")

from methods.oneshot import pretraining  # noqa: E402
from methods.oneshot.pretraining import genotypes, pretrained, reconstructed  # noqa: E402
from methods.oneshot.sequence_vae import SequenceVAE  # noqa: E402


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nas-harness" / "autoencoders"


@pytest.fixture
def short(monkeypatch):
    recipe = pretraining.Recipe(8, 1, 5, 16, 1e-2, True)
    monkeypatch.setitem(pretraining.RECIPES, "small", recipe)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def untrained(sizes=(2, 4, 1, 3)):
    vae = SequenceVAE(sizes, 5, 8, generator())
    # Larger weights, so that no choice is as good as another.
    with torch.no_grad():
        for weight in vae.parameters():
            weight *= 3
    return vae


def test_greedy_decoding_takes_the_largest_logits():
    vae = untrained()
    points = torch.randn(50, 5, generator=generator())
    archs = vae.decode(points)
    assert len({tuple(row) for row in archs.tolist()}) > 3
    assert (vae.logits(points, archs).argmax(dim=2) == archs).all()


def test_drawn_decodings_have_the_probabilities_of_the_logits():
    sizes = (2, 3, 2)
    vae = untrained(sizes)
    point = torch.randn(1, 5, generator=generator(1))
    drawn = vae.decode(point.expand(20_000, -1), generator(2))
    archs = torch.tensor(list(product(*map(range, sizes))))
    chances = vae.logits(point.expand(len(archs), -1), archs).log_softmax(dim=2)
    chances = chances.gather(2, archs[:, :, None]).sum(dim=(1, 2)).exp()
    assert chances.sum().item() == pytest.approx(1, abs=1e-5)
    number = drawn[:, 0] * 6 + drawn[:, 1] * 2 + drawn[:, 2]
    shares = torch.bincount(number, minlength=12) / len(drawn)
    assert shares.numpy() == pytest.approx(chances.detach().numpy(), abs=0.015)


def test_choices_that_do_not_exist_are_impossible():
    vae = untrained()
    points = 10 * torch.randn(500, 5, generator=generator())
    for archs in (vae.decode(points), vae.decode(points, generator())):
        assert (archs < torch.tensor([2, 4, 1, 3])).all()
    chances = vae.logits(points, archs).softmax(dim=2)
    assert (chances[:, 2] == torch.tensor([1.0, 0, 0, 0])).all()
    assert torch.isfinite(vae.loss(archs, generator()))


def test_a_choice_does_not_see_itself_or_what_follows():
    vae = untrained((3, 3, 3, 3))
    archs = torch.tensor([[0, 1, 2, 0], [0, 1, 0, 2]])
    logits = vae.logits(torch.randn(1, 5, generator=generator()).expand(2, -1), archs)
    assert torch.equal(logits[0, :3], logits[1, :3])
    assert not torch.equal(logits[0, 3], logits[1, 3])


def test_same_generator_same_weights_and_no_global_one():
    state = torch.get_rng_state()
    first, again = untrained(), untrained()
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    )
    assert torch.equal(torch.get_rng_state(), state)


def test_cells_of_nasbench201():
    space = load_benchmark("nasbench201/digits").space
    learned, held_out = genotypes(space)
    assert (len(learned), len(held_out)) == (14_063, 1562)
    assert len({tuple(row) for row in torch.cat([learned, held_out]).tolist()}) == 15_625
    vae = pretrained(space, 30, "small")
    assert reconstructed(vae, held_out) > 0.99
    # Decodings of the prior: all of them cells, by construction, and nearly all different.
    cells = vae.decode(torch.randn(1000, 30, generator=generator())).tolist()
    assert np.mean([space.is_valid(tuple(cell)) for cell in cells]) > 0.99
    assert len({tuple(cell) for cell in cells}) > 800
    # The space is smooth: points near a cell's are decoded to it, or to one close by.
    points, _ = vae.encode(held_out)
    near = vae.decode(points + 0.05 * torch.randn(points.shape, generator=generator()))
    assert (near != held_out).double().mean() < 0.05


def test_a_linear_autoencoder_of_30_numbers_is_exact_too():
    # What exact reconstruction alone is worth: one-hot cells have 24 free dimensions.
    space = load_benchmark("nasbench201/digits").space
    learned, held_out = (space.one_hot(part.numpy()) for part in genotypes(space))
    mean = learned.mean(axis=0)
    basis = np.linalg.svd(learned - mean, full_matrices=False)[2][:24]
    decoded = (held_out - mean) @ basis.T @ basis + mean
    wrong = decoded.reshape(-1, 6, 5).argmax(axis=2) != held_out.reshape(-1, 6, 5).argmax(axis=2)
    assert not wrong.any()


def test_trains_once_and_again_where_the_file_is_damaged(short, cache, monkeypatch):
    space = ToySpace()
    first = pretrained(space, 11, "small")
    (file,) = cache.iterdir()
    trained = []
    train = pretraining.train
    monkeypatch.setattr(pretraining, "train", lambda *given: (trained.append(1), train(*given)))
    again = pretrained(space, 11, "small")
    assert not trained
    file.write_bytes(b"nothing")
    anew = pretrained(space, 11, "small")
    assert trained == [1]
    point = torch.randn(9, 11, generator=generator())
    for other in (again, anew):
        archs = other.decode(point)
        assert torch.equal(first.logits(point, archs), other.logits(point, archs))
    assert not any(weight.requires_grad for weight in first.parameters())


def test_other_spaces_have_other_files_and_a_validity_rule_is_learned(short, cache):
    rule = ToySpace(valid=lambda arch: arch[0] != arch[1])
    learned, held_out = genotypes(rule)
    assert len(learned) + len(held_out) == 36
    pretrained(rule, 11, "small")
    pretrained(ToySpace(), 11, "small")
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_done_without(short, cache):
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("a file where the folder would be")
    assert pretrained(ToySpace((2, 1)), 3, "small").sizes == (2, 1)


def test_published_recipe_lowers_its_rate_on_a_plateau(monkeypatch):
    rates = []
    step = torch.optim.Adam.step

    def watched(self, *given):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *given)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    recipe = pretraining.RECIPES["published"]
    assert (recipe.hidden, recipe.epochs, recipe.batch, recipe.rate) == (501, 100, 32, 1e-4)
    vae = SequenceVAE((1,), 1, 2, generator())
    # A space of one architecture has nothing to learn but the divergence.
    pretraining.train(vae, torch.zeros(1, 1, dtype=torch.int64), recipe, generator())
    assert len(rates) == 100
    assert rates[0] == 1e-4
    assert sorted(rates, reverse=True) == rates
