"""``harness train``: one architecture to its final score."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.core.errors import HarnessError


def train(
    benchmark: Annotated[str, typer.Argument(help="A benchmark whose table is made here.")],
    architecture: Annotated[str, typer.Argument(help="In the notation of its space.")],
    trials: Annotated[int, typer.Option(min=1, help="New training runs.")] = 3,
) -> int:
    """Train one architecture again and show it beside what the table says."""
    import numpy as np

    from harness.core.registry import load_benchmark
    from harness.live.tabulate import find_tabulation
    from harness.tables import TableBenchmark

    tabulation = find_tabulation(benchmark)
    arch = tabulation.space.from_str(architecture)
    table = load_benchmark(benchmark)
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
