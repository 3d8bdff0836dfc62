"""The benchmarks ``toy/*``."""

from __future__ import annotations

from collections.abc import Mapping

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError
from spaces.toy.asng import AsngBenchmark

# Settings of toy/asng with their least values.
_LEAST = {"variables": 1, "choices": 2}


class ToyFamily(BenchmarkFamily):
    """The toy problem of ASNG."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "30 variables of 5 choices with a loss in closed form, and weights to learn beside"
        )
        return [BenchmarkEntry("toy/asng", summary, settings=tuple(_LEAST))]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        return AsngBenchmark(**{name: _count(name, text) for name, text in settings.items()})


def _count(name: str, text: str) -> int:
    if name not in _LEAST:
        raise HarnessError(f"toy/asng has no setting {name}. All: {', '.join(_LEAST)}")
    if not text.isdecimal() or int(text) < _LEAST[name]:
        raise HarnessError(
            f"{name}={text} of toy/asng: write a whole number from {_LEAST[name]} up"
        )
    return int(text)
