"""Opening a benchmark by whatever a user may write: a registered id or a description of a table."""

from __future__ import annotations

from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.names import parse_reference
from harness.core.registry import load_benchmark


def open_benchmark(text: str) -> Benchmark:
    """Open ``space/dataset`` or ``description.toml``, with settings behind a colon.

    Raises:
        HarnessError: see `load_benchmark` and `load_described`.
    """
    reference = parse_reference(text)
    if reference.name.endswith(".toml"):
        from harness.tables.description import load_described

        return load_described(Path(reference.name), reference.settings)
    return load_benchmark(text)
