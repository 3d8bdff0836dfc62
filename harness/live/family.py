"""What families of live benchmarks share: what is lacking, and how settings are read; no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError, MissingData
from harness.core.names import format_reference

if TYPE_CHECKING:
    from harness.live.live_benchmark import LiveBenchmark
    from harness.live.setup import LiveSetup

RECIPE, TRIALS = "recipe", "trials"


def lacking(modules: Sequence[str], data: str, path: Path, what: str = "images") -> str:
    """Why benchmarks cannot be used on this machine and what to do; empty where they can.

    Args:
        modules: that must be installed, all of them part of the extra ``live``.
        data: name of the data.
        path: without which nothing of it is there.
        what: the data is.
    """
    if absent := [module for module in modules if not find_spec(module)]:
        return f"needs {' and '.join(absent)}: pip install 'nas-harness[live]'"
    if not path.exists():
        return (
            f"needs {what} that are not on this machine (looked for {path}).\n"
            f"  How to get them: harness data fetch {data}"
        )
    return ""


def settings_of(defaults: Mapping[str, str]) -> tuple[str, ...]:
    """Names of all settings of a benchmark: its own, and `TRIALS`."""
    return (*defaults, TRIALS)


def live_benchmark(
    id: str,
    settings: Mapping[str, str],
    defaults: Mapping[str, str],
    missing: str,
    setup: Callable[[Mapping[str, str]], LiveSetup],
) -> LiveBenchmark:
    """A benchmark.

    Args:
        id: without settings.
        settings: as they were given.
        defaults: the benchmark's own settings, `RECIPE` among them.
        missing: see `lacking`.
        setup: makes one for all settings.

    Raises:
        HarnessError: a setting is unknown or wrong.
        MissingData: something is lacking.
    """
    known = settings_of(defaults)
    if unknown := sorted({*settings} - {*known}):
        raise HarnessError(f"{id} has no setting {unknown[0]}. All: {', '.join(known)}")
    trials = settings.get(TRIALS, "1")
    if not trials.isdecimal() or not int(trials):
        raise HarnessError(f"{id}: trials={trials} is no whole number from 1 up")
    if missing:
        raise MissingData(f"{id} {missing}")
    # Not above: what it needs is what may be missing.
    from harness.live.live_benchmark import LiveBenchmark

    given = {name: settings.get(name, default) for name, default in defaults.items()}
    changed = {name: text for name, text in given.items() if text != defaults[name]}
    return LiveBenchmark(format_reference(id, changed), setup(given), int(trials))
