"""What the families of benchmarks on CIFAR-10 share; no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.core.benchmark import Benchmark
from harness.live import family
from harness.live.images.cifar import FOLDER, cifar10_folder

if TYPE_CHECKING:
    from harness.live.images.cifar_setup import Cifar10Setup

# `folder` is the name of a folder below ``live`` with images in the layout of CIFAR-10.
_DEFAULTS = {"folder": FOLDER, family.RECIPE: "full"}
SETTINGS = family.settings_of(_DEFAULTS)


def missing(folder: str = FOLDER) -> str:
    """Why the benchmarks cannot be used on this machine; empty where they can."""
    return family.lacking(("torch",), FOLDER, cifar10_folder(folder))


def live_benchmark(
    id: str, settings: Mapping[str, str], setup: Callable[[str], Cifar10Setup]
) -> Benchmark:
    """A benchmark; see `harness.live.family.live_benchmark`.

    Args:
        id: without settings.
        settings: as they were given.
        setup: makes one for a recipe.
    """

    def made(given: Mapping[str, str]) -> Cifar10Setup:
        found = setup(given[family.RECIPE])
        found.data = replace(found.data, folder=given["folder"])
        return found

    lacks = missing(settings.get("folder", FOLDER))
    return family.live_benchmark(id, settings, _DEFAULTS, lacks, made)
