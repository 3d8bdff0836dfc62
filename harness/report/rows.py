"""What the tables of a study of methods say, as plain text."""

from __future__ import annotations

import math
from pathlib import Path

from harness.analysis.analyse import StudyAnalysis
from harness.analysis.anytime import MethodCurve
from harness.analysis.summary import BenchmarkAnalysis
from harness.analysis.wording import phrase
from harness.core.benchmark import BenchmarkCard
from harness.core.space import ENUMERABLE
from harness.report.section import (
    Row,
    Section,
    best_first,
    ended_lines,
    failure_lines,
    mean_and_spread,
)
from harness.report.terminal import suite_lines
from harness.study.results import StudyResults


def sections(results: StudyResults, analysis: StudyAnalysis, folder: Path) -> list[Section]:
    """One section a benchmark."""
    return [
        _section(results, benchmark, analysis.control, folder) for benchmark in analysis.benchmarks
    ]


def _section(
    results: StudyResults, benchmark: BenchmarkAnalysis, control: str, folder: Path
) -> Section:
    optimum = benchmark.scale.number(benchmark.card.optimum)
    more_header, more = anytime_rows(benchmark)
    failures = [
        line
        for row in benchmark.results
        if row.failed
        for line in failure_lines(
            row, results.pairs[benchmark.card.id, row.method].errors, str(folder)
        )
    ]
    return Section(
        facts=tuple(facts(benchmark.card, benchmark.budget, optimum)),
        header=header(benchmark, control),
        rows=tuple(rows(benchmark, control)),
        failures=tuple(failures),
        top=benchmark.top_text,
        notes=benchmark.notes,
        pairing=benchmark.pairing_text,
        power=benchmark.power.text if benchmark.power else "",
        ended=tuple(
            line
            for row in best_first(benchmark)
            if (runs := results.pairs.get((benchmark.card.id, row.method)))
            for line in ended_lines(row.method, runs.ended)
        ),
        more_header=more_header,
        more=tuple(more),
    )


def header(benchmark: BenchmarkAnalysis, control: str) -> tuple[str, ...]:
    """Titles of the columns."""
    return (
        "method",
        f"{benchmark.card.reported} (mean ± sd)",
        "95 % interval",
        "regret",
        f"against {control} (paired, Holm)",
    )


def rows(benchmark: BenchmarkAnalysis, control: str) -> list[Row]:
    """One row a method, best mean first."""
    verdicts = {
        comparison.a: phrase(comparison, benchmark.scale) for comparison in benchmark.comparisons
    }
    verdicts[control] = "control"
    number = benchmark.scale.number
    return [
        Row(
            (
                row.method,
                *mean_and_spread(row, benchmark),
                "" if row.regret is None else number(row.regret),
                verdicts.get(row.method, "no runs"),
            ),
            row.top,
        )
        for row in best_first(benchmark)
    ]


def facts(card: BenchmarkCard, budget: str, scale_number: str) -> list[str]:
    """What a reader must know of a benchmark: splits, fidelity, trials, noise, budget.

    Args:
        card: the benchmark.
        budget: of every run.
        scale_number: the optimum as it is to be written.
    """
    # Nobody has counted how many of so many are the same, or what the best of them is.
    count = f"{card.architectures:.2g} genotypes"
    if card.architectures <= ENUMERABLE:
        count = f"{card.architectures:,} genotypes, {card.unique:,} unique architectures"
    best = f"best in table {scale_number}" if math.isfinite(card.optimum) else "best not known"
    searched = f"searched {card.searched} ({card.searched_trials}, noise {card.noise})"
    reported = f"reported {card.reported} ({card.reported_trials})"
    better = "higher is better" if card.direction == "maximize" else "lower is better"
    lines = [
        f"{card.id}: {count}",
        f"{searched} · {reported}",
        f"{card.metric}, {better} · {best} · budget {budget}, repeats {card.repeats}",
    ]
    if card.cost and "seconds" in budget:
        lines.append(f"a second of the budget: {card.cost}")
    if card.searches_reported:
        lines.append("NOTE: the searched metric is the reported one; nothing was held out")
    return lines


def anytime_rows(
    benchmark: BenchmarkAnalysis,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The anytime table: header and rows, empty where there is none.

    The axis is that of the budget; for a budget in epochs seconds, or queries where there are none.

    The target is the highest share of the gap between the mean random architecture and the optimum
    that half of all runs of some method have reached. The last column says when a method's mean is
    what the control's mean is in the end, and how many times sooner that is.
    """
    axes = {str(axis.axis): axis for axis in benchmark.anytime}
    unit = benchmark.budget.split()[-1]
    axis = axes.get(unit) or axes.get("seconds") or axes.get("queries")
    if axis is None or not any(curve.targets for curve in axis.methods):
        return (), []
    targets = len(axis.methods[0].targets)
    reached = [
        max(curve.targets[i].reached / max(1, curve.targets[i].runs) for curve in axis.methods)
        for i in range(targets)
    ]
    chosen = max((i for i in range(targets) if reached[i] >= 0.5), default=0)
    target = axis.methods[0].targets[chosen]
    number = benchmark.scale.number
    low, high = axis.window
    title = (
        "method",
        f"mean regret, {_spent(low)} to {_spent(high)} {axis.axis} (log axis)",
        f"runs at {number(target.score)} or better",
        f"{axis.axis} needed",
        "control's end after",
    )
    table: list[tuple[str, ...]] = []
    for curve in axis.methods:
        own = curve.targets[chosen]
        table.append(
            (
                curve.method,
                "" if curve.auc is None else number(curve.auc),
                f"{own.reached} of {own.runs}",
                "never reached" if own.ert is None else _spent(own.ert),
                _caught(curve),
            )
        )
    return title, table


def _caught(curve: MethodCurve) -> str:
    found = curve.catch_up
    if found is None:
        return ""
    if found.spent is None:
        return "not reached"
    text = f"{_spent(found.spent)}, x{found.ratio:.1f}"
    if found.ratio_ci is None:
        return text
    low, high = ("< 1" if end is None else f"{end:.1f}" for end in found.ratio_ci)
    return f"{text} [{low}, {high}]"


def closing(analysis: StudyAnalysis) -> list[str]:
    """What is said about all benchmarks together; nothing where there is only one."""
    if len(analysis.benchmarks) < 2:
        return []
    return suite_lines(analysis.aggregate, "method", "0 mean random, 1 optimum", {})


def _spent(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.2g}"
