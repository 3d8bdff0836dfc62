"""The benchmark ``enas-micro/cifar10``."""

from __future__ import annotations

from collections.abc import Mapping

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily
from harness.live.images.cifar_family import SETTINGS, live_benchmark, missing


class EnasMicroFamily(BenchmarkFamily):
    """CIFAR-10 with the networks of ASNG-NAS."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = "two cells of five nodes (ASNG-NAS), trained live; recipe=full|small"
        return [BenchmarkEntry("enas-micro/cifar10", summary, missing(), SETTINGS)]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        from spaces.enas_micro.setup import EnasMicroSetup

        return live_benchmark(f"enas-micro/{dataset}", settings, EnasMicroSetup)
