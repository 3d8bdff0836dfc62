from __future__ import annotations

import copy

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from harness import HarnessError
from harness.core.registry import load_benchmark
from methods.oneshot.e2nas import E2NAS
from methods.oneshot.exploration import complement, exploration_weight, log_density
from tests.methods.oneshot.toy import ToyBenchmark, ToySpace, opened, problem

torch = pytest.importorskip("torch")

VARIANTS = pytest.mark.parametrize("variant", ["paper", "released"])


@pytest.fixture(scope="module", autouse=True)
def _autoencoders_of_a_moment(tmp_path_factory):
    from methods.oneshot.pretraining import RECIPES, Recipe

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(RECIPES, "small", Recipe(16, 1, 30, 256, 1e-2, True))
        yield


@pytest.mark.parametrize(
    ("epoch", "weight"),
    [(0, 0.99995), (50, 0.9975), (100, 0.88), (125, 0.5), (150, 0.12), (200, 0.0025)],
)
def test_weight_of_novelty(epoch, weight):
    assert exploration_weight(epoch / 250, 10) == pytest.approx(weight, rel=0.02)


def test_complement_differs_from_the_previous_everywhere():
    rng = np.random.default_rng(0)
    sizes = (5, 2, 1, 5, 4)
    drawn = np.zeros(5)
    for _ in range(4000):
        current, previous = (tuple(rng.integers(sizes).tolist()) for _ in range(2))
        other = complement(current, previous, sizes, rng)
        for now, before, new, size in zip(current, previous, other, sizes, strict=True):
            assert 0 <= new < size
            assert size == 1 or new != before
            assert now == before or new == now
        if current[0] == previous[0] == 2:
            drawn[other[0]] += 1
    # Uniform among the four others.
    assert drawn[2] == 0
    assert drawn[[0, 1, 3, 4]] / drawn.sum() == pytest.approx(np.full(4, 0.25), abs=0.15)


def test_log_density_is_that_of_normal_kernels():
    rng = np.random.default_rng(1)
    point, archive = rng.normal(size=6), rng.normal(size=(9, 6))
    kernels = [multivariate_normal(center, np.eye(6)).pdf(point) for center in archive]
    truth = np.log(np.mean(kernels)) + 3 * np.log(2 * np.pi)
    found = log_density(torch.from_numpy(point), torch.from_numpy(archive))
    assert found.item() == pytest.approx(truth)


@VARIANTS
def test_gradient_of_the_weights(variant):
    method = E2NAS(variant=variant, clip=1e9)
    search = opened(method)
    search.train = search.draw_train(64)
    for _ in range(3):
        method.paths(search)
    plans = method.paths(search)
    weights = list(search.supernet.parameters())
    base = torch.autograd.grad(search.loss(plans[0], search.train), weights, allow_unused=True)
    search.descend(plans, search.train)
    equal = [
        (g is None and w.grad is None) or (g is not None and torch.equal(g, w.grad))
        for g, w in zip(base, weights, strict=True)
    ]
    # The complement has a share in the paper only; in the released code not one bit of it.
    assert all(equal) == (variant == "released")
    assert len(plans) == (1 if variant == "released" else 2)


def gradient_of_point(method, search, monkeypatch):
    """What Adam is given in a step of the architecture."""
    found = []
    monkeypatch.setattr(
        method._adam, "step", lambda: found.append(method._point.value.grad.clone())
    )
    search.valid = search.draw_valid(64)
    method.step_architecture(search)
    return found[0]


@VARIANTS
def test_point_follows_novelty_in_the_paper_only(variant, monkeypatch):
    method = E2NAS(variant=variant, archive=4)
    search = opened(method, "60epochs")
    search.train = search.draw_train(64)
    search.supernet.train()
    for _ in range(4):
        method.paths(search)
    with torch.no_grad():
        method._point.value.copy_(torch.randn(11, generator=torch.Generator().manual_seed(0)))
    assert search.epoch == 0  # Where novelty has all the weight.
    found = gradient_of_point(method, search, monkeypatch)
    points, _ = method._point.vae.encode(torch.tensor(method._last))
    point = method._point.value.detach().requires_grad_()
    (novelty,) = torch.autograd.grad(log_density(point, points), [point])
    if variant == "paper":
        assert torch.allclose(found, novelty, atol=1e-3)
    else:
        assert found.norm() < 1e-3
    method._last = method._last[1:]
    assert gradient_of_point(method, search, monkeypatch).norm() < 1e-3


