"""Running what is missing of a study, with progress, whatever is studied."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.cli.progress import bars, say

if TYPE_CHECKING:
    from harness.core.benchmark import BenchmarkCard
    from harness.study.shards import Shards
    from harness.study.tasks import Tasks

SOME_FAILED, INTERRUPTED = 4, 130


def complete(
    plan: Tasks[Any], store: Shards[Any], describe: Callable[[], None], size: Sequence[str]
) -> bool:
    """Run what is missing.

    Args:
        plan: what the study is.
        store: where finished runs go.
        describe: writes down what the study is.
        size: what is crossed and how much each run may spend, for the announcement.

    Returns:
        Whether it came to its end.
    """
    from harness.study.execute import execute, missing_seeds

    describe()
    missing = missing_seeds(plan, store)
    for path in store.damaged:
        say(f"A damaged file was set aside as {path}; its runs are run again.")
    store.damaged.clear()
    seeds = len(plan.study.seeds)
    runs = len(plan.pairs) * seeds
    left = sum(map(len, missing.values()))
    if not left:
        work = sum(store.work_seconds(pair) for pair in plan.pairs.values())
        say(
            f"Study {plan.study.name}: all {runs} runs are there ({work:.0f} s of work). "
            "Nothing to do."
        )
        return True
    _announce(plan, size, left, runs)
    totals = Counter({str(key[0]): 0 for key in plan.pairs})
    for key in plan.pairs:
        totals[str(key[0])] += seeds
    done = Counter(totals)
    for key, lacking in missing.items():
        done[str(key[0])] -= len(lacking)
    try:
        with bars(totals, done) as progress:
            execute(plan, store, missing, progress)
    except KeyboardInterrupt:
        kept = runs - sum(map(len, missing_seeds(plan, store).values()))
        say(f"Stopped. {kept} of {runs} runs are kept; the same command continues.")
        return False
    return True


def _announce(plan: Tasks[Any], size: Sequence[str], left: int, runs: int) -> None:
    jobs = plan.study.jobs or os.cpu_count()
    parts = [
        f"Study {plan.study.name}",
        *size,
        f"{jobs} workers" if jobs != 1 else "1 worker",
        str(plan.study.folder),
    ]
    if left < runs:
        parts.append(f"{runs - left} of {runs} runs are there already")
    say(" · ".join(parts))


def crossed(**things: Sequence[object]) -> str:
    """What is crossed, e.g. ``2 benchmarks x 1 method``."""
    return " x ".join(
        f"{len(each)} {name}" + ("" if len(each) == 1 else "s") for name, each in things.items()
    )


def cards_of(plan: Tasks[Any], store: Shards[Any]) -> list[BenchmarkCard]:
    """What the benchmarks say of themselves; computed once a folder, since it takes a second."""
    stored = {(card.id, card.version, card.checksum): card for card in store.stored_cards()}
    cards = []
    for benchmark in plan.benchmarks:
        known = stored.get((benchmark.id, benchmark.version, benchmark.checksum))
        cards.append(known or benchmark.card())
    return cards
