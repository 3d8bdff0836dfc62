"""The report for documents: Markdown and LaTeX. Bold is the top statistical group."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.report.section import Section

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$",
    "<": r"$<$", ">": r"$>$", "·": r"$\cdot$",
}  # fmt: skip


def as_markdown(sections: Sequence[Section], closing: Sequence[str], folder: Path) -> str:
    """Write sections as Markdown, and lines about all of them."""
    from tabulate import tabulate

    blocks = []
    for section in sections:
        name, *rest = section.facts
        table = tabulate(
            _cells(section, _bold_markdown, _pipes),
            section.header,
            tablefmt="pipe",
            disable_numparse=True,
        )
        below = [*section.failures, section.top_in_bold, *section.notes]
        if section.power:
            below.append(section.power)
        below += section.ended
        blocks.append(
            f"### {name}\n\n" + "  \n".join(rest) + f"\n\n{table}\n\n" + "  \n".join(below)
        )
        if section.more:
            more = [[_pipes(cell) for cell in row] for row in section.more]
            blocks.append(
                tabulate(more, section.more_header, tablefmt="pipe", disable_numparse=True)
            )
    return "\n\n".join([*blocks, *closing])


def as_latex(sections: Sequence[Section], closing: Sequence[str], folder: Path) -> str:
    """Write sections as LaTeX, each a ``table`` with booktabs rules."""
    from tabulate import tabulate

    blocks = [f"% Made by: harness report {folder} --format latex   (needs booktabs)"]
    for section in sections:
        table = tabulate(
            _cells(section, _bold_latex, escape_latex),
            [escape_latex(title) for title in section.header],
            tablefmt="latex_raw",
            disable_numparse=True,
        )
        for rule in ("toprule", "midrule", "bottomrule"):
            table = table.replace(r"\hline", f"\\{rule}", 1)
        caption = " ".join(
            [
                *(f"{line}." for line in (*section.facts, *section.failures)),
                section.top_in_bold,
                *section.notes,
            ]
        )
        blocks.append(
            "\\begin{table}\n\\centering\n"
            f"\\caption{{{escape_latex(caption)}}}\n{table}\n\\end{{table}}"
        )
    return "\n\n".join([*blocks, *(f"% {line}" for line in closing)])


def _cells(
    section: Section, bold: Callable[[str], str], escape: Callable[[str], str]
) -> list[list[str]]:
    table = []
    for row in section.rows:
        name, score, *others = [escape(cell) for cell in row.cells]
        table.append([bold(name), bold(score), *others] if row.top else [name, score, *others])
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
