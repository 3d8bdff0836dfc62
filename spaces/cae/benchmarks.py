"""The benchmarks ``cae/*``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Benchmark, BenchmarkEntry, BenchmarkFamily, HarnessError
from harness.live import family
from harness.live.images.celeba import celeba_folder

if TYPE_CHECKING:
    from harness.live.setup import LiveSetup

_MASKS = {
    "center": "the square in the middle",
    "pixel": "80 % of the pixels",
    "half": "the left, upper, right or lower half",
}
_DEFAULTS = {family.RECIPE: "full", "mixed": "no"}


def _missing() -> str:
    folder = celeba_folder() / "img_align_celeba"
    return family.lacking(("torch", "PIL"), "celeba", folder)


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
                family.settings_of(_DEFAULTS),
            )
            for mask, what in _MASKS.items()
        ]

    def make(self, dataset: str, settings: Mapping[str, str]) -> Benchmark:
        """See `BenchmarkFamily.make`."""
        id = f"cae/{dataset}"

        def setup(given: Mapping[str, str]) -> LiveSetup:
            from spaces.cae.setup import CelebASetup

            if given["mixed"] not in ("yes", "no"):
                raise HarnessError(f"{id}: mixed={given['mixed']} is neither yes nor no")
            mask = dataset.removeprefix("celeba-")
            return CelebASetup(mask, given[family.RECIPE], given["mixed"] == "yes")

        return family.live_benchmark(id, settings, _DEFAULTS, _missing(), setup)
