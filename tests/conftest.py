"""What all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is written to the user's cache, and nothing found there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name in ("HARNESS_CACHE", "HARNESS_TRAININGS"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def harness_data() -> Path:
    """The folder with the real tables that are not part of a package."""
    given = os.environ.get("HARNESS_DATA")
    if not given or not (Path(given) / "nasbench201" / "nasbench201.parquet").is_file():
        pytest.skip("HARNESS_DATA does not name a folder with the real tables")
    return Path(given)


def _reachable(start: object) -> set[float]:
    """All numbers that can be reached from an object, elements of arrays included."""
    seen: set[int] = set()
    numbers: set[float] = set()
    stack = [start]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, ModuleType | type):
            continue
        seen.add(id(thing))
        if isinstance(thing, float):
            numbers.add(thing)
        elif isinstance(thing, np.ndarray) and thing.dtype != object:
            numbers.update(thing.ravel().tolist())
        # The globals of a function lead to all of the tests, and so to the number looked for.
        if isinstance(thing, FunctionType):
            stack.extend(cell.cell_contents for cell in thing.__closure__ or ())
        else:
            stack.extend(gc.get_referents(thing))
    return numbers


@pytest.fixture
def reachable() -> Callable[[object], set[float]]:
    """All numbers that can be reached from an object."""
    return _reachable