@VARIANTS
def test_point_follows_the_loss_through_probabilities(variant, monkeypatch):
    method = E2NAS(variant=variant, slope=0.0, archive=99)
    search = opened(method)
    with torch.no_grad():
        method._point.value.copy_(torch.randn(11, generator=torch.Generator().manual_seed(3)))
    plans = []
    loss = search.loss
    search.loss = lambda plan, batch: (plans.append(plan), loss(plan, batch))[1]
    found = gradient_of_point(method, search, monkeypatch)
    chosen = tuple(choice for choices in plans[0] for choice in choices)
    assert all(weight.item() == 1 for choices in plans[0] for weight in choices.values())

    # By the chain rule: gradient of each weight, times that of its probability.
    ones = [torch.ones((), requires_grad=True) for _ in chosen]
    plan = [{choice: one} for choice, one in zip(chosen, ones, strict=True)]
    slopes = torch.autograd.grad(loss(plan, search.valid), ones)

    def chances(point):
        if variant == "released":
            return point.softmax(0)[[chosen[0], 4 + chosen[1], 8 + chosen[2]]]
        rows = method._point.vae.logits(point[None], torch.tensor([chosen]))[0].softmax(1)
        return torch.stack([row[choice] for row, choice in zip(rows, chosen, strict=True)])

    jacobian = torch.autograd.functional.jacobian(chances, method._point.value.detach())
    assert torch.allclose(found, 0.5 * torch.stack(slopes) @ jacobian, atol=1e-6)
    assert found.norm() > 0


@VARIANTS
def test_cost_is_what_is_counted(variant):
    given = problem("9epochs")
    E2NAS(variant=variant).search(given)
    assert given._ledger.total_epochs == pytest.approx(9)
    assert given._ledger.counts["epochs of the supernet"] == 3
    without = given._ledger.counts["images without gradient"]
    assert without == (3 * 3 * 200 if variant == "released" else 0)


@VARIANTS
def test_same_seed_same_search(variant):
    found = []
    for seed in (1, 1, 2):
        given = problem("9epochs", seed)
        arch = E2NAS(variant=variant, architecture_learning_rate=0.1).search(given)
        found.append((arch, given._ledger.logs))
    assert found[0] == found[1]
    assert found[0][1] != found[2][1]


@VARIANTS
def test_recommends_valid_architectures(variant):
    space = ToySpace(valid=lambda arch: arch[0] != arch[1] and arch[2] != 1)
    for seed in range(3):
        given = problem("6epochs", seed, ToyBenchmark(space))
        assert space.is_valid(E2NAS(variant=variant).search(given))


def test_archive_holds_the_last():
    method = E2NAS(archive=3, variant="released")
    search = opened(method)
    search.train = search.draw_train(8)
    seen = []
    for _ in range(7):
        method.paths(search)
        seen.append(method._last[-1])
    assert method._last == seen[-3:]


def test_state_is_copied_with_its_optimiser():
    # As a checkpoint holds it: the optimiser must go on moving the point it belongs to.
    method = E2NAS()
    search = opened(method)
    learned = copy.deepcopy({k: v for k, v in vars(method).items() if k.startswith("_")})
    assert learned["_adam"].param_groups[0]["params"][0] is learned["_point"].value
    assert search.supernet is not None


@VARIANTS
def test_on_digits(variant):
    benchmark = load_benchmark("nasbench201/digits")
    method = E2NAS(variant=variant, epochs=2)
    given = problem("6epochs", benchmark=benchmark)
    arch = method.search(given)
    benchmark.space.check(arch)
    rows = given._ledger.logs["distribution of 1<-0"]
    assert len(rows) == 2
    assert sum(rows[-1]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "value"), [("slope", "-1"), ("archive", "0"), ("architecture_weight_decay", "-1")]
)
def test_refuses_impossible_parameters(name, value):
    with pytest.raises(HarnessError, match=name):
        E2NAS.from_text({name: value})
