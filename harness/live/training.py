"""Training of stacked networks: T trials at once, each exactly as if it were alone."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harness.live.batches import DeviceTask, channels_last
from harness.live.layers import initialise
from harness.live.recipe import Recipe
from harness.live.tasks import Task
from harness.live.torch_tools import is_out_of_memory

# Makes T networks in one module: (batch, T * channels, height, width) -> (T, batch, classes).
Builder = Callable[[int], nn.Module]

_Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class TrialResult:
    """What one trained network was measured to be.

    Attributes:
        trial: number of the trial; all of its randomness follows from it.
        valid_accuracy: share of right answers after each epoch, shape (epochs,).
        valid_loss: mean cross-entropy in nats after each epoch, shape (epochs,).
        test_accuracy: share of right answers after the last epoch.
        test_loss: mean cross-entropy in nats after the last epoch.
        train_seconds: training time of the stack divided by its networks: processor time on a CPU
            (which other programs disturb less than wall time), wall time elsewhere.
        evaluation_seconds: the same for all evaluations together.
        parameters: number of trained numbers of the network.
        stack: networks that were trained together.
        failed: whether a loss was not finite; the network's answers count as wrong from there on.
    """

    trial: int
    valid_accuracy: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    test_accuracy: float
    test_loss: float
    train_seconds: float
    evaluation_seconds: float
    parameters: int
    stack: int
    failed: bool


class StackHalved(UserWarning):
    """A stack did not fit into memory and is trained in two halves."""


def train_stack(
    build: Builder,
    trials: Sequence[int],
    recipe: Recipe,
    task: Task,
    device: torch.device | str = "cpu",
    threads: int = 1,
) -> list[TrialResult]:
    """Train one architecture once per trial, all trials at the same time.

    A trial's initial weights, order of the data and augmentation depend on its number alone, and
    the order and augmentation not even on the architecture: differences between architectures are
    paired. A stack that does not fit into memory is halved, with a warning, until it does.

    Args:
        build: makes the network in a given number of copies.
        trials: numbers from 0 up, all different.
        recipe: how to train.
        task: what to train on.
        device: where to train.
        threads: of a training on a CPU; more than one pays for large networks only, and small ones
            become many times slower where another program wants a core.

    Returns:
        One result per trial, in the order given.
    """
    try:
        with _threads(threads):
            return _train(build, trials, recipe, task, torch.device(device))
    except (RuntimeError, MemoryError) as error:
        if len(trials) == 1 or not is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0]
    # Outside of the handler, where the traceback no longer holds the tensors.
    half = len(trials) // 2
    warnings.warn(
        f"a stack of {len(trials)} networks did not fit into memory ({reason}): "
        f"going on with stacks of {half} and {len(trials) - half}",
        StackHalved,
        stacklevel=2,
    )
    return [
        result
        for part in (trials[:half], trials[half:])
        for result in train_stack(build, part, recipe, task, device, threads)
    ]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def generators(trial: int) -> tuple[torch.Generator, torch.Generator]:
    """The two sources of a trial's randomness: initial weights, and data.

    They live on the CPU whatever the device, so that a trial is the same on all of them.
    """
    weights, data = np.random.SeedSequence(trial).generate_state(2, np.uint64)
    return (
        torch.Generator().manual_seed(int(weights >> 1)),
        torch.Generator().manual_seed(int(data >> 1)),
    )


def _train(
    build: Builder, trials: Sequence[int], recipe: Recipe, task: Task, device: torch.device
) -> list[TrialResult]:
    stack = len(trials)
    clock = _clock(device)
    weight_streams, data_streams = zip(*map(generators, trials), strict=True)
    network = build(stack)
    initialise(network, weight_streams)
    dtype = torch.float64 if recipe.precision == "float64" else torch.float32
    network.to(device, dtype)
    images = DeviceTask.of(task, device, dtype)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    rates = learning_rates(recipe, len(task.train.labels) // recipe.batch)
    training = evaluating = 0.0
    curve = []
    for epoch_rates in rates:
        start = clock()
        network.train()
        batches = images.epoch(data_streams, recipe)
        for rate, (x, y) in zip(epoch_rates, batches, strict=True):
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            logits = network(x)
            # The sum over networks of each one's mean: no network's gradient sees another's loss.
            loss = functional.cross_entropy(
                logits.flatten(0, 1),
                y,
                reduction="sum",
                label_smoothing=recipe.label_smoothing,
            )
            torch.autograd.backward(loss / recipe.batch)
            optimizer.step()
        middle = clock()
        curve.append(_evaluate(network, stack, images.valid))
        training += middle - start
        evaluating += clock() - middle
    start = clock()
    test = _evaluate(network, stack, images.test)
    evaluating += clock() - start
    accuracy, losses = np.stack(curve, axis=-1)
    return [
        TrialResult(
            trial=trial,
            valid_accuracy=accuracy[i],
            valid_loss=losses[i],
            test_accuracy=float(test[0][i]),
            test_loss=float(test[1][i]),
            train_seconds=training / stack,
            evaluation_seconds=evaluating / stack,
            parameters=sum(weight.numel() for weight in network.parameters()) // stack,
            stack=stack,
            failed=not (np.isfinite(losses[i]).all() and np.isfinite(test[1][i])),
        )
        for i, trial in enumerate(trials)
    ]


def learning_rates(recipe: Recipe, steps: int) -> list[list[float]]:
    """The learning rate of each step, one list an epoch; see `Recipe`.

    Args:
        recipe: how to train.
        steps: steps in an epoch.
    """
    warm, total = recipe.warmup * steps, recipe.epochs * steps
    rates = [
        recipe.learning_rate
        * (
            (step + 1) / warm
            if step + 1 <= warm
            else (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2
        )
        for step in range(total)
    ]
    return [rates[start : start + steps] for start in range(0, total, steps)]


def _clock(device: torch.device) -> Callable[[], float]:
    if device.type == "cpu":
        return time.process_time

    def wall() -> float:
        torch.accelerator.synchronize(device)
        return time.perf_counter()

    return wall


def _evaluate(network: nn.Module, stack: int, batches: list[tuple[Tensor, Tensor]]) -> _Curve:
    """Accuracy and mean loss of each network, two arrays of shape (T,)."""
    network.eval()
    right = loss = torch.zeros(stack, dtype=torch.float64)
    count = 0
    with torch.inference_mode():
        for x, y in batches:
            logits = network(channels_last(x.repeat(1, stack, 1, 1)))
            answers = y.expand(stack, -1)
            losses = functional.cross_entropy(
                logits.flatten(0, 1), answers.flatten(), reduction="none"
            ).view_as(answers)
            # A network that gives no number gives no answer.
            right = right + ((logits.argmax(-1) == answers) & losses.isfinite()).sum(1).cpu()
            loss = loss + losses.double().sum(1).cpu()
            count += len(y)
    return right.numpy() / count, loss.numpy() / count
