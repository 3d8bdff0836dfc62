"""Rules of randomness: all of it comes from the run's own generator."""

from __future__ import annotations

import gc
import pickle
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.testing.lab import Lab, Violation, WatchedBenchmark, refuse_difference

_DRAW = "Draw from problem.rng and nothing else"


def same_seed(lab: Lab) -> str:
    """The same seed gives the same search, to the last bit."""
    first, second = lab.run([0, 1]), lab.run([0, 1])
    refuse_difference(
        first, second, "Run twice", f"{_DRAW}: no clock, no generator of your own without a seed"
    )
    return "two runs of two seeds are bit-identical"


class _GeneratorWatch(WatchedBenchmark):
    """Counts generators that come to life while a method searches."""

    def __init__(self) -> None:
        super().__init__()
        self._before = {id(generator) for generator in _generators()}
        self.found = 0

    def watch(self) -> None:
        """Look once, a little into the search."""
        if self.asked == 5:
            self.found = sum(id(generator) not in self._before for generator in _generators())


def _generators() -> list[object]:
    kinds = (random.Random, np.random.Generator, np.random.RandomState)
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kinds)]


def other_seeds(lab: Lab) -> str:
    """Another seed gives another search, unless the method draws nothing at all."""
    records = lab.run([0, 1, 2])
    searches = {(record.trace.archs.tobytes(), repr(record.logs)) for record in records}
    if len(searches) > 1:
        return f"{len(searches)} of 3 seeds differ"
    watched = _GeneratorWatch()
    lab.run([3], watched)
    # The run's own generator is one of those that are found.
    if watched.found > 1:
        raise Violation(
            f"three seeds ask for the same architectures, and {watched.found - 1} generators "
            f"besides problem.rng are in use. {_DRAW}"
        )
    return "the method draws nothing: the same architectures under every seed"


def _global_states() -> dict[str, bytes]:
    states: dict[str, Any] = {
        "random": random.getstate(),
        "numpy.random": np.random.get_state(legacy=False),  # noqa: NPY002
    }
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state().numpy().tobytes()
    return {name: pickle.dumps(state) for name, state in states.items()}


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed the global generators for a while."""
    before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    torch_before = torch.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numpy_before)  # noqa: NPY002
        if torch:
            torch.set_rng_state(torch_before)


def global_random(lab: Lab) -> str:
    """Global generators are neither used nor seeded."""
    with _global_seed(1):
        before = _global_states()
        first = lab.run([0])
        after = _global_states()
    with _global_seed(2):
        second = lab.run([0])
    changed = [name for name, state in before.items() if after[name] != state]
    if changed:
        raise Violation(
            f"the global generator of {' and '.join(changed)} was drawn from or seeded. {_DRAW}"
        )
    refuse_difference(first, second, "With global generators seeded otherwise", _DRAW)
    return "untouched, and without influence"
