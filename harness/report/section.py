"""What a table says, whatever it is written in: text formats make no decision about content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.summary import BenchmarkAnalysis, MethodSummary
from harness.study.results import mean_ends


@dataclass(frozen=True)
class Row:
    """A row of the main table.

    Attributes:
        cells: texts in the order of the header; the first two are a name and its score.
        top: it is in the top statistical group.
    """

    cells: tuple[str, ...]
    top: bool


@dataclass(frozen=True)
class Section:
    """One main table and what is said around it, as plain text.

    Attributes:
        facts: what a reader must know; the first line names the section.
        header: titles of the columns.
        rows: best first.
        failures: what is to be said about failed runs.
        top: a sentence about the top group; may be empty.
        notes: what a reader must know about incomplete or thin data.
        pairing: a sentence about what pairing gained.
        power: a sentence about what could be found; may be empty.
        ended: what runs wrote down ended with, a line a method.
        more_header: titles of a second table; empty where there is none.
        more: its rows.
    """

    facts: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    failures: tuple[str, ...]
    top: str
    notes: tuple[str, ...]
    pairing: str
    power: str
    ended: tuple[str, ...] = ()
    more_header: tuple[str, ...] = ()
    more: tuple[tuple[str, ...], ...] = ()

    @property
    def top_in_bold(self) -> str:
        """The sentence about the top group, for formats that have bold letters."""
        return self.top + (" Bold: the top group." if any(row.top for row in self.rows) else "")


def best_first(benchmark: BenchmarkAnalysis) -> list[MethodSummary]:
    """The rows of a benchmark, best mean first, those without a mean last."""
    sign = 1.0 if benchmark.card.direction == "maximize" else -1.0

    def order(row: MethodSummary) -> tuple[bool, float]:
        return (row.mean is None, -sign * (row.mean or 0.0))

    return sorted(benchmark.results, key=order)


def mean_and_spread(row: MethodSummary, benchmark: BenchmarkAnalysis) -> tuple[str, str]:
    """A row's mean with its standard deviation, and the interval of the mean."""
    number = benchmark.scale.number
    if row.mean is None:
        return ("no runs", "")
    spread = "" if row.std is None else f" ± {number(row.std)}"
    return (number(row.mean) + spread, "" if row.ci is None else benchmark.scale.interval(row.ci))


def failure_lines(row: MethodSummary, errors: dict[int, str], folder: str) -> list[str]:
    """What is to be said about the failed runs of a row.

    Args:
        row: of a method or a scorer.
        errors: traceback of every failed seed.
        folder: of the results.
    """
    if not row.failed:
        return []
    seed, text = next(iter(errors.items()))
    last = text.strip().splitlines()[-1]
    return [
        f"{row.method}: {row.failed} of {row.n} runs failed ({last}); scored as the worst value",
        f"Traceback of seed {seed}: harness report {folder} --failure {row.method}:{seed}",
    ]


def ended_lines(name: str, ended: Sequence[Mapping[str, float]]) -> list[str]:
    """What the runs of a row wrote down in the end, the means over them; nothing if nothing.

    Args:
        name: of a method or a scorer.
        ended: last number of each series of each run, by the name of the series.
    """
    told = ", ".join(f"{series} {value:.3g}" for series, value in mean_ends(ended).items())
    return [f"{name} ended with {told}"] if told else []
