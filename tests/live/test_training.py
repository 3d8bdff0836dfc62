"""A stack trains each network exactly as if it were alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from harness.live.recipe import Recipe
from harness.live.tasks import Part, Task

torch = pytest.importorskip("torch")

from harness.live import training  # noqa: E402
from harness.live.batches import DeviceTask  # noqa: E402
from harness.live.layers import initialise  # noqa: E402
from harness.live.training import (  # noqa: E402
    StackHalved,
    TrialResult,
    generators,
    learning_rates,
    train_stack,
)
from spaces.nasbench201.network import Network  # noqa: E402
from spaces.nasbench201.skeleton import Skeleton  # noqa: E402

SKELETONS = [
    Skeleton(4, 1, 1, "none", 2, 2, 8, 3),
    Skeleton(4, 2, 1, "pool", 1, 2, 8, 3),
    Skeleton(4, 2, 2, "residual", 1, 2, 8, 3),
]
CELLS = [
    (3, 2, 1, 4, 3, 2),
    (1, 2, 3, 4, 1, 2),
    (0, 3, 4, 0, 2, 1),
    (4, 4, 4, 4, 4, 4),
    (0, 0, 0, 0, 0, 0),
]
SMALL = partial(Network, CELLS[0], SKELETONS[0])


def equal(first: TrialResult, second: TrialResult, tolerance: float) -> None:
    assert first.trial == second.trial
    np.testing.assert_allclose(first.valid_loss, second.valid_loss, rtol=tolerance)
    np.testing.assert_allclose(first.test_loss, second.test_loss, rtol=tolerance)
    assert first.parameters == second.parameters
    assert first.failed == second.failed


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.reduction)
@pytest.mark.parametrize("arch", CELLS, ids=str)
def test_stack_is_single_runs(
    arch: tuple[int, ...], skeleton: Skeleton, recipe: Recipe, task: Task
) -> None:
    build = partial(Network, arch, skeleton)
    stacked = train_stack(build, [5, 0, 2], recipe, task)
    for result in stacked:
        [alone] = train_stack(build, [result.trial], recipe, task)
        equal(result, alone, 1e-9)
        assert (result.valid_accuracy == alone.valid_accuracy).all()
        assert result.test_accuracy == alone.test_accuracy
        assert (result.stack, alone.stack) == (3, 1)


def test_stack_is_single_runs_in_single_precision(recipe: Recipe, task: Task) -> None:
    recipe = replace(recipe, precision="float32")
    stacked = train_stack(SMALL, range(4), recipe, task)
    for result in stacked:
        [alone] = train_stack(SMALL, [result.trial], recipe, task)
        equal(result, alone, 1e-3)


def test_composition_and_order_of_the_stack_do_not_matter(recipe: Recipe, task: Task) -> None:
    whole = {r.trial: r for r in train_stack(SMALL, [0, 1, 2, 3], recipe, task)}
    for trials in ([3, 1], [2, 7, 0]):
        for result in train_stack(SMALL, trials, recipe, task):
            if result.trial in whole:
                equal(result, whole[result.trial], 1e-9)


def test_same_again_is_the_same_to_the_bit(recipe: Recipe, task: Task) -> None:
    first, second = (
        train_stack(SMALL, [0, 1], replace(recipe, precision="float32"), task) for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert (a.valid_loss == b.valid_loss).all()
        assert a.test_loss == b.test_loss


def test_trials_differ(recipe: Recipe, task: Task) -> None:
    losses = [r.test_loss for r in train_stack(SMALL, range(6), recipe, task)]
    assert len(set(losses)) == 6


def test_global_generator_is_neither_read_nor_changed(recipe: Recipe, task: Task) -> None:
    torch.manual_seed(1)
    [first] = train_stack(SMALL, [0], recipe, task)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    [second] = train_stack(SMALL, [0], recipe, task)
    assert (before == torch.get_rng_state()).all()
    equal(first, second, 1e-12)


def test_a_network_that_diverges_fails_alone(
    recipe: Recipe, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = train_stack(SMALL, [0, 1, 2], recipe, task)

    def poisoned(network: torch.nn.Module, streams: object) -> None:
        initialise(network, streams)
        for weight in network.parameters():
            weight.detach().view(3, -1)[1, 0] = float("nan")

    monkeypatch.setattr(training, "initialise", poisoned)
    results = train_stack(SMALL, [0, 1, 2], recipe, task)
    assert [r.failed for r in results] == [False, True, False]
    assert np.isnan(results[1].valid_loss).all()
    assert np.isnan(results[1].test_loss)
    assert results[1].test_accuracy == 0
    assert (results[1].valid_accuracy == 0).all()
    for i in (0, 2):
        equal(results[i], healthy[i], 1e-9)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate ..."),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_stack(recipe: Recipe, task: Task, error: Exception) -> None:
    tried = []

    def build(stack: int) -> torch.nn.Module:
        tried.append(stack)
        if stack > 2:
            raise error
        return SMALL(stack)

    with pytest.warns(StackHalved, match="stack of [53] networks did not fit"):
        results = train_stack(build, range(5), recipe, task)
    assert tried == [5, 2, 3, 1, 2]
    assert [r.trial for r in results] == [0, 1, 2, 3, 4]
    assert [r.stack for r in results] == [2, 2, 1, 2, 2]


def test_out_of_memory_alone_is_raised(recipe: Recipe, task: Task) -> None:
    def build(stack: int) -> torch.nn.Module:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with (
        pytest.warns(StackHalved),
        pytest.raises(torch.OutOfMemoryError),
    ):
        train_stack(build, range(2), recipe, task)


def test_other_errors_are_raised(recipe: Recipe, task: Task) -> None:
    def build(stack: int) -> torch.nn.Module:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        train_stack(build, range(2), recipe, task)


def test_threads_are_put_back(recipe: Recipe, task: Task) -> None:
    before = torch.get_num_threads()
    train_stack(SMALL, [0], recipe, task, threads=before + 1)
    assert torch.get_num_threads() == before


def test_results_are_complete(recipe: Recipe, task: Task) -> None:
    for result in train_stack(SMALL, [0, 1], recipe, task):
        assert result.valid_accuracy.shape == result.valid_loss.shape == (3,)
        assert result.train_seconds > 0
        assert result.evaluation_seconds > 0
        assert 0 <= result.test_accuracy <= 1
        assert not result.failed


def test_learning_rates_warm_up_and_fall_to_zero(recipe: Recipe) -> None:
    rates = learning_rates(replace(recipe, epochs=4, warmup=1.0, learning_rate=0.2), steps=10)
    assert [len(epoch) for epoch in rates] == [10] * 4
    flat = np.concatenate(rates)
    np.testing.assert_allclose(flat[:10], 0.02 * np.arange(1, 11))
    assert flat[10] == pytest.approx(0.2)
    assert flat[25] == pytest.approx(0.1)
    assert (np.diff(flat[10:]) < 0).all()
    assert 0 < flat[-1] < 0.001


def test_an_epoch_shows_every_image_at_most_once_and_shifted(recipe: Recipe) -> None:
    """Images hold their own number in every pixel, the background is 0."""
    numbers = np.arange(1, 41, dtype=np.float32)
    images = np.broadcast_to(numbers[:, None, None, None], (40, 1, 4, 4)).copy()
    part = Part(images, np.arange(40))
    task = Task("numbers", part, part, part, 40, 0.0, "none")
    on_device = DeviceTask(task, torch.device("cpu"), torch.float32)
    streams = [generators(trial)[1] for trial in (0, 1)]
    seen: list[list[float]] = [[], []]
    moved = 0
    for x, y in on_device.epoch(streams, replace(recipe, batch=16, shift=1)):
        assert x.shape == (16, 2, 4, 4)
        for network in range(2):
            for image, label in zip(x[:, network], y.view(2, 16)[network], strict=True):
                assert set(image.unique().tolist()) <= {0.0, float(label) + 1}
                # At most a row and a column have moved out.
                assert int((image == 0).sum()) in (0, 4, 7)
                moved += bool((image == 0).any())
                seen[network].append(float(label))
    assert len(seen[0]) == len(set(seen[0])) == 32
    assert seen[0] != seen[1]
    assert 0.7 < moved / 64 < 1  # 8 of 9 positions on average
