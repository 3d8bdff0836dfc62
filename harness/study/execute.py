"""Running what is missing of a study, over workers, in an order that does not matter."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Generic

import numpy as np

from harness.study.backends import backend, stop_workers
from harness.study.shards import Shards
from harness.study.tasks import Key, R, Record, Task, Tasks

# A batch should take about this long, and finished runs wait about this long for others to share a
# shard with: short enough that a kill loses little, long enough that the overhead is nothing.
_BATCH_SECONDS = 1.0
_MAX_BATCH = 500

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class _Batch(Generic[R]):
    """Runs of one task that a worker does in one go."""

    key: Key
    pair: Task[R]
    seeds: tuple[int, ...]
    time_limit: float | None
    scratch: Path
    data: str
    main_process: int


@dataclass
class _Pace:
    """How long a run of each pair takes, learnt from those that have ended."""

    seconds: dict[Key, float] = field(default_factory=dict)

    def learn(self, key: Key, records: Sequence[Record]) -> None:
        self.seconds[key] = float(np.mean([record.wall for record in records]))

    def batch_size(self, key: Key, missing: int, jobs: int) -> int:
        if key not in self.seconds:
            return 1
        fitting = math.ceil(_BATCH_SECONDS / max(self.seconds[key], 1e-6))
        return max(1, min(fitting, math.ceil(missing / jobs), _MAX_BATCH))


@dataclass
class _Shelf(Generic[R]):
    """Finished runs on their way to the store, so that short runs share a shard."""

    plan: Tasks[R]
    store: Shards[R]
    records: dict[Key, list[R]] = field(default_factory=dict)
    emptied: float = field(default_factory=time.monotonic)

    def add(self, key: Key, records: Sequence[R]) -> None:
        self.records.setdefault(key, []).extend(records)
        if time.monotonic() - self.emptied > _BATCH_SECONDS:
            self.empty()

    def empty(self) -> None:
        while self.records:
            # They are let go once they are stored, so that Ctrl-C in between loses nothing.
            key, records = next(iter(self.records.items()))
            self.store.write(self.plan.pairs[key], records)
            del self.records[key]
        self.emptied = time.monotonic()


def missing_seeds(plan: Tasks[R], store: Shards[R]) -> dict[Key, list[int]]:
    """Seeds of each pair whose runs are not stored, without the pairs that are complete."""
    missing = {}
    for key, pair in plan.pairs.items():
        stored = store.seeds(pair)
        lacking = [seed for seed in plan.study.seeds if seed not in stored]
        if lacking:
            missing[key] = lacking
    return missing


def execute(
    plan: Tasks[R], store: Shards[R], missing: dict[Key, list[int]], progress: Progress
) -> None:
    """Run what is missing and store it as it ends.

    Args:
        plan: what the study is.
        store: where finished runs go.
        missing: seeds to run by pair.
        progress: is told (benchmark identity, number of runs) whenever some have ended.

    Raises:
        HarnessError: the backend is unknown or not installed, or results cannot be stored.
        KeyboardInterrupt: after the workers were stopped; what was stored stays.
    """
    jobs = plan.study.jobs or os.cpu_count() or 1
    left = {key: list(seeds) for key, seeds in missing.items()}
    while left:
        crashed = _run_batches(plan, store, left, jobs, progress)
        # Which of the batches in flight killed its worker is not known, so each of their runs is
        # done again in a process of its own.
        for batch in crashed:
            for seed in batch.seeds:
                store.write(batch.pair, _alone(batch, seed))
                progress(batch.key[0], 1)


def _run_batches(
    plan: Tasks[R], store: Shards[R], left: dict[Key, list[int]], jobs: int, progress: Progress
) -> list[_Batch[R]]:
    """Run until nothing is left or a worker dies; return the batches in flight if one did."""
    from joblib import delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pace, shelf = _Pace(), _Shelf[R](plan, store)
    running: dict[tuple[Key, tuple[int, ...]], _Batch[R]] = {}
    pick_lock = threading.Lock()

    def batches() -> Iterator[Any]:
        while True:
            with pick_lock:
                if not left:
                    return
                key = next(iter(left))
                size = pace.batch_size(key, len(left[key]), jobs)
                seeds = tuple(left[key][:size])
                del left[key][:size]
                # Pairs take turns, so that the pace of each is learnt early.
                rest = left.pop(key)
                if rest:
                    left[key] = rest
                batch = _batch(plan, store, key, seeds)
                running[key, seeds] = batch
            yield delayed(_work)(batch)

    with backend(plan.study.backend, plan.study.scheduler, jobs) as outcomes:
        try:
            for key, seeds, records in outcomes(batches()):
                pace.learn(key, records)
                shelf.add(key, records)
                del running[key, seeds]
                progress(key[0], len(records))
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            stop_workers()
            raise
        finally:
            shelf.empty()
    return []


def _batch(plan: Tasks[R], store: Shards[R], key: Key, seeds: tuple[int, ...]) -> _Batch[R]:
    pair = plan.pairs[key]
    return _Batch(
        key,
        pair,
        seeds,
        plan.study.time_limit,
        # What a run leaves there belongs to its identity, as what it stores does.
        store.folder.absolute() / "scratch" / pair.key,
        os.environ.get("HARNESS_DATA", ""),
        os.getpid(),
    )


def _work(batch: _Batch[R]) -> tuple[Key, tuple[int, ...], Sequence[R]]:
    """What a worker does."""
    if os.getpid() != batch.main_process:
        if threading.current_thread() is threading.main_thread():
            # Ctrl-C reaches every process of a terminal; the main one decides what it means.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if os.getppid() == batch.main_process:
            _end_with(batch.main_process)
        if batch.data:
            os.environ["HARNESS_DATA"] = batch.data
    return batch.key, batch.seeds, batch.pair.run(batch.seeds, batch.time_limit, batch.scratch)


@cache
def _end_with(parent: int) -> None:
    """Let this worker end within a second of the process that started it, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _alone(batch: _Batch[R], seed: int) -> Sequence[R]:
    """One run in a process of its own; a failed one if that process dies."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, replace(batch, seeds=(seed,))))
    start = time.perf_counter()
    process.start()
    sender.close()
    try:
        return receiver.recv()  # type: ignore[no-any-return]
    except EOFError:
        process.join()
        wall = time.perf_counter() - start
        return [batch.pair.died(seed, _how(process.exitcode), wall)]
    finally:
        process.kill()
        process.join()


def _send(sender: Any, batch: _Batch[Any]) -> None:
    sender.send(_work(batch)[2])


def _how(exit_code: int | None) -> str:
    """How a process died."""
    if exit_code is not None and exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
