"""The formats that a report can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.analysis.analyse import StudyAnalysis
from harness.core.errors import UnknownName
from harness.report import document, machine, terminal
from harness.study.results import StudyResults

_FORMATS: dict[str, Callable[[StudyResults, StudyAnalysis, Path], str]] = {
    "table": terminal.as_table,
    "markdown": document.as_markdown,
    "latex": document.as_latex,
    "csv": machine.as_csv,
    "json": machine.as_json,
}


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
    return _FORMATS[format](results, analysis, folder)
