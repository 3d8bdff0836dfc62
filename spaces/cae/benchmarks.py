"""The benchmarks ``cae/*``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError, MissingData
from harness.live.images.celeba import celeba_folder

_MASKS = {
    "center": "the square in the middle",
    "pixel": "80 % of the pixels",
    "half": "the left, upper, right or lower half",
}
_DEFAULTS = {"recipe": "full", "mixed": "no"}


def _missing() -> str:
    if not all(find_spec(module) for module in ("torch", "PIL")):
        return "needs torch and Pillow: pip install 'nas-harness[live]'"
    if not (celeba_folder() / "img_align_celeba").is_dir():
        return (
            f"needs images that are not on this machine (looked for {celeba_folder()}).\n"
            "  How to get them: harness data fetch celeba"
        )
    return ""


class CaeFamily(BenchmarkFamily):
    """Inpainting of faces by autoencoders."""

    def entries(self) -> list[BenchmarkEntry]:
        """See `BenchmarkFamily.entries`."""
        missing = _missing()
        return [
            BenchmarkEntry(
                f"cae/celeba-{mask}",
                f"autoencoders that complete faces of which {what} is missing (ASNG-NAS), trained "
                "live; recipe=full|small, mixed=yes has integers",
                missing,
                tuple(_DEFAULTS),
            )
            for mask, what in _MASKS.items()
        ]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        from harness.live.live_benchmark import LiveBenchmark
        from spaces.cae.setup import CelebASetup

        id = f"cae/{dataset}"
        if unknown := sorted({*settings} - {*_DEFAULTS}):
            raise HarnessError(f"{id} has no setting {unknown[0]}. All: {', '.join(_DEFAULTS)}")
        given = {**_DEFAULTS, **settings}
        if given["mixed"] not in ("yes", "no"):
            raise HarnessError(f"{id}: mixed={given['mixed']} is neither yes nor no")
        if missing := _missing():
            raise MissingData(f"{id} {missing}")
        mask = dataset.removeprefix("celeba-")
        setup = CelebASetup(mask, given["recipe"], given["mixed"] == "yes")
        own = [f"{name}={text}" for name, text in given.items() if text != _DEFAULTS[name]]
        return LiveBenchmark(id + (f":{','.join(own)}" if own else ""), setup)
