"""What a study refuses before anything is run: methods on benchmarks that do not suit them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.core.benchmark import Benchmark
from harness.core.configured import Configured
from harness.core.errors import HarnessError
from harness.core.registry import Suit
from harness.core.suitability import refuse_lacking_abilities, refuse_lacking_encodings


def refuse_unsuited(
    who: str, configured: Configured, benchmark: Benchmark, suited: Callable[[Suit], list[str]]
) -> None:
    """Refuse a benchmark that a method or scorer cannot work on.

    Args:
        who: its identity.
        configured: the method or scorer.
        benchmark: what it is to work on.
        suited: names registered methods or scorers that fulfil a condition.

    Raises:
        HarnessError: the space lacks an encoding, there is nothing to train or it is not on this
            machine, or the supernet lacks an ability.
    """
    space, needed = benchmark.space, configured.needs()
    if not needed <= space.encodings:
        others = suited(lambda other: other.needs() <= space.encodings)
        refuse_lacking_encodings(who, needed, space, others)
    if configured.trains():
        task, abilities = _task(who, benchmark), configured.supernet_needs()
        if not abilities <= task.abilities:
            others = suited(
                lambda other: (
                    other.trains()
                    and other.needs() <= space.encodings
                    and other.supernet_needs() <= task.abilities
                )
            )
            refuse_lacking_abilities(who, abilities, benchmark.id, task.abilities, others)


def _task(who: str, benchmark: Benchmark) -> Any:
    try:
        return benchmark.task
    except HarnessError as error:
        raise type(error)(f"{who} trains networks: {error}") from error
