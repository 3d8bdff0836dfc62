"""What the families of benchmarks on CIFAR-10 share; no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError, MissingData
from harness.core.names import format_reference
from harness.live.images.cifar import cifar10_folder

if TYPE_CHECKING:
    from harness.live.images.cifar_setup import Cifar10Setup

SETTINGS = ("folder", "recipe")


def missing() -> str:
    """Why the benchmarks cannot be used on this machine; empty where they can."""
    if not find_spec("torch"):
        return "needs torch: pip install 'nas-harness[live]'"
    if not cifar10_folder().is_dir():
        return (
            f"needs images that are not on this machine (looked for {cifar10_folder()}).\n"
            "  How to get them: harness data fetch cifar10"
        )
    return ""


def live_benchmark(
    id: str, settings: Mapping[str, str], setup: Callable[[str], Cifar10Setup]
) -> Benchmark:
    """A benchmark.

    Args:
        id: without settings.
        settings: ``recipe``, and ``folder``, the name of another folder below ``live`` with images
            in the layout of CIFAR-10.
        setup: makes one for a recipe.

    Raises:
        HarnessError: another setting, or no such recipe.
        MissingData: torch or the images are not on this machine.
    """
    from harness.live.live_benchmark import LiveBenchmark

    if unknown := sorted({*settings} - {*SETTINGS}):
        raise HarnessError(f"{id} has no setting {unknown[0]}. All: {', '.join(SETTINGS)}")
    looked_at = "folder" not in settings or not find_spec("torch")
    if looked_at and (reason := missing()):
        raise MissingData(f"{id} {reason}")
    made = setup(settings.get("recipe", "full"))
    if "folder" in settings:
        made.data = replace(made.data, folder=settings["folder"])
    given = {name: value for name, value in sorted(settings.items()) if value != "full"}
    return LiveBenchmark(format_reference(id, given), made)
