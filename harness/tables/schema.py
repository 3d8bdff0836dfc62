"""The keys of a description of a table; `harness.tables.description` explains them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from harness.core.benchmark import Direction
from harness.core.budget import Budget
from harness.core.errors import InvalidBudget, InvalidTable, MissingData, UnknownName

_KEYS: dict[str, type | UnionType] = {
    "table": str,
    "decisions": list,
    "valid": str | list,
    "test": str | list,
    "metric": str,
    "direction": str,
    "id": str,
    "dataset": str,
    "trial": str,
    "epochs": str | int,
    "seconds": str,
    "cost": str,
    "mean_of": int,
    "searches_reported": bool,
    "complete": bool,
    "budget": str | int,
    "citation": str,
    "licence": str,
    "choices": dict,
    "properties": dict,
}
_REQUIRED = ("table", "decisions", "test", "metric", "direction")
_WORDS = {
    str: "a text",
    int: "a whole number above 0",
    bool: "true or false",
    list: "a list of texts",
    dict: "a section of its own",
}


@dataclass(frozen=True)
class Description:
    """What a description says."""

    path: Path
    table: str
    decisions: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]
    metric: str
    direction: Direction
    id: str
    dataset: str
    trial: str | None
    epochs: str | int | None
    seconds: str | None
    cost: str
    mean_of: int | None
    complete: bool
    budget: Budget | None
    citation: str
    licence: str
    choices: Mapping[str, list[str]]
    properties: Mapping[str, str]


def read_description(path: Path) -> Description:
    """Read a description, whose table is not looked at.

    Raises:
        MissingData: there is no such file.
        InvalidTable: it is no TOML file, or a key is unknown, missing or wrong.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise MissingData(f"no description of a table at {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidTable(f"{path} is not a TOML file: {error}") from error
    for key, value in given.items():
        if key not in _KEYS:
            raise InvalidTable(f"{path}: {UnknownName('key', key, _KEYS)}")
        _check_type(path, key, value)
    if missing := [key for key in _REQUIRED if key not in given]:
        raise InvalidTable(
            f"{path} does not say {', '.join(missing)}. It needs {', '.join(_REQUIRED)}, and valid"
        )
    if ("valid" in given) == given.get("searches_reported", False):
        raise InvalidTable(
            f"{path}: a search needs scores other than those that are reported. Say which column "
            'has them: valid = "COLUMN". Only if the table has none but test scores, leave valid '
            "out and say searches_reported = true; every result will then say so"
        )
    if given["direction"] not in get_args(Direction):
        raise InvalidTable(
            f"{path}: {UnknownName('direction', given['direction'], get_args(Direction))}"
        )
    id = given.get("id", f"user/{path.stem}")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", id):
        raise InvalidTable(
            f"{path}: '{id}' cannot be an id. Give one of letters, digits, '-', '_' and '.' "
            'with a slash in it: id = "mylab/convnets"'
        )
    valid, test = (
        (names,) if isinstance(names, str) else tuple(names)
        for names in (given.get("valid", []), given["test"])
    )
    mean_of = given.get("mean_of")
    if mean_of is not None and ("trial" in given or max(len(valid), len(test)) > 1):
        raise InvalidTable(
            f"{path}: mean_of is for tables that have only means of training runs, but "
            "single runs are given. Leave it out"
        )
    return Description(
        path=path,
        table=given["table"],
        decisions=tuple(given["decisions"]),
        valid=valid,
        test=test,
        metric=given["metric"],
        direction="minimize" if given["direction"] == "minimize" else "maximize",
        id=id,
        dataset=given.get("dataset", id.partition("/")[2]),
        trial=given.get("trial"),
        epochs=given.get("epochs"),
        seconds=given.get("seconds"),
        cost=given.get("cost", "seconds of the table" if "seconds" in given else ""),
        mean_of=mean_of,
        complete=given.get("complete", False),
        budget=_read_budget(path, given),
        citation=given.get("citation", ""),
        licence=given.get("licence", ""),
        choices={name: list(map(str, c)) for name, c in given.get("choices", {}).items()},
        properties=given.get("properties", {}),
    )


def _read_budget(path: Path, given: Mapping[str, Any]) -> Budget | None:
    if "budget" not in given:
        return None
    try:
        budget = Budget.parse(given["budget"])
    except InvalidBudget as error:
        raise InvalidTable(f"{path}: {error}") from error
    if budget.unit != "queries" and budget.unit not in given:
        raise InvalidTable(f"{path}: a budget of {budget} needs the key '{budget.unit}'")
    return budget


def _check_type(path: Path, key: str, value: Any) -> None:
    kind = _KEYS[key]
    # To Python, true is a whole number.
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if right and isinstance(value, int) and kind is not bool:
        right = value > 0
    if right and isinstance(value, list):
        right = bool(value) and all(isinstance(item, str) for item in value)
    if right and isinstance(value, dict):
        item = list if key == "choices" else str
        right = all(isinstance(v, item) for v in value.values())
    if not right:
        words = " or ".join(_WORDS[k] for k in get_args(kind) or (kind,))
        raise InvalidTable(f"{path}: {key} must be {words}, not {value!r}")
