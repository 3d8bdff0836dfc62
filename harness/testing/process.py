"""Runs in interpreters of their own, with another hash seed and a record of what is printed."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from joblib.externals.loky.backend.reduction import dumps

from harness.core.method import Method
from harness.study.run import RunRecord
from harness.testing.lab import Given, Lab, Violation

_BEGIN, _END = "<<the runs begin>>", "<<the runs end>>"


@dataclass(frozen=True)
class _Errand:
    """What a process is to do: run seeds of a method on an ordinary synthetic benchmark."""

    path: list[str]
    method: str | _Portable
    seeds: tuple[int, ...]
    queries: int
    time_limit: float


@dataclass(frozen=True)
class _Portable:
    """A method that is not given by name, with the module that another process needs for it."""

    module: str
    file: str
    pickled: bytes

    @classmethod
    def of(cls, method: Method) -> _Portable:
        module = type(method).__module__
        try:
            pickled = bytes(dumps(method))
        except Exception as error:
            raise Violation(f"the method cannot be sent to another process: {error}") from error
        return cls(module, getattr(sys.modules[module], "__file__", "") or "", pickled)

    def load(self) -> Method:
        if self.module not in sys.modules:
            # A test runner can name a module "tests.test_mine" where no package "tests" can be
            # imported; unpickling asks for it all the same.
            parents = self.module.split(".")[:-1]
            for depth in range(1, len(parents) + 1):
                parent = ".".join(parents[:depth])
                sys.modules.setdefault(parent, ModuleType(parent))
            spec = importlib.util.spec_from_file_location(self.module, self.file)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[self.module] = module
            spec.loader.exec_module(module)
        method: Method = pickle.loads(self.pickled)
        return method


def run_elsewhere(
    given: Given, lab: Lab, seeds: Sequence[int], hash_seeds: Sequence[int]
) -> list[tuple[list[RunRecord], str]]:
    """Run seeds in one fresh interpreter for each hash seed, all at once.

    Returns:
        For each of them the records, and what was printed during the runs.

    Raises:
        Violation: a process died or did not end.
    """
    errand = _Errand(
        sys.path,
        given if isinstance(given, str) else _Portable.of(lab.method),
        tuple(seeds),
        lab.queries,
        lab.seconds_left,
    )
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "errand"
        asked.write_bytes(pickle.dumps(errand))
        answers = [Path(folder) / f"answer{i}" for i in range(len(hash_seeds))]
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(asked), str(answer)],
                env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            for hash_seed, answer in zip(hash_seeds, answers, strict=True)
        ]
        try:
            printed = [process.communicate(timeout=lab.seconds_left)[0] for process in processes]
        except subprocess.TimeoutExpired:
            raise Violation(
                f"a process of its own did not end within {lab.time_limit:g} s"
            ) from None
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        return [_answer(*pair) for pair in zip(answers, printed, strict=True)]


def _answer(answer: Path, printed: str) -> tuple[list[RunRecord], str]:
    if not answer.is_file():
        last = (printed.strip().splitlines() or ["nothing was printed"])[-1]
        raise Violation(f"a process of its own died: {last}")
    records: list[RunRecord] = pickle.loads(answer.read_bytes())
    return records, printed.partition(_BEGIN)[2].partition(_END)[0].strip()


_MAIN = """
import pickle, sys
from pathlib import Path
from harness.testing.process import _serve
_serve(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def _serve(asked: Path, answer: Path) -> None:
    """What a process does."""
    errand: Any = pickle.loads(asked.read_bytes())
    sys.path[:] = errand.path
    given = errand.method if isinstance(errand.method, str) else errand.method.load()
    lab = Lab(given, errand.queries, errand.time_limit)
    print(_BEGIN, flush=True)
    records = lab.try_seeds(errand.seeds)
    print(_END, flush=True)
    answer.write_bytes(pickle.dumps(records))
