"""What a check has found, as files that services for continuous integration show."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from harness.gate.check_words import HEADER, TABLE, Finding


def as_text(finding: Finding) -> str:
    """A table for a terminal, and the notes."""
    from harness.report.terminal import columns

    return "\n".join([*columns(HEADER, finding.rows), *finding.notes])


def as_markdown(finding: Finding) -> str:
    """A table that code hosts render."""
    from tabulate import tabulate

    rows = [[cell.replace("|", r"\|") for cell in row] for row in finding.rows]
    table = tabulate(rows, HEADER, tablefmt="github", disable_numparse=True)
    return "\n\n".join([f"### harness check {finding.name}", table, *finding.notes]) + "\n"


def as_junit(finding: Finding) -> str:
    """JUnit's XML: a test case for each cell and table."""
    suite = _suite(
        finding.name,
        len(finding.rows),
        failures=finding.count("regression"),
        errors=finding.count("cannot-tell"),
        seconds=sum(judgement.seconds for judgement in finding.judgements),
    )
    for judgement, row in zip(finding.judgements, finding.rows, strict=True):
        case = _case(suite, judgement.benchmark, judgement.method or TABLE, judgement.seconds)
        if judgement.verdict != "pass":
            kind = "failure" if judgement.verdict == "regression" else "error"
            told = ET.SubElement(case, kind, message=row[-1], type=judgement.verdict)
            told.text = "; ".join(f"{n}: {cell}" for n, cell in zip(HEADER, row, strict=True))
    return _written(suite)


def unmeasured_markdown(name: str, why: str) -> str:
    """That nothing could be measured, as Markdown."""
    return f"### harness check {name}\n\nCould not measure: {why}\n"


def unmeasured_junit(name: str, why: str) -> str:
    """That nothing could be measured, as JUnit's XML: one test case, an error."""
    suite = _suite(name, 1, failures=0, errors=1, seconds=0.0)
    case = _case(suite, "harness check", name, 0.0)
    ET.SubElement(case, "error", message=why, type="could-not-measure")
    return _written(suite)


def _suite(name: str, tests: int, *, failures: int, errors: int, seconds: float) -> ET.Element:
    return ET.Element(
        "testsuite",
        name=f"harness check {name}",
        tests=str(tests),
        failures=str(failures),
        errors=str(errors),
        skipped="0",
        time=f"{seconds:.3f}",
    )


def _case(suite: ET.Element, benchmark: str, method: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=benchmark, name=method, time=f"{seconds:.3f}")


def _written(suite: ET.Element) -> str:
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
