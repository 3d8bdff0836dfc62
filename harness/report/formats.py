"""The formats that a report can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.analysis.analyse import StudyAnalysis
from harness.analysis.rank_analyse import RankAnalysis
from harness.core.errors import UnknownName
from harness.report import document, machine, rank_machine, rank_rows, rows, terminal
from harness.report.section import Section
from harness.study.rank_results import RankResults
from harness.study.results import StudyResults

_TEXTS: dict[str, Callable[[Sequence[Section], Sequence[str], Path], str]] = {
    "table": terminal.as_table,
    "markdown": document.as_markdown,
    "latex": document.as_latex,
}
_FORMATS = (*_TEXTS, "csv", "json")


def check_format(name: str) -> None:
    """Refuse a format that does not exist.

    Raises:
        UnknownName: it does not.
    """
    if name not in _FORMATS:
        raise UnknownName("format", name, _FORMATS)


def render(results: StudyResults, analysis: StudyAnalysis, format: str, folder: Path) -> str:
    """Write a report.

    Args:
        results: the study.
        analysis: what `harness.analysis.analyse.analyse` made of it.
        format: ``table``, ``markdown``, ``latex``, ``csv`` or ``json``.
        folder: where the results lie, for the commands that a report names.

    Returns:
        The report, without a line end.
    """
    check_format(format)
    if format == "json":
        return machine.as_json(results, analysis)
    if format == "csv":
        return machine.as_csv(results, analysis)
    closing = rows.closing(analysis) if format == "table" else []
    return _TEXTS[format](rows.sections(results, analysis, folder), closing, folder)


def render_ranking(results: RankResults, analysis: RankAnalysis, format: str, folder: Path) -> str:
    """Write a report on a ranking study; see `render`."""
    check_format(format)
    if format == "json":
        return rank_machine.as_json(results, analysis)
    if format == "csv":
        return rank_machine.as_csv(results, analysis)
    closing = rank_rows.closing(results, analysis, aggregate=format == "table")
    return _TEXTS[format](rank_rows.sections(results, analysis, folder), closing, folder)
