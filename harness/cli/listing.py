"""``harness list``: what there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.core.errors import UnknownName

if TYPE_CHECKING:
    from harness.core.registry import MethodEntry

KINDS = ("benchmarks", "methods", "scorers", "spaces", "protocols")
SCHEMA = 1


def listing(
    kind: Annotated[
        str, typer.Argument(help="benchmarks, methods, scorers, spaces or protocols.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """List what there is, all kinds if none is named, with what is missing for its use."""
    if kind and kind not in KINDS:
        raise UnknownName("listing", kind, KINDS)
    found = {name: _FINDERS[name]() for name in ([kind] if kind else KINDS)}
    if as_json:
        print(json.dumps({"schema": SCHEMA, **found}, indent=1))
        return 0
    for name, rows in found.items():
        print(f"{name}:")
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            print(f"  {row['id']:<{width}}  {row['summary']}".rstrip())
            if row["missing"]:
                print(f"  {'':<{width}}    {row['missing'].splitlines()[0]}")
    return 0


def _benchmarks() -> list[dict[str, Any]]:
    from harness.core.registry import list_benchmarks

    return [
        {
            "id": entry.id,
            "summary": entry.summary,
            "available": not entry.missing,
            "missing": entry.missing,
            "settings": list(entry.settings),
        }
        for entry in list_benchmarks()
    ]


def _methods() -> list[dict[str, Any]]:
    from harness.core.registry import list_methods

    return _configured(list_methods())


def _scorers() -> list[dict[str, Any]]:
    from harness.core.registry import list_scorers

    return _configured(list_scorers())


def _configured(entries: list[MethodEntry]) -> list[dict[str, Any]]:
    return [
        {
            "id": entry.name,
            "summary": entry.summary,
            "available": not entry.missing,
            "missing": entry.missing,
            "parameters": entry.parameters,
        }
        for entry in entries
    ]


def _spaces() -> list[dict[str, Any]]:
    spaces: dict[str, list[str]] = {}
    for entry in _benchmarks():
        spaces.setdefault(entry["id"].partition("/")[0], []).append(entry["id"])
    return [
        {
            "id": space,
            "summary": f"benchmarks: {', '.join(ids)}",
            "available": True,
            "missing": "",
            "benchmarks": ids,
        }
        for space, ids in spaces.items()
    ]


def _protocols() -> list[dict[str, Any]]:
    from harness.gate.availability import lacking
    from harness.gate.protocol import load_protocol, protocol_names

    found = []
    for name in protocol_names():
        protocol = load_protocol(name)
        missing = lacking(protocol)
        found.append(
            {
                "id": name,
                "summary": protocol.title,
                "available": not missing,
                "missing": missing,
                "seeds": max(own.seeds for own in protocol.studies),
            }
        )
    return found


_FINDERS = {
    "benchmarks": _benchmarks,
    "methods": _methods,
    "scorers": _scorers,
    "spaces": _spaces,
    "protocols": _protocols,
}
