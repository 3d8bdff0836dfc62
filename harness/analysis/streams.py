"""Independent random streams by name, so that adding a method changes no other result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

Streams = Callable[..., np.random.Generator]
"""Gives the generator of a name, which may be several words."""


def named_streams(rng: np.random.Generator) -> Streams:
    """Derive streams from a generator and a name, whatever else is asked for and when.

    Args:
        rng: one number is drawn from it, now.

    Returns:
        A function from words to a fresh generator, the same for the same words.
    """
    root = int(rng.integers(2**63))

    def stream(*words: str) -> np.random.Generator:
        digest = hashlib.sha256("\0".join(words).encode()).digest()
        return np.random.default_rng([root, int.from_bytes(digest[:8], "little")])

    return stream
