"""The report for documents: Markdown and LaTeX. Bold is the top statistical group."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from harness.analysis.analyse import StudyAnalysis
from harness.analysis.summary import BenchmarkAnalysis
from harness.report.rows import anytime_rows, facts, failures, header, rows
from harness.study.results import StudyResults

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$",
    "<": r"$<$", ">": r"$>$", "·": r"$\cdot$",
}  # fmt: skip


def as_markdown(results: StudyResults, analysis: StudyAnalysis, folder: Path) -> str:
    """Write the report as Markdown."""
    from tabulate import tabulate

    blocks = []
    for benchmark in analysis.benchmarks:
        optimum = benchmark.scale.number(benchmark.card.optimum)
        name, *rest = facts(benchmark.card, benchmark.budget, optimum)
        table = tabulate(
            _cells(analysis.control, benchmark, _bold_markdown, _pipes),
            header(benchmark, analysis.control),
            tablefmt="pipe",
            disable_numparse=True,
        )
        below = [
            *failures(results, benchmark, str(folder)),
            _top(benchmark),
            *benchmark.notes,
        ]
        if benchmark.power is not None:
            below.append(benchmark.power.text)
        blocks.append(
            f"### {name}\n\n" + "  \n".join(rest) + f"\n\n{table}\n\n" + "  \n".join(below)
        )
        title, over_time = anytime_rows(benchmark, analysis.control)
        if over_time:
            blocks.append(tabulate(over_time, title, tablefmt="pipe", disable_numparse=True))
    return "\n\n".join(blocks)


def as_latex(results: StudyResults, analysis: StudyAnalysis, folder: Path) -> str:
    """Write the report as LaTeX, one ``table`` with booktabs rules a benchmark."""
    from tabulate import tabulate

    blocks = [f"% Made by: harness report {folder} --format latex   (needs booktabs)"]
    for benchmark in analysis.benchmarks:
        optimum = benchmark.scale.number(benchmark.card.optimum)
        table = tabulate(
            _cells(analysis.control, benchmark, _bold_latex, escape_latex),
            [escape_latex(title) for title in header(benchmark, analysis.control)],
            tablefmt="latex_raw",
            disable_numparse=True,
        )
        for rule in ("toprule", "midrule", "bottomrule"):
            table = table.replace(r"\hline", f"\\{rule}", 1)
        caption = " ".join(
            [
                *(f"{line}." for line in facts(benchmark.card, benchmark.budget, optimum)),
                *(f"{line}." for line in failures(results, benchmark, str(folder))),
                _top(benchmark),
                *benchmark.notes,
            ]
        )
        blocks.append(
            "\\begin{table}\n\\centering\n"
            f"\\caption{{{escape_latex(caption)}}}\n{table}\n\\end{{table}}"
        )
    return "\n\n".join(blocks)


def _top(benchmark: BenchmarkAnalysis) -> str:
    return benchmark.top_text + (" Bold: the top group." if benchmark.top else "")


def _cells(
    control: str,
    benchmark: BenchmarkAnalysis,
    bold: Callable[[str], str],
    escape: Callable[[str], str],
) -> list[list[str]]:
    table = []
    for row in rows(benchmark, control):
        method, score, *others = [escape(cell) for cell in row.cells]
        table.append([bold(method), bold(score), *others] if row.top else [method, score, *others])
    return table


def _bold_markdown(text: str) -> str:
    return f"**{text}**"


def _pipes(text: str) -> str:
    return text.replace("|", "\\|")


def _bold_latex(text: str) -> str:
    return f"\\textbf{{{text}}}"


def escape_latex(text: str) -> str:
    """Text with the characters that LaTeX gives a meaning to written out."""
    return re.sub("[" + re.escape("".join(_LATEX)) + "]", lambda m: _LATEX[m.group()], text)
