"""Architectures that a search recommends against random ones, retrained by the same recipe.

harness compare results/studies/live/cifar10-lossless.toml
python results/against_random.py results/cifar10-lossless --random 8

The architecture of each seed meets random ones of its own. All are retrained with the same key, so
they see the same batches in the same order. Trainings that are there already are not repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy import stats

from harness.analysis.significance import sign_flip_p
from harness.core.registry import load_benchmark
from harness.live.live_benchmark import RETRAINING, LiveBenchmark
from harness.study.shards import read_shard


def recommended(folder: Path) -> dict[tuple[str, str], dict[int, tuple[int, ...]]]:
    """What each seed recommended, by benchmark and method; failed runs are left out."""
    found: dict[tuple[str, str], dict[int, tuple[int, ...]]] = {}
    for path in sorted(folder.glob("runs/*/*/[0-9]*.parquet")):
        rows, told = read_shard(path)
        own = found.setdefault((told["given"]["benchmark"], told["given"]["method"]), {})
        for row in rows.select(["seed", "recommended", "error"]).to_pylist():
            if not row["error"]:
                own[row["seed"]] = tuple(row["recommended"])
    return {key: dict(sorted(own.items())) for key, own in found.items()}


def retrained(benchmark: LiveBenchmark, arch: tuple[int, ...]) -> dict[str, float]:
    """What the final network of an architecture measures."""
    record = benchmark.train(arch, RETRAINING, 0)
    return {**record.measures(record.epochs), "parameters": float(record.parameters)}


def table(
    name: str, metric: str, found: dict[int, dict[str, float]], others: dict[int, list[float]]
) -> Iterator[str]:
    """One method against the random architectures, as Markdown."""
    yield f"| seed | {name} | parameters | random, mean | best | worst |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for seed, own in found.items():
        drawn = others[seed]
        yield (
            f"| {seed} | {own[metric]:.2f} | {own['parameters']:,.0f} | {np.mean(drawn):.2f} | "
            f"{min(drawn):.2f} | {max(drawn):.2f} |"
        )
    gaps = np.array([found[seed][metric] - np.mean(others[seed]) for seed in found])
    low, high = stats.t.interval(0.95, len(gaps) - 1, gaps.mean(), stats.sem(gaps))
    p = sign_flip_p(gaps, np.random.default_rng(0))
    ranks = [sum(value < found[seed][metric] for value in others[seed]) + 1 for seed in found]
    every = np.concatenate([others[seed] for seed in found])
    yield ""
    yield (
        f"{metric}: {name} {np.mean([own[metric] for own in found.values()]):.2f}, random "
        f"{every.mean():.2f} (deviation {every.std(ddof=1):.2f}, n {len(every)}). "
        f"Difference {gaps.mean():+.2f} [{low:+.2f}, {high:+.2f}] (95 %, t, n {len(gaps)}), "
        f"sign-flip p {p:.3f}. Places among itself and the {len(others[next(iter(found))])} random "
        f"ones of its seed: {', '.join(map(str, ranks))} (1 has the smallest number)."
    )


def main() -> None:
    """Retrain what is missing and print the table of each method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--random", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    for (id, method), archs in recommended(given.folder).items():
        benchmark = load_benchmark(id)
        assert isinstance(benchmark, LiveBenchmark)
        drawn = {
            seed: [
                benchmark.space.sample(np.random.default_rng([seed, i]))
                for i in range(given.random)
            ]
            for seed in archs
        }
        wanted = [*archs.values(), *(arch for own in drawn.values() for arch in own)]
        values = Parallel(n_jobs=given.jobs)(delayed(retrained)(benchmark, arch) for arch in wanted)
        known = dict(zip(wanted, values, strict=True))
        metric = benchmark.setup.metric
        found = {seed: known[arch] for seed, arch in archs.items()}
        others = {seed: [known[arch][metric] for arch in own] for seed, own in drawn.items()}
        print(f"### {method} on {id}\n")
        print("\n".join(table(method, metric, found, others)), "\n")


if __name__ == "__main__":
    main()
