"""Running the study of a baseline anew, in a folder that nothing was stored in before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.core.names import format_reference
from harness.core.registry import LoadedMethod
from harness.gate.baseline import Baseline, Cell, GatedBenchmark, GatedMethod, Key
from harness.gate.probe import facts, failure, trace_digest
from harness.study.execute import execute, missing_seeds
from harness.study.plan import Pair, Plan, Study, make_plan
from harness.study.provenance import provenance
from harness.study.results import PairRuns
from harness.study.store import Store


class CannotMeasure(HarnessError):
    """Nothing can be compared: what a baseline names is not there, or is something else now."""


@dataclass(frozen=True)
class Measurement:
    """What a study gave.

    Attributes:
        found: as a baseline would hold it.
        failures: last line of the traceback of a failed seed, by cell.
        seconds: on the wall, added up over the runs of a cell.
    """

    found: Baseline
    failures: dict[Key, dict[int, str]]
    seconds: dict[Key, float]

    def refuse_failures(self) -> None:
        """Refuse to make a baseline of runs that failed.

        Raises:
            CannotMeasure: a run failed, or a table cannot be walked over.
        """
        for (benchmark, method), errors in self.failures.items():
            seed, error = next(iter(errors.items()))
            raise CannotMeasure(
                f"{method} on {benchmark} fails under {len(errors)} of {len(self.found.seeds)} "
                f"seeds (seed {seed}: {error}); a baseline is made of runs that work"
            )
        for entry in self.found.benchmarks:
            if error := failure(entry.facts):
                raise CannotMeasure(f"{entry.id} cannot be asked: {error}")


def plan_again(baseline: Baseline, study: Study) -> Plan:
    """Find what a baseline names, and refuse what is not what it was.

    Args:
        baseline: names benchmarks and methods.
        study: its study.

    Raises:
        CannotMeasure: a name is unknown, data or an extra is missing, or a benchmark has other
            data, another version or another identity.
    """
    try:
        plan = make_plan(study)
    except HarnessError as error:
        raise CannotMeasure(f"what the baseline names is not there: {error}") from error
    for then, now in zip(baseline.benchmarks, plan.benchmarks, strict=True):
        changed = {
            "identity": (then.id, now.id),
            "version": (then.version, now.version),
            "data (SHA-256)": (then.data[:12], now.checksum[:12]),
        }
        for what, (old, new) in changed.items():
            if old != new:
                raise CannotMeasure(
                    f"{then.given} is not the benchmark of the baseline: its {what} was {old} and "
                    f"is {new}. Scores of the two cannot be compared; --update measures anew"
                )
    return plan


def measure(
    plan: Plan, margin: float, command: str, progress: Callable[[str, int], None]
) -> Measurement:
    """Run all of a study; what was stored by other studies is not looked at.

    Args:
        plan: what is run.
        margin: is written down.
        command: is written down.
        progress: is told (benchmark identity, number of runs) whenever some have ended.

    Raises:
        CannotMeasure: nothing came back.
    """
    with tempfile.TemporaryDirectory(prefix="harness-check-") as folder:
        store = Store(Path(folder))
        execute(plan, store, missing_seeds(plan, store), progress)
        cards = [benchmark.card() for benchmark in plan.benchmarks]
        store.write_study(plan, cards)
        runs = store.read().pairs
        cells = {key: _cell(store, pair, runs[key]) for key, pair in plan.pairs.items()}
    found = Baseline(
        command=command,
        made=_made(),
        margin=margin,
        seeds=plan.study.seeds,
        benchmarks=tuple(
            GatedBenchmark(
                given, card.id, card.version, card.checksum, str(plan.budgets[card.id]),
                card.metric, card.direction, facts(benchmark),
            )
            for given, card, benchmark in zip(
                plan.study.benchmarks, cards, plan.benchmarks, strict=True
            )
        ),
        methods=tuple(
            GatedMethod(given, method.identity, _effective(method, plan))
            for given, method in zip(plan.study.methods, plan.methods, strict=True)
        ),
        cells=tuple(cells.values()),
    )  # fmt: skip
    return Measurement(
        found,
        {
            key: {seed: text.strip().splitlines()[-1] for seed, text in pair.errors.items()}
            for key, pair in runs.items()
            if pair.errors
        },
        {key: float(pair.wall.sum()) for key, pair in runs.items()},
    )


def _cell(store: Store, pair: Pair, runs: PairRuns) -> Cell:
    traces = store.traces(pair)
    return Cell(
        runs.benchmark,
        runs.method,
        tuple(runs.reported.tolist()),
        tuple(
            trace_digest(traces[seed], valid, reported)
            for seed, valid, reported in zip(
                runs.seeds.tolist(), runs.valid.tolist(), runs.reported.tolist(), strict=True
            )
        ),
    )


def _effective(method: LoadedMethod, plan: Plan) -> str:
    """Name, version and all parameters, with those of the scorers and methods that it uses."""
    own = plan.pairs[plan.benchmarks[0].id, method.identity].identity
    return ", with ".join(map(_written, [own, *own.get("uses", [])]))


def _written(identity: dict[str, Any]) -> str:
    kind = "method" if "method" in identity else "scorer"
    name = f"{identity[kind]}@{identity[f'{kind}_version']}"
    return format_reference(name, identity["parameters"])


def _made() -> str:
    told = provenance()
    versions, machine = told["versions"], told["machine"]
    assert isinstance(versions, dict)
    assert isinstance(machine, dict)
    parts: Sequence[str] = [f"{name} {version}" for name, version in versions.items()]
    return f"{', '.join(parts)}; {machine['system']}, {machine['processor']}"
