"""Rules of isolation: a run depends on nothing outside of it, and nothing on a run."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from harness.core.benchmark import Benchmark
from harness.core.budget import Budget
from harness.study.plan import Pair
from harness.study.store import Store
from harness.testing.lab import Lab, Violation, difference, refuse_difference
from harness.testing.process import run_elsewhere
from harness.testing.synthetic import SyntheticBenchmark


def order(lab: Lab) -> str:
    """Runs do not depend on those before them."""
    seeds = [0, 1, 2]
    forth = lab.run(seeds)
    lab.run([7], SyntheticBenchmark((2, 4, 3)))
    refuse_difference(
        forth,
        lab.run(seeds[::-1]),
        "In another order",
        "Keep nothing in class attributes, globals or caches: make it anew in search()",
    )
    return "seeds 0, 1, 2 and 2, 1, 0 give the same runs"


def processes(lab: Lab) -> str:
    """Runs are the same in every process, whatever its hash seed."""
    here = lab.run([0, 1])
    for there, _ in run_elsewhere(lab.given, lab, [0, 1], [1, 2]):
        refuse_difference(
            here,
            there,
            "In a process of its own",
            "Do not let the order of a set, hash() or id() decide: use a list or a dict, or sort",
        )
    return "bit-identical in three processes with three hash seeds"


def quiet(lab: Lab) -> str:
    """Prints nothing: a study makes thousands of runs."""
    ((_, printed),) = run_elsewhere(lab.given, lab, [0], [0])
    if printed:
        raise Violation(f"it printed '{printed[:80]}'. Use logging, or print nothing")
    return "nothing is printed"


def resume(lab: Lab) -> str:
    """A study in two sessions stores what one session stores."""
    seeds, benchmark = [0, 1, 2, 3], SyntheticBenchmark()
    whole = lab.run(seeds, benchmark)
    with tempfile.TemporaryDirectory() as folder:
        _session(lab, Path(folder), benchmark, seeds[:2])
        _session(lab, Path(folder), benchmark, seeds)
        stored = Store(Path(folder)).traces(_pair(lab, benchmark))
    for record in whole:
        again = dataclasses.replace(record, trace=stored[record.seed])
        if words := difference(record, again):
            raise Violation(f"Continued in a second session, {words}. Keep nothing between runs")
    return "two sessions give the runs of one"


def _pair(lab: Lab, benchmark: Benchmark) -> Pair:
    name = type(lab.method).class_name()
    identity = {"benchmark": benchmark.id, "method": name}
    return Pair(benchmark.id, name, Budget.parse(lab.budget), identity, "kit")


def _session(lab: Lab, folder: Path, benchmark: Benchmark, seeds: list[int]) -> None:
    pair, store = _pair(lab, benchmark), Store(folder)
    missing = sorted(set(seeds) - store.seeds(pair))
    store.write(pair, lab.run(missing, benchmark))


def hidden_scores(lab: Lab) -> str:
    """Test scores have no influence on a search."""
    first, second = (lab.run([0, 1], SyntheticBenchmark(hidden=hidden)) for hidden in (1, 2))
    refuse_difference(
        first,
        second,
        "With other test scores",
        "A search may see what evaluate returns, and no more",
    )
    return "other test scores, the same search"
