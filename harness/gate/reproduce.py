"""A published table, ours beside theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.gate.availability import Prepared
from harness.gate.protocol import Column, KnownDifference, Protocol
from harness.gate.published import PublishedValue
from harness.gate.reproduce_values import Values, of_ranking, of_search
from harness.gate.reproduce_verdict import Distance, Numbers, distance, numbers
from harness.study.plan import Plan
from harness.study.rank_plan import RankPlan
from harness.study.rank_results import RankResults
from harness.study.rank_store import RankStore
from harness.study.results import StudyResults
from harness.study.store import Store

Verdict = Literal["agrees", "differs", "cannot tell", "protocol differs"]


@dataclass(frozen=True)
class Done:
    """A study of a protocol, run.

    Attributes:
        prepared: what was run.
        store: where the runs are.
        results: the runs.
    """

    prepared: Prepared
    store: Store | RankStore
    results: StudyResults | RankResults


@dataclass(frozen=True)
class Cell:
    """A published value with ours.

    Attributes:
        study: name of the study.
        row: of the published table.
        column: of the published table.
        run_by: identity of the method or scorer.
        published: their value; None where nothing is published.
        n: number of our runs.
        mean: of our runs, on the published scale.
        std: sample standard deviation of our runs; None with one run.
        failed: runs that failed and count as the worst.
        short: runs that did not reach what is counted, see `Values`.
        distance: None where nothing is published.
        margin: differences up to this are practically none.
        numbers: whether the numbers agree; see `harness.gate.reproduce_verdict`.
        differences: numbers of the known differences of protocol, counted from 1.
    """

    study: str
    row: str
    column: str
    run_by: str
    published: PublishedValue | None
    n: int
    mean: float
    std: float | None
    failed: int
    short: int
    distance: Distance | None
    margin: float
    numbers: Numbers
    differences: tuple[int, ...]

    @property
    def verdict(self) -> Verdict:
        """What may be said; numbers alone reproduce nothing where the protocol is another one."""
        if self.differences and self.published is not None:
            return "protocol differs"
        told: dict[Numbers, Verdict] = {"agree": "agrees", "differ": "differs"}
        return told.get(self.numbers, "cannot tell")


@dataclass(frozen=True)
class Reproduction:
    """What a protocol gave.

    Attributes:
        protocol: what was run.
        cells: one a published value, rows of a study together.
        differences: texts that the cells refer to by number.
    """

    protocol: Protocol
    cells: tuple[Cell, ...]
    differences: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether a run failed."""
        return any(cell.failed for cell in self.cells)


def compare(protocol: Protocol, done: Sequence[Done]) -> Reproduction:
    """Put our runs beside what was published.

    Args:
        protocol: what was run.
        done: its studies.
    """
    cells = [cell for each in done for cell in _cells(protocol, each)]
    found = numbers([cell.distance for cell in cells], [cell.margin for cell in cells])
    used = sorted({number for cell in cells for number in cell.differences})
    places = {number: place for place, number in enumerate(used, start=1)}
    return Reproduction(
        protocol,
        tuple(
            replace(
                cell,
                # A mean of runs that were cut short is too small, however near it is.
                numbers="cannot tell" if cell.short else judged,
                differences=tuple(places[number] for number in cell.differences),
            )
            for cell, judged in zip(cells, found, strict=True)
        ),
        tuple(protocol.differences[number].text for number in used),
    )


def _cells(protocol: Protocol, done: Done) -> Iterator[Cell]:
    own, plan = done.prepared.own, done.prepared.plan
    for row, reference in own.rows.items():
        for column in own.columns:
            benchmark = column.benchmark or next(iter(done.prepared.benchmarks))
            run_by = _identity(plan, reference)
            ours = _values(done, column, benchmark, run_by)
            theirs = own.published.get((row, column.name))
            yield Cell(
                study=own.name,
                row=row,
                column=column.name,
                run_by=run_by,
                published=theirs,
                n=ours.values.size,
                mean=float(ours.values.mean()),
                std=float(ours.values.std(ddof=1)) if ours.values.size > 1 else None,
                failed=ours.failed,
                short=ours.short,
                distance=None if theirs is None else distance(ours.values, theirs),
                margin=column.margin or protocol.margin,
                numbers="cannot tell",
                differences=tuple(
                    number
                    for number, known in enumerate(protocol.differences)
                    if _applies(known, row, benchmark, done)
                ),
            )


def _identity(plan: Plan | RankPlan, reference: str) -> str:
    """What the results call what a protocol names."""
    if isinstance(plan, Plan):
        methods = zip(plan.study.methods, plan.methods, strict=True)
        return next(own.identity for given, own in methods if given == reference)
    scorers = zip(plan.study.scorers, plan.scorers, strict=True)
    return next(own.identity for given, own in scorers if given == reference)


def _values(done: Done, column: Column, benchmark: str, run_by: str) -> Values:
    searched, plan = done.prepared.benchmarks[benchmark], done.prepared.plan
    if isinstance(plan, Plan):
        assert isinstance(done.results, StudyResults)
        assert isinstance(done.store, Store)
        key = searched.id, run_by
        return of_search(column, searched, done.store, plan.pairs[key], done.results.pairs[key])
    assert isinstance(done.results, RankResults)
    return of_ranking(column, done.results.runs[searched.id, plan.study.labels[-1], run_by])


def _applies(known: KnownDifference, row: str, benchmark: str, done: Done) -> bool:
    if known.rows and row not in known.rows:
        return False
    searched = done.prepared.benchmarks[benchmark]
    card = next(card for card in done.results.cards if card.id == searched.id)
    return {
        "": True,
        "averages": done.prepared.averaged or card.noise == "mean",
        "one-fidelity": len(searched.fidelities) == 1,
        "searches-reported": card.searches_reported,
    }[known.when]
