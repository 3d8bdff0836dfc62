"""The benchmarks ``mobile/*``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.util import find_spec

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError, MissingData
from harness.live.images.imagenet import imagenet_folder

_DEFAULTS = {"recipe": "full", "max_flops": "0"}


def _missing() -> str:
    if not all(find_spec(module) for module in ("torch", "PIL", "filelock")):
        return "needs torch and Pillow: pip install 'nas-harness[live]'"
    if not (imagenet_folder() / "train").is_dir():
        return (
            f"needs images that are not on this machine (looked for {imagenet_folder()}).\n"
            "  How to get them: harness data fetch imagenet"
        )
    return ""


class MobileFamily(BenchmarkFamily):
    """ImageNet with networks for mobile phones."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "chains of 21 inverted bottlenecks (SemiNAS), trained live; recipe=full|small, "
            "max_flops=1.2e9 is the usual limit of 600M multiply-adds"
        )
        return [BenchmarkEntry("mobile/imagenet", summary, _missing(), tuple(_DEFAULTS))]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        from harness.live.live_benchmark import LiveBenchmark
        from spaces.mobile.setup import ImageNetSetup

        id = f"mobile/{dataset}"
        if unknown := sorted({*settings} - {*_DEFAULTS}):
            raise HarnessError(f"{id} has no setting {unknown[0]}. All: {', '.join(_DEFAULTS)}")
        given = {**_DEFAULTS, **settings}
        limit = _number(given["max_flops"], id)
        if missing := _missing():
            raise MissingData(f"{id} {missing}")
        setup = ImageNetSetup(given["recipe"], limit)
        own = [f"{name}={text}" for name, text in given.items() if text != _DEFAULTS[name]]
        return LiveBenchmark(id + (f":{','.join(own)}" if own else ""), setup)


def _number(text: str, id: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise HarnessError(f"{id}: max_flops={text} is no number from 0 up")
    return value
