"""What everything made of torch shares: one thread and a generator of its own."""

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
