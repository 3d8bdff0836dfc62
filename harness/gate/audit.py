"""Running stored runs again and comparing them bit for bit.

Whether a run comes out again is tried on a sample. Beyond the sample the digests in the shards say
whether a value was changed after it was stored, and ``study.json`` and ``summary.csv`` are compared
with what the runs give.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from harness.core.benchmark import Benchmark
from harness.core.errors import HarnessError
from harness.gate.audit_compare import Comparison, compare
from harness.gate.audit_folder import Folder, Key, StoredRun
from harness.gate.audit_replay import Replay, bars_replay, replay_of
from harness.gate.audit_result import Audit, NotCompared, TaskRow
from harness.gate.audit_statements import check_statements
from harness.live.training_store import trainings_kept_in
from harness.study.execute import Progress, execute
from harness.study.options import StudyOptions
from harness.study.shards import Shards


@dataclass(frozen=True)
class Drawn:
    """What is to be run again.

    Attributes:
        seed: by which it was drawn.
        replays: of all tasks that can be run again.
        barred: number of runs that cannot, by the reason, by task.
        runs: the sample, by task.
    """

    seed: int
    replays: dict[Key, Replay]
    barred: dict[Key, Counter[str]]
    runs: dict[Key, list[StoredRun]]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of runs by the identity of their benchmark."""
        sizes: Counter[str] = Counter()
        for key, runs in self.runs.items():
            sizes[key[0]] += len(runs)
        return dict(sizes)

    @property
    def wall(self) -> float:
        """Seconds on the wall that the sample took when it was stored."""
        return sum(run.wall for runs in self.runs.values() for run in runs)


@dataclass(frozen=True)
class _Sample:
    """The sample as something to execute, see `harness.study.tasks.Tasks`."""

    study: StudyOptions
    pairs: dict[Key, Any]
    benchmarks: tuple[Benchmark, ...] = ()


@dataclass
class _Done:
    """What came of the sample, by task."""

    compared: dict[Key, list[Comparison]] = field(default_factory=dict)
    interrupted: bool = False


def draw(folder: Folder, sample: int | None, seed: int) -> Drawn:
    """Find out which runs can be run again, and draw some of them.

    Args:
        folder: what was read.
        sample: how many; None for all.
        seed: draws them.
    """
    replays: dict[Key, Replay] = {}
    barred: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    able: list[tuple[Key, StoredRun]] = []
    for key, task in folder.tasks.items():
        try:
            replays[key] = replay_of(task)
        except HarnessError as error:
            barred[key][str(error)] += len(task.runs)
            continue
        for run in task.runs:
            if reason := bars_replay(run.error):
                barred[key][reason] += 1
            else:
                able.append((key, run))
    chosen = list(range(len(able)))
    if sample is not None and sample < len(able):
        chosen = sorted(np.random.default_rng(seed).choice(len(able), sample, replace=False))
    runs: defaultdict[Key, list[StoredRun]] = defaultdict(list)
    for index in chosen:
        key, run = able[index]
        runs[key].append(run)
    return Drawn(seed, replays, barred, runs)


def audit(folder: Folder, drawn: Drawn, jobs: int | None, progress: Progress) -> Audit:
    """Run the sample again and compare; nothing in the folder is changed.

    Args:
        folder: what was read.
        drawn: what is to be run.
        jobs: worker processes; None for one a core.
        progress: see `harness.study.execute.execute`.

    Returns:
        What was found; where it was interrupted, on those runs that had ended.
    """
    done = _execute(folder, drawn, jobs, progress)
    findings = [*folder.findings]
    findings += [f for own in done.compared.values() for each in own for f in each.findings]
    remarks = [
        f"{runs} runs were written by another version: {version}"
        for version, runs in folder.unknown.items()
    ]
    if not done.interrupted:
        said, facts = check_statements(folder, drawn.replays)
        findings, remarks = findings + said, remarks + facts
    return Audit(
        folder=str(folder.store.folder),
        study=folder.content["name"],
        seed=drawn.seed,
        rows=tuple(_rows(folder, drawn, done)),
        findings=tuple(findings),
        not_compared=tuple(_left_out(done)),
        unguarded=folder.unguarded,
        remarks=tuple(remarks),
        interrupted=done.interrupted,
    )


def _execute(folder: Folder, drawn: Drawn, jobs: int | None, progress: Progress) -> _Done:
    done = _Done()
    with TemporaryDirectory() as place:
        store: Shards[Any] = type(folder.store)(Path(place))
        pairs = {key: drawn.replays[key].task for key in drawn.runs}
        wanted = {key: sorted({run.seed for run in runs}) for key, runs in drawn.runs.items()}
        try:
            # What was trained before would answer for itself.
            with trainings_kept_in(Path(place) / "trainings"):
                execute(_Sample(StudyOptions(jobs=jobs), pairs), store, wanted, progress)
        except KeyboardInterrupt:
            done.interrupted = True
        for key, runs in drawn.runs.items():
            new = store.pair_folder(pairs[key])
            done.compared[key] = compare(folder.tasks[key], runs, drawn.replays[key], new)
    return done


def _rows(folder: Folder, drawn: Drawn, done: _Done) -> Iterator[TaskRow]:
    for key, task in folder.tasks.items():
        compared = done.compared.get(key, [])
        yield TaskRow(
            benchmark=task.benchmark,
            name=task.name,
            stored=len(task.runs),
            executed=len(compared),
            agreed=sum(not each.findings for each in compared),
            barred=dict(drawn.barred.get(key, {})),
        )


def _left_out(done: _Done) -> Iterator[NotCompared]:
    counts = Counter(
        (columns, reason)
        for own in done.compared.values()
        for each in own
        for reason, columns in each.left_out.items()
    )
    for (columns, reason), runs in counts.items():
        yield NotCompared(columns, runs, reason)
