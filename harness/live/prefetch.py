"""Making the next batch while a device computes with the present one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], wanted: bool) -> Iterator[T]:
    """The same items, each made by a thread while the one before it is used.

    Args:
        items: are made one after the other.
        wanted: False gives them as they are: on a CPU the thread would take time from the network.
    """
    if not wanted:
        yield from items
        return
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
