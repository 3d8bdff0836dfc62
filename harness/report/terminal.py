"""The report for a terminal: plain text, at most about 100 columns wide where names allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.analysis.aggregate import SuiteAnalysis
from harness.report.section import Section


def as_table(sections: Sequence[Section], closing: Sequence[str], folder: Path) -> str:
    """Write sections as plain text, lines about all of them, and where to find more."""
    where = f"All numbers: {folder}/summary.csv · as LaTeX: harness report {folder} --format latex"
    return "\n\n".join([*map(_section, sections), "\n".join([*closing, where])])


def _section(section: Section) -> str:
    lines = [*section.facts, ""]
    lines += columns(section.header, [row.cells for row in section.rows])
    lines += [f"  {line}" for line in section.failures]
    lines += [section.top, *section.notes, section.pairing]
    if section.power:
        lines.append(section.power)
    lines += section.ended
    if section.more:
        lines += ["", *columns(section.more_header, section.more)]
    return "\n".join(lines)


def columns(title: Sequence[str], table: Sequence[Sequence[str]]) -> list[str]:
    """A table as indented lines."""
    from tabulate import tabulate

    text = tabulate(table, title, tablefmt="plain", disable_numparse=True)
    return [f"  {line}".rstrip() for line in text.splitlines()]


def suite_lines(
    suite: SuiteAnalysis,
    noun: str,
    scale: str,
    more: Mapping[str, Sequence[str]],
    titles: Sequence[str] = (),
) -> list[str]:
    """All benchmarks together.

    Args:
        suite: the aggregate.
        noun: what the rows are.
        scale: what the normalised scores mean.
        more: further cells of each row, by its name.
        titles: their titles.
    """
    table = []
    for entry in sorted(suite.methods, key=lambda m: (m.iqm is None, -(m.iqm or 0.0))):
        cells = more.get(entry.method, ())
        if entry.iqm is None or entry.ci is None or entry.rank is None:
            table.append((entry.method, entry.reason, "", "", *cells))
            continue
        interval = f"[{entry.ci[0]:.3f}, {entry.ci[1]:.3f}]"
        table.append((entry.method, f"{entry.iqm:.3f}", interval, f"{entry.rank:.2f}", *cells))
    lines = [suite.population]
    lines += columns((noun, f"IQM ({scale})", "95 % interval (seeds)", "mean rank", *titles), table)
    if suite.friedman is not None:
        lines.append(
            f"Friedman (Iman-Davenport) over {suite.friedman.benchmarks} benchmarks: "
            f"p {suite.friedman.p:.2g}"
        )
    return lines
