"""The report for a terminal: plain text, at most about 100 columns wide where names allow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.analysis.analyse import StudyAnalysis
from harness.analysis.summary import BenchmarkAnalysis
from harness.report.rows import anytime_rows, facts, failures, header, rows
from harness.study.results import StudyResults


def as_table(results: StudyResults, analysis: StudyAnalysis, folder: Path) -> str:
    """Write the report as plain text."""
    blocks = [_benchmark(results, benchmark, analysis.control, folder) for benchmark in
              analysis.benchmarks]  # fmt: skip
    blocks.append(_suite(analysis, folder))
    return "\n\n".join(blocks)


def _benchmark(
    results: StudyResults, benchmark: BenchmarkAnalysis, control: str, folder: Path
) -> str:
    optimum = benchmark.scale.number(benchmark.card.optimum)
    lines = [*facts(benchmark.card, benchmark.budget, optimum), ""]
    lines += _columns(header(benchmark, control), [row.cells for row in rows(benchmark, control)])
    lines += [f"  {line}" for line in failures(results, benchmark, str(folder))]
    lines += [benchmark.top_text, *benchmark.notes]
    lines.append(benchmark.pairing_text)
    if benchmark.power is not None:
        lines.append(benchmark.power.text)
    title, table = anytime_rows(benchmark, control)
    if table:
        lines += ["", *_columns(title, table)]
    return "\n".join(lines)


def _columns(title: Sequence[str], table: Sequence[Sequence[str]]) -> list[str]:
    from tabulate import tabulate

    text = tabulate(table, title, tablefmt="plain", disable_numparse=True)
    return [f"  {line}".rstrip() for line in text.splitlines()]


def _suite(analysis: StudyAnalysis, folder: Path) -> str:
    lines = []
    if len(analysis.benchmarks) > 1:
        lines += _aggregate(analysis)
    lines.append(
        f"All numbers: {folder}/summary.csv · as LaTeX: harness report {folder} --format latex"
    )
    return "\n".join(lines)


def _aggregate(analysis: StudyAnalysis) -> list[str]:
    suite = analysis.aggregate
    table = []
    for entry in sorted(suite.methods, key=lambda m: (m.iqm is None, -(m.iqm or 0.0))):
        if entry.iqm is None or entry.ci is None or entry.rank is None:
            table.append((entry.method, entry.reason, "", ""))
            continue
        interval = f"[{entry.ci[0]:.3f}, {entry.ci[1]:.3f}]"
        table.append((entry.method, f"{entry.iqm:.3f}", interval, f"{entry.rank:.2f}"))
    lines = [suite.population]
    lines += _columns(
        ("method", "IQM (0 mean random, 1 optimum)", "95 % interval (seeds)", "mean rank"), table
    )
    if suite.friedman is not None:
        lines.append(
            f"Friedman (Iman-Davenport) over {suite.friedman.benchmarks} benchmarks: "
            f"p {suite.friedman.p:.2g}"
        )
    return lines
