"""Where the work of a study is done: processes on this machine, a Dask or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import Any

from harness.core.errors import HarnessError, MissingExtra, UnknownName

_MODULES = {"loky": "joblib", "dask": "distributed", "ray": "ray"}

Map = Callable[[Iterator[Any]], Iterator[Any]]


def check_backend(name: str, scheduler: str) -> None:
    """Refuse a backend that cannot be used.

    Raises:
        UnknownName: there is no such backend.
        MissingExtra: it is not installed.
        HarnessError: loky was given a scheduler.
    """
    if name not in _MODULES:
        raise UnknownName("backend", name, _MODULES)
    if find_spec(_MODULES[name]) is None:
        raise MissingExtra(f"backend {name} is not installed: pip install 'nas-harness[{name}]'")
    if name == "loky" and scheduler:
        raise HarnessError("--scheduler goes with --backend dask or ray, not with loky")


@contextmanager
def backend(name: str, scheduler: str, jobs: int) -> Iterator[Map]:
    """Open a backend.

    Args:
        name: ``loky``, ``dask`` or ``ray``.
        scheduler: address of the Dask scheduler or Ray head; a local one is started where empty.
        jobs: processes that loky uses; a cluster uses all that it has.

    Yields:
        A function that takes delayed tasks, one at a time as workers get free, and yields their
        results in any order.

    Raises:
        HarnessError: see `check_backend`.
    """
    check_backend(name, scheduler)
    from joblib import parallel_config

    if name == "loky":
        with parallel_config("loky", inner_max_num_threads=1):
            yield lambda tasks: _as_they_end(tasks, jobs)
    elif name == "dask":
        from distributed import Client

        with Client(scheduler or None), parallel_config("dask"):
            yield lambda tasks: _as_they_end(tasks, -1)
    else:
        import ray
        from ray.util.joblib import register_ray

        ray.init(address=scheduler or None, ignore_reinit_error=True, log_to_driver=False)
        register_ray()
        with parallel_config("ray"):
            yield _in_waves


def stop_workers() -> None:
    """Kill the processes of loky, whatever they are doing."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=False, kill_workers=True)


def _as_they_end(tasks: Iterator[Any], jobs: int) -> Iterator[Any]:
    from joblib import Parallel

    parallel = Parallel(
        n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1
    )
    yield from parallel(tasks)


def _in_waves(tasks: Iterator[Any]) -> Iterator[Any]:
    """For Ray, whose joblib backend gives results as whole lists only."""
    from joblib import Parallel, effective_n_jobs

    while wave := list(islice(tasks, 4 * effective_n_jobs(-1))):
        yield from Parallel(n_jobs=-1, batch_size=1)(wave)
