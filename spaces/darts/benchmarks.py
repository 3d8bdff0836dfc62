"""The benchmark ``darts/cifar10``."""

from __future__ import annotations

from collections.abc import Mapping

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily
from harness.live.images.cifar_family import SETTINGS, live_benchmark, missing


class DartsFamily(BenchmarkFamily):
    """CIFAR-10 with networks of DARTS's cells."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = "two cells of four nodes (DARTS), trained live; recipe=full|medium|small"
        return [BenchmarkEntry("darts/cifar10", summary, missing(), SETTINGS)]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        from spaces.darts.setup import DartsSetup

        return live_benchmark(f"darts/{dataset}", settings, DartsSetup)
