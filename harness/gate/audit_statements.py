"""Whether ``study.json`` and ``summary.csv`` say what the stored runs say."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.analysis.analyse import analyse
from harness.analysis.rank_analyse import analyse_ranking
from harness.core.benchmark import Benchmark
from harness.gate.audit_folder import Folder, Key
from harness.gate.audit_replay import Replay
from harness.gate.audit_result import Evidence, Finding, since
from harness.report.formats import render, render_ranking
from harness.study.plan import short_key
from harness.study.rank_plan import RankPair
from harness.study.shards import card_of
from harness.study.store import Store

STUDY: Evidence = "study.json"
SUMMARY: Evidence = "summary.csv"


def check_statements(
    folder: Folder, replays: Mapping[Key, Replay]
) -> tuple[list[Finding], list[str]]:
    """Compare both files with the identities in the shards, the benchmarks and the stored runs.

    Args:
        folder: what was read.
        replays: tasks that can be run again; more can be said of these.

    Returns:
        What does not agree, and further facts that a reader of the results must know.
    """
    findings = _guarded(STUDY, lambda: _check_study(folder, replays))
    asked = folder.asked
    stored = {key: {run.seed for run in task.runs} for key, task in folder.tasks.items()}
    lacking = sum(len(seeds - stored.get(key, set())) for key, seeds in asked.items())
    beyond = sum(len(seeds - asked.get(key, set())) for key, seeds in stored.items())
    remarks = []
    if beyond:
        remarks.append(
            f"{beyond} stored runs are none that study.json asks for: they are in no table"
        )
    if lacking:
        remarks.append(
            f"{lacking} runs that study.json asks for are not there; {SUMMARY} was not compared"
        )
    elif not (path := folder.store.folder / SUMMARY).is_file():
        remarks.append(f"there is no {SUMMARY} to compare")
    else:
        findings += _guarded(SUMMARY, lambda: _check_summary(folder, path))
    return findings, remarks


def _guarded(file: Evidence, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:  # A file that was edited by hand can raise anything.
        return [Finding(file, file, "all", found=f"cannot be understood: {error!r}")]


def _check_study(folder: Folder, replays: Mapping[Key, Replay]) -> Iterator[Finding]:
    content, subject = folder.content, folder.store.subject
    notes = since(content["provenance"])
    for entry in content["pairs"]:
        identity, name, cell = entry["identity"], entry[subject], entry.get("cell")
        # The name of an installed method has those parameters that were given; they are compared
        # below, since one that is the default may be given or not.
        shown = name if identity[f"{subject}_file"] else name.partition(":")[0]
        stated = {"key": entry["key"], subject: shown}
        true = {"key": short_key(identity), subject: identity[subject]}
        replay = replays.get((identity["benchmark"], entry["key"]))
        if cell is None:
            stated |= {"benchmark": entry["benchmark"]}
            stated |= {"budget": content["budgets"].get(entry["benchmark"])}
        else:
            stated |= cell
        true |= {column: identity[column] for column in stated if column in identity}
        if replay:
            true["parameters"] = identity["parameters"]
            stated["parameters"] = {n: replay.parameters.get(n) for n in true["parameters"]}
            if isinstance(replay.task, RankPair):
                true |= asdict(replay.task.cell)
        yield from _differing(
            "study.json", f"{identity['benchmark']} · {name}", stated, true, notes
        )
    opened = {replay.benchmark.id: replay.benchmark for replay in replays.values()}
    yield from _check_lists(content, subject, notes)
    yield from _check_cards(content, opened, notes)


def _check_lists(
    content: dict[str, Any], subject: str, notes: tuple[str, ...]
) -> Iterator[Finding]:
    pairs = content["pairs"]
    stated = {f"{subject}s": content[f"{subject}s"], "cards": [c["id"] for c in content["cards"]]}
    true = {
        f"{subject}s": list(dict.fromkeys(entry[subject] for entry in pairs)),
        "cards": list(dict.fromkeys(entry["identity"]["benchmark"] for entry in pairs)),
    }
    yield from _differing(STUDY, STUDY, stated, true, notes)


def _check_cards(
    content: dict[str, Any], opened: Mapping[str, Benchmark], notes: tuple[str, ...]
) -> Iterator[Finding]:
    """Compare what benchmarks say of themselves, such as the optimum, with what is stored."""
    for card in content["cards"]:
        if benchmark := opened.get(card["id"]):
            stated, true = asdict(card_of(card)), asdict(benchmark.card())
            yield from _differing(STUDY, card["id"], stated, true, notes)


def _check_summary(folder: Folder, path: Path) -> Iterator[Finding]:
    """Compare what the stored runs give, in columns that both versions write."""
    notes = since(folder.content["provenance"])
    stored, true = (list(csv.DictReader(io.StringIO(t))) for t in (path.read_text(), _csv(folder)))
    if len(stored) != len(true):
        yield Finding(SUMMARY, SUMMARY, "rows", None, str(len(stored)), str(len(true)), notes)
    for said, row in zip(stored, true, strict=False):
        place = " · ".join(
            row[n] for n in ("benchmark", "labels", folder.store.subject) if n in row
        )
        yield from _differing(SUMMARY, place, said, {n: row[n] for n in row if n in said}, notes)


def _csv(folder: Folder) -> str:
    store = folder.store
    if isinstance(store, Store):
        results = store.read()
        return render(results, analyse(results), "csv", store.folder)
    ranked = store.read()
    return render_ranking(ranked, analyse_ranking(ranked), "csv", store.folder)


def _differing(
    evidence: Evidence,
    place: str,
    stated: Mapping[str, Any],
    true: Mapping[str, Any],
    notes: tuple[str, ...],
) -> Iterator[Finding]:
    for column, value in true.items():
        # By their text, in which every digit of a number stands.
        if repr(stated.get(column)) != repr(value):
            yield Finding(evidence, place, column, None, str(stated.get(column)), str(value), notes)
