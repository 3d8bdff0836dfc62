"""The benchmarks ``mobile/*``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError
from harness.live import family
from harness.live.images.imagenet import imagenet_folder

if TYPE_CHECKING:
    from harness.live.setup import LiveSetup

_DEFAULTS = {family.RECIPE: "full", "max_flops": "0"}


def _missing() -> str:
    modules = ("torch", "PIL", "filelock")
    return family.lacking(modules, "imagenet", imagenet_folder() / "train")


class MobileFamily(BenchmarkFamily):
    """ImageNet with networks for mobile phones."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "chains of 21 inverted bottlenecks (SemiNAS), trained live; recipe=full|small, "
            "max_flops=1.2e9 is the usual limit of 600M multiply-adds"
        )
        return [
            BenchmarkEntry("mobile/imagenet", summary, _missing(), family.settings_of(_DEFAULTS))
        ]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        id = f"mobile/{dataset}"

        def setup(given: Mapping[str, str]) -> LiveSetup:
            from spaces.mobile.setup import ImageNetSetup

            return ImageNetSetup(given[family.RECIPE], _number(given["max_flops"], id))

        return family.live_benchmark(id, settings, _DEFAULTS, _missing(), setup)


def _number(text: str, id: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise HarnessError(f"{id}: max_flops={text} is no number from 0 up")
    return value
