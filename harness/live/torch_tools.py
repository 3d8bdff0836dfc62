"""What everything made of torch shares: threads, generators, and what memory errors look like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread.

    Networks this small gain nothing from more, runs share the cores, and sums in another order
    round to another search.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def torch_generator(rng: np.random.Generator) -> torch.Generator:
    """A generator of torch that is seeded from one of numpy."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory is what was lacking."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # What the CPU's allocator raises has no class of its own.
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)
