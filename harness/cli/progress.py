"""Progress on stderr: bars on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def bars(totals: Mapping[str, int], done: Mapping[str, int]) -> Iterator[Callable[..., None]]:
    """Show one bar a name.

    Args:
        totals: steps of each bar.
        done: steps of each bar that are behind us already.

    Yields:
        A function that is told (name, further steps done), and the number of steps in all as a
        third argument where that was not known before.
    """
    if not sys.stderr.isatty():
        yield lambda name, steps, total=None: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as display:
        tasks = {
            name: display.add_task(name, total=total, completed=done.get(name, 0))
            for name, total in totals.items()
        }
        yield lambda name, steps, total=None: display.update(
            tasks[name], advance=steps, total=total
        )


def say(message: str) -> None:
    """Tell the user something that is no result."""
    print(message, file=sys.stderr, flush=True)
