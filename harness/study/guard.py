"""Running code of a user: what it raises, prints or takes too long for stays its own affair."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

from harness.core.errors import CannotMeasure, HarnessError, RunTimeout

T = TypeVar("T")

_REPEAT_SECONDS = 0.05


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        error: traceback; empty where nothing was raised.
        wall: seconds on the wall.
    """

    error: str = ""
    wall: float = 0.0


@contextmanager
def recorded() -> Iterator[Outcome]:
    """Take note of what is raised, instead of raising it; not of Ctrl-C and `CannotMeasure`."""
    process, start, outcome = os.getpid(), time.perf_counter(), Outcome()
    try:
        yield outcome
    except (KeyboardInterrupt, CannotMeasure):
        raise
    except BaseException as raised:  # Whatever a method raises fails its own run and no other.
        outcome.error = "".join(traceback.format_exception(raised))
    finally:
        if os.getpid() != process:
            # A child that the method forked has come back from it; it must not go on as if it
            # were the harness.
            os._exit(1)
        outcome.wall = time.perf_counter() - start


def guarded(action: Callable[[], T], time_limit: float | None) -> T:
    """Do something that may print, change the folder or never end.

    Args:
        action: what a user's code does.
        time_limit: seconds on the wall; None for no limit.

    Raises:
        RunTimeout: it took longer.
    """
    with _stdout_to_stderr(), chdir("."), _deadline(time_limit):
        return _act(action)


def _act(action: Callable[[], T]) -> T:
    return action()


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Send what a method prints to stderr, because stdout carries the result.

    The file descriptor is redirected, so that extensions and child processes are caught, and so is
    ``sys.stdout``, which a notebook or a test may have replaced.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


@contextmanager
def _deadline(seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        raise HarnessError("a time limit needs processes: use --backend loky")

    def expire(signum: int, frame: FrameType | None) -> None:
        # Only what the method does is interrupted, never the harness around it.
        while frame is not None and frame.f_code is not _act.__code__:
            frame = frame.f_back
        if frame is not None:
            raise RunTimeout(f"the run took longer than its limit of {seconds:g} s on the wall")

    before = signal.signal(signal.SIGALRM, expire)
    # A method can swallow the exception, so it is raised again until it gets through.
    signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
