"""What a study with live benchmarks would take, from a few measured steps; needs torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.space import Architecture
from harness.live.devices import Place, best_device
from harness.live.examples import Batch, changed
from harness.live.flops import count_flops, count_parameters
from harness.live.learning import FORWARD, Learning
from harness.live.live_benchmark import LiveBenchmark
from harness.live.stochastic import give_generator
from harness.live.torch_tools import one_thread
from harness.live.training_recipe import TrainingRecipe

# A probe of a step goes on to more examples while it is expected to take less than so many seconds.
PROBE_SECONDS = 4.0


@dataclass(frozen=True)
class StageEstimate:
    """What one training takes.

    Attributes:
        parameters: of the network.
        flops: of one example, forward; a multiply-add is two.
        examples: to train on.
        judged: examples that are judged after each epoch.
        steps: in an epoch.
        batch: examples a step.
        step_seconds: of one step, extrapolated from as many examples as fit into a short probe.
        probed: examples of the probe.
        epochs: of the recipe.
    """

    parameters: int
    flops: int
    examples: int
    judged: int
    steps: int
    batch: int
    step_seconds: float
    probed: int
    epochs: int

    @property
    def epoch_seconds(self) -> float:
        """Training and judging once."""
        judging = FORWARD * self.judged / self.batch
        return self.step_seconds * (self.steps + judging)

    @property
    def seconds(self) -> float:
        """The whole training."""
        return self.epochs * self.epoch_seconds


@dataclass(frozen=True)
class DryRun:
    """What a live benchmark takes on the present device.

    Attributes:
        device: where it was measured.
        checksum: of the data, which was read.
        evaluation: a query at full fidelity, of a random architecture.
        supernet: an epoch of one path; None where the space has no supernet.
        retraining: of the same architecture.
    """

    device: str
    checksum: str
    evaluation: StageEstimate
    supernet: StageEstimate | None
    retraining: StageEstimate


def dry_run(benchmark: LiveBenchmark, rng: np.random.Generator) -> DryRun:
    """Read the data, make the networks and measure steps; nothing is trained.

    Args:
        benchmark: is looked at.
        rng: draws the architecture.

    Raises:
        HarnessError: data is missing or damaged.
    """
    setup, place = benchmark.setup, Place(best_device())
    arch = benchmark.space.sample(rng)
    checksum = benchmark.data
    evaluation, retraining = setup.recipe.evaluation, setup.recipe.retraining
    with one_thread():
        return DryRun(
            str(place.device),
            checksum,
            _network(benchmark.task, arch, evaluation, place),
            _supernet(benchmark, arch, evaluation, place),
            _network(benchmark.final, arch, retraining, place),
        )


def _network(
    learning: Learning, arch: Architecture, recipe: TrainingRecipe, place: Place
) -> StageEstimate:
    network = learning.network(arch, torch.Generator().manual_seed(0)).to(place.device)
    return _estimate(network, learning, recipe, place, count_parameters(network))


def _supernet(
    benchmark: LiveBenchmark, arch: Architecture, recipe: TrainingRecipe, place: Place
) -> StageEstimate | None:
    from harness.live.supernet import SinglePath

    supernet = benchmark.task.supernet(torch.Generator().manual_seed(0), "batch")
    parameters = count_parameters(supernet)
    path = SinglePath(supernet, arch).to(place.device)
    return _estimate(path, benchmark.task, recipe, place, parameters)


def _estimate(
    network: nn.Module, learning: Learning, recipe: TrainingRecipe, place: Place, parameters: int
) -> StageEstimate:
    examples = len(learning.train)
    batch = min(recipe.batch, examples)
    seconds, probed = _step_seconds(network, learning, batch, place)
    one = learning.judged.batch(torch.arange(1), place.device)[0]
    return StageEstimate(
        parameters=parameters,
        flops=count_flops(network, one),
        examples=examples,
        judged=len(learning.judged),
        steps=recipe.steps or -(-examples // recipe.batch),
        batch=batch,
        step_seconds=seconds,
        probed=probed,
        epochs=recipe.epochs,
    )


def _step_seconds(
    network: nn.Module, learning: Learning, batch: int, place: Place
) -> tuple[float, int]:
    """Seconds of a step, and of how many examples they were measured."""
    clock = place.clock()
    generator = torch.Generator().manual_seed(0)
    give_generator(network, torch.Generator(place.device).manual_seed(0))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)
    network.train()
    size = min(4, batch)
    _step(network, learning, _drawn(learning, size, place, generator), optimizer)
    while True:
        start = clock()
        _step(network, learning, _drawn(learning, size, place, generator), optimizer)
        passed = clock() - start
        larger = min(4 * size, batch)
        if larger == size or passed * larger / size > PROBE_SECONDS:
            return passed * batch / size, size
        size = larger


def _drawn(learning: Learning, size: int, place: Place, generator: torch.Generator) -> Batch:
    index = torch.randperm(len(learning.train), generator=generator)[:size]
    return learning.train.batch(index, place.device, generator)


def _step(
    network: nn.Module, learning: Learning, batch: Batch, optimizer: torch.optim.Optimizer
) -> None:
    inputs, targets = batch
    optimizer.zero_grad(set_to_none=True)
    loss = learning.loss(changed(network(inputs), Tensor.float), targets)
    torch.autograd.backward(loss)
    optimizer.step()
