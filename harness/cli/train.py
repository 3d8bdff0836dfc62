"""``harness train``: one architecture to its final score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.core.benchmark import Benchmark

INTERRUPTED = 130


def train(
    benchmark: Annotated[str, typer.Argument(help="A benchmark whose networks are trained here.")],
    architecture: Annotated[
        str, typer.Argument(help="In the notation of its space; 'random' draws one.")
    ],
    trials: Annotated[int, typer.Option(min=1, help="New training runs, of a table.")] = 3,
    stage: Annotated[
        str, typer.Option(help="Of a live benchmark: retraining, or evaluation as in a search.")
    ] = "retraining",
    seed: Annotated[int, typer.Option(min=0, help="Of a live training; draws 'random'.")] = 0,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write logs for TensorBoard as well.")
    ] = False,
) -> int:
    """Train one architecture.

    On a live benchmark it is retrained and tested, and the same command goes on after an
    interruption; torchrun divides it among several processes. On a benchmark with a table that is
    made here the new scores stand beside what the table says.

    Examples:
      harness train darts/cifar10:recipe=small random
      torchrun --nproc-per-node 2 -m harness train darts/cifar10 random
    """
    from harness.core.registry import load_benchmark
    from harness.live.live_benchmark import LiveBenchmark

    found = load_benchmark(benchmark)
    if isinstance(found, LiveBenchmark):
        from harness.cli.live_training import train_live

        return train_live(found, architecture, stage, seed, tensorboard)
    return _train_beside_table(found, benchmark, architecture, trials)


def _train_beside_table(table: Benchmark, benchmark: str, architecture: str, trials: int) -> int:
    import numpy as np

    from harness.live.tabulate import find_tabulation
    from harness.tables import TableBenchmark

    tabulation = find_tabulation(benchmark)
    arch = tabulation.space.from_str(architecture)
    if not isinstance(table, TableBenchmark):
        raise HarnessError(f"{benchmark} has no table to compare with")
    stored = table.reported_trials(arch)
    results = tabulation.train(arch, range(len(stored), len(stored) + trials))
    for result in results:
        curve = " ".join(f"{100 * accuracy:.1f}" for accuracy in result.valid_accuracy)
        print(
            f"trial {result.trial}: valid {curve} · test {100 * result.test_accuracy:.2f} · "
            f"{result.train_seconds:.2f} s"
        )
    fresh = np.array([100 * result.test_accuracy for result in results])
    print(f"trained now: test {_summary(fresh)}")
    print(f"in the table: test {_summary(stored)}")
    return 0


def _summary(scores: object) -> str:
    import numpy as np

    values = np.asarray(scores, dtype=np.float64)
    spread = f" ± {values.std(ddof=1):.2f}" if len(values) > 1 else ""
    return f"{values.mean():.2f}{spread} ({len(values)} trials, {values.min():.2f} to " + (
        f"{values.max():.2f})"
    )
