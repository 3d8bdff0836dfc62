"""One training of a live benchmark, with its progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.cli.progress import say
from harness.core.errors import HarnessError, UnknownName

if TYPE_CHECKING:
    from harness.core.space import Architecture
    from harness.live.live_benchmark import LiveBenchmark
    from harness.live.trainer import Step
    from harness.live.training_store import TrainingRecord

STAGES = ("evaluation", "retraining")
INTERRUPTED = 130


def train_live(
    benchmark: LiveBenchmark, architecture: str, stage: str, seed: int, tensorboard: bool
) -> int:
    """Train an architecture, or go on with it, and print what was measured.

    Raises:
        HarnessError: the architecture or stage is none, the training diverged, or data, memory or
            disk are lacking.
    """
    if stage not in STAGES:
        raise UnknownName("stage", stage, STAGES)
    arch = _architecture(benchmark, architecture, seed)
    from harness.live.devices import place

    with place() as where:
        folder = benchmark.training_id(arch, stage, seed, where.world).folder
        if where.first:
            _announce(benchmark, arch, stage, str(where.device), where.world)
        logs = _tensorboard(folder) if tensorboard and where.first else None
        try:
            with _progress(benchmark, where.first) as (watch, tell):

                def observe(record: TrainingRecord) -> None:
                    tell(record)
                    if logs:
                        logs(record)

                record = benchmark.train(
                    arch, stage, seed, place=where, watch=watch, observe=observe
                )
        except KeyboardInterrupt:
            say("Stopped. The same command goes on after the last whole epoch.")
            return INTERRUPTED
    if record.failure:
        raise HarnessError(record.failure)
    if where.first:
        _print(benchmark, record)
        say(f"Curves, architecture and more: harness show {folder}")
    return 0


def _architecture(benchmark: LiveBenchmark, text: str, seed: int) -> Architecture:
    if text != "random":
        return benchmark.space.from_str(text)
    import numpy as np

    return benchmark.space.sample(np.random.default_rng(seed))


def _announce(
    benchmark: LiveBenchmark, arch: Architecture, stage: str, device: str, world: int
) -> None:
    costs = benchmark.setup.costs(arch)
    many = f"{world} processes" if world > 1 else "one process"
    final = (
        f"final network of {costs['parameters']:,.0f} parameters, "
        f"{costs['flops'] / 2e6:,.1f}M multiply-adds"
    )
    say(f"{benchmark.id} · {stage} on {device}, {many} · {final}")
    say(f"  {benchmark.space.to_str(arch)}")


@contextmanager
def _progress(
    benchmark: LiveBenchmark, first: bool
) -> Iterator[tuple[Callable[[Step], None], Callable[[TrainingRecord], None]]]:
    """Tell of steps on a terminal, and of epochs everywhere."""
    metric = benchmark.setup.metric

    def line(record: TrainingRecord) -> str:
        row = record.curve[-1]
        return (
            f"  epoch {len(record.curve)} of {record.epochs}: "
            f"loss {row['training loss']:.4g} · {metric} {row.get(metric, float('nan')):.4g} · "
            f"{record.seconds[-1]:.0f} s"
        )

    if not first or not sys.stderr.isatty():
        yield (lambda step: None), (lambda record: say(line(record)))
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from harness.cli.dry_run import duration

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:

        def watch(step: Step) -> None:
            live.update(
                Text(
                    f"  epoch {step.epoch + 1}, step {step.step} of {step.steps}: loss "
                    f"{step.loss:.4g} · {step.speed:,.0f} examples/s · "
                    f"{duration(step.remaining)} left"
                )
            )

        def tell(record: TrainingRecord) -> None:
            live.console.print(line(record), highlight=False)

        yield watch, tell


def _tensorboard(folder: object) -> Callable[[TrainingRecord], None]:
    """Something that writes the newest epoch for TensorBoard.

    Raises:
        HarnessError: it is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise HarnessError(
            "--tensorboard needs the package tensorboard: pip install 'nas-harness[live]'"
        ) from None
    writer = SummaryWriter(f"{folder}/tensorboard")
    say(f"  tensorboard --logdir {folder}/tensorboard")

    def write(record: TrainingRecord) -> None:
        for name, value in record.curve[-1].items():
            writer.add_scalar(name, value, len(record.curve))
        writer.flush()

    return write


def _print(benchmark: LiveBenchmark, record: TrainingRecord) -> None:
    for name, value in record.measures(record.epochs).items():
        print(f"{name}: {value:.6g}")
    print(f"parameters: {record.parameters:,}")
    print(f"seconds: {record.seconds[-1]:.1f} ({record.device})")
