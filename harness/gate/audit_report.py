"""What an audit says, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import groupby

from harness.gate.audit_result import Audit, Finding
from harness.report.terminal import columns

SCHEMA = 1

_SHOWN = 3
_MEANING = {
    "re-execution": "is another one when the run is done again",
    "digest": "was changed after it was stored: its digest is another one",
    "file": "the file is not as it was stored",
    "study.json": "study.json says something else than the runs and the benchmark",
    "summary.csv": "summary.csv says something else than the runs",
}


def as_json(audit: Audit) -> str:
    """Write an audit as one JSON object.

    Within a schema version fields may be added, never renamed or removed.
    """
    content = {
        "schema": SCHEMA,
        **asdict(audit),
        "stored": audit.stored,
        "executed": audit.executed,
        "agreed": audit.agreed,
        "exit_code": audit.exit_code,
    }
    return json.dumps(content, indent=1)


def as_table(audit: Audit) -> str:
    """Write an audit as text."""
    lines = [f"Study {audit.study} in {audit.folder}: {audit.stored} stored runs", ""]
    shown = [row for row in audit.rows if row.executed or row.barred]
    header = ("benchmark", "run by", "stored", "run again", "agree", "cannot be")
    cells = [
        (row.benchmark, row.name, row.stored, row.executed, row.agreed, sum(row.barred.values()))
        for row in shown
    ]
    lines += columns(header, [[str(cell) for cell in row] for row in cells])
    if len(shown) < len(audit.rows):
        lines.append(f"  {len(audit.rows) - len(shown)} more of which no run was drawn")
    lines += ["", *_barred(audit), *_findings(audit.findings)]
    lines += [
        f"Not compared, {left.runs} runs: {', '.join(left.columns)} ({left.reason})"
        for left in audit.not_compared
    ]
    if audit.unguarded:
        lines.append(
            f"{audit.unguarded} of {audit.stored} runs carry no digest: a value that was changed "
            "in them is found only where the run is done again (--all)"
        )
    lines += [f"{remark[0].upper()}{remark[1:]}" for remark in audit.remarks]
    return "\n".join([*lines, _verdict(audit)])


def _barred(audit: Audit) -> list[str]:
    reasons: dict[str, Counter[str]] = {}
    for row in audit.rows:
        for reason, runs in row.barred.items():
            reasons.setdefault(reason, Counter())[f"{row.benchmark} · {row.name}"] += runs
    lines = []
    for reason, places in reasons.items():
        lines.append(f"Cannot be run again, {places.total()} runs: {reason}")
        lines += [f"  {place}" for place in places]
    return lines


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    lines = []
    for (evidence, place, seed), group in groupby(
        findings, lambda finding: (finding.evidence, finding.place, finding.seed)
    ):
        found = list(group)
        where = place if seed is None else f"{place} · seed {seed}"
        lines.append(f"DIFFERS  {where}: {', '.join(each.column for each in found)}")
        lines.append(f"  {_MEANING[evidence]}")
        lines += [
            f"  {each.column}: stored {each.stored or '-'}, here {each.found or '-'}"
            for each in found[:_SHOWN]
            if each.stored or each.found
        ]
        lines += [f"  possible cause: {note}" for note in found[0].notes]
    return lines


def _verdict(audit: Audit) -> str:
    done = f"{audit.agreed} of {audit.executed} runs that were done again (seed {audit.seed})"
    if audit.interrupted:
        return f"Stopped: {done} agree to the last bit so far; the rest was not looked at."
    if audit.findings:
        return f"DIFFERENT: {len(audit.findings)} findings; {done} agree to the last bit."
    if not audit.executed:
        return "Nothing could be run again, so nothing is confirmed."
    return f"AGREES: {done} agree to the last bit, and nothing else differs."
