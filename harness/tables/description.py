'''Tables that a user describes: a short TOML file beside a Parquet or CSV file is a benchmark.

The smallest description has what nobody can guess::

    table = "convnets.csv"              # beside this file
    decisions = ["kernel", "width"]     # columns that make up an architecture: texts or numbers
    valid = "valid_acc"                 # column that a search sees
    test = "test_acc"                   # column that is reported
    metric = "accuracy (%)"
    direction = "maximize"              # or "minimize"

``harness compare -b convnets.toml`` runs on it. Everything else that can be said::

    id = "mylab/convnets"               # default: user/NAME-OF-THIS-FILE
    dataset = "cifar10"                 # default: the id behind its slash
    trial = "seed"                      # column that tells training runs apart, one row each
    epochs = "epoch"                    # column that tells epochs apart, one row each; or a number
    seconds = "train_seconds"           # column with the cost of training up to the row's epochs
    cost = "training on one V100"       # what these seconds are
    mean_of = 3                         # every score is the mean of so many training runs
    searches_reported = true            # without valid: search on the test scores, and say so
    complete = true                     # refuse the table if a combination of choices is missing
    budget = "12000s"                   # default: 200 queries, or a quarter of the architectures
    citation = "Doe, Convnets, 2025"
    licence = "CC-BY-4.0"

    [choices]                           # the order of choices, where it is not ascending
    width = ["narrow", "wide"]

    [properties]                        # what is known without training: name = "column"
    params = "n_params"

Training runs are told apart by the column ``trial``, or have a column each:
``valid = ["valid_acc_1", "valid_acc_2"]``, with nothing in it where an architecture has fewer. A
search sees one of an architecture's runs, drawn anew at each query; what is reported is the mean of
all. Every run needs a row for each of the ``epochs``, and a test score at the last one.

A table may lack combinations of choices: the space is what it has.
'''

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import numpy as np

from harness.core.benchmark import Direction
from harness.core.budget import Budget
from harness.core.errors import InvalidBudget, InvalidTable, MissingData, UnknownName
from harness.core.space import Architecture, Decision, SearchSpace
from harness.tables.benchmark import Layout, LevelColumns, TableBenchmark, TableFacts
from harness.tables.grid import (
    Coded,
    Grid,
    GridSource,
    check_properties,
    check_scores,
    make_grid,
    read_coded,
)
from harness.tables.source import FileSource, Source, sha256_of
from harness.tables.table_space import TableSpace

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
    int: "a whole number",
    bool: "true or false",
    list: "a list of texts",
    dict: "a section of its own",
}


@dataclass(frozen=True)
class _Description:
    """The keys of a description; see the module."""

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
    budget: str | int | None
    citation: str
    licence: str
    choices: Mapping[str, Sequence[str]]
    properties: Mapping[str, str]


def load_described(path: Path, settings: Mapping[str, str]) -> TableBenchmark:
    """Make a benchmark of a table.

    Args:
        path: the description, a TOML file.
        settings: see `harness.tables.SETTINGS`.

    Raises:
        MissingData: there is no such file, or not the table that it names.
        InvalidTable: the description or the table is wrong; says where and what to do.
    """
    told = _read_description(path)
    file = _open_table(told)
    _check_columns(told, file)
    decisions, codes = _read_decisions(told, file)
    grid = make_grid(
        file,
        codes,
        _read_epochs(told, file),
        read_coded(file, told.trial) if told.trial else None,
    )
    space = _make_space(told, file, decisions, grid)
    check_scores(file, grid, told.valid or told.test, grid.epochs, space.to_str)
    check_scores(file, grid, told.test, grid.epochs[-1:], space.to_str)
    check_properties(file, grid, list(told.properties.values()), space.to_str)
    cells, layout = _lay_out(told, grid)
    digest = hashlib.sha256(path.read_bytes() + sha256_of(file.path).encode()).hexdigest()
    facts = TableFacts(
        id=told.id,
        dataset=told.dataset,
        metric=told.metric,
        direction=told.direction,
        searched=next(iter(layout.searched)),
        reported=next(iter(layout.reported)),
        default_budget=_default_budget(told, len(grid.archs)),
        citation=told.citation,
        licence=told.licence,
    )
    source = GridSource(file, grid.archs, cells, digest)
    benchmark = TableBenchmark(facts, space, source, layout, _row_keys, tuple, settings)
    if benchmark.default_budget.unit not in benchmark.units:
        raise InvalidTable(
            f"{path}: a budget of {benchmark.default_budget} needs the key "
            f"'{benchmark.default_budget.unit}', which is not given"
        )
    return benchmark


def _read_description(path: Path) -> _Description:
    try:
        given = tomllib.loads(path.read_text("utf-8"))
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
            "has them: valid = \"COLUMN\". If the table has test scores only, leave valid out and "
            "say searches_reported = true; every result will then say so"
        )
    if given["direction"] not in get_args(Direction):
        raise InvalidTable(
            f"{path}: {UnknownName('direction', given['direction'], get_args(Direction))}"
        )
    id = given.get("id", f"user/{path.stem}")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", id):
        raise InvalidTable(
            f"{path}: '{id}' cannot be an id. Give one of letters, digits, '-', '_' and '.' "
            "with a slash in it: id = \"mylab/convnets\""
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
    return _Description(
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
        budget=given.get("budget"),
        citation=given.get("citation", ""),
        licence=given.get("licence", ""),
        choices={name: list(map(str, c)) for name, c in given.get("choices", {}).items()},
        properties=given.get("properties", {}),
    )


def _check_type(path: Path, key: str, value: Any) -> None:
    kind = _KEYS[key]
    # To Python, true is a whole number.
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if right and isinstance(value, list):
        right = bool(value) and all(isinstance(item, str) for item in value)
    if right and isinstance(value, dict):
        item = list if key == "choices" else str
        right = all(isinstance(v, item) for v in value.values())
    if not right:
        words = " or ".join(_WORDS[k] for k in get_args(kind) or (kind,))
        raise InvalidTable(f"{path}: {key} must be {words}, not {value!r}")


def _open_table(told: _Description) -> FileSource:
    place = told.path.parent / told.table
    if not place.is_file():
        beside = [p.name for p in told.path.parent.iterdir() if p.suffix in (".csv", ".parquet")]
        raise MissingData(f"{told.path}: {UnknownName('table', told.table, beside)}")
    return FileSource(place)


def _check_columns(told: _Description, file: FileSource) -> None:
    """Refuse columns that do not exist, and columns with two meanings."""
    roles: dict[str, str] = {}
    for role, columns in (
        ("decisions", told.decisions),
        ("trial", [told.trial]),
        ("epochs", [told.epochs]),
        ("seconds", [told.seconds]),
        ("valid", told.valid),
        ("test", told.test),
        ("properties", told.properties.values()),
    ):
        for column in columns:
            if not isinstance(column, str):
                continue
            if column not in file.columns:
                raise InvalidTable(
                    f"{told.path}, {role}: {UnknownName('column', column, file.columns)}"
                )
            if column in roles:
                raise InvalidTable(
                    f"{told.path}: column '{column}' stands in {roles[column]} and in {role}; "
                    "it can have one meaning only"
                )
            roles[column] = role


def _read_decisions(
    told: _Description, file: FileSource
) -> tuple[list[Decision], list[np.ndarray[Any, np.dtype[np.int64]]]]:
    if unknown := set(told.choices) - set(told.decisions):
        error = UnknownName("decision", min(unknown), told.decisions)
        raise InvalidTable(f"{told.path}, choices: {error}")
    if not file.read(told.decisions[:1])[told.decisions[0]].size:
        raise InvalidTable(f"{file.path} has no rows")
    decisions, codes = [], []
    for name in told.decisions:
        column = read_coded(file, name)
        found = [str(value) for value in column.values]
        choices = told.choices.get(name, found)
        for value in found:
            if value not in choices:
                raise InvalidTable(f"{told.path}: {UnknownName(f'choice of {name}', value, choices)}")
            # The notation of an architecture is its choices with commas between them.
            if "," in value or value != value.strip():
                raise InvalidTable(
                    f"{file.path}: '{value}' in column '{name}' has a comma or a space at its end, "
                    "which a decision cannot have"
                )
        if len(found) == 1:
            raise InvalidTable(
                f"{told.path}: column '{name}' is {found[0]} in all rows, which is no decision. "
                "Leave it out of decisions"
            )
        decisions.append(Decision(name, tuple(choices)))
        codes.append(np.array([choices.index(value) for value in found])[column.codes])
    return decisions, codes


def _read_epochs(told: _Description, file: FileSource) -> Coded | None:
    if not isinstance(told.epochs, str):
        return None
    column = read_coded(file, told.epochs)
    if column.values.dtype == object or (column.values != np.floor(column.values)).any():
        raise InvalidTable(f"{file.path}: column '{told.epochs}' must have whole numbers of epochs")
    return column


def _make_space(
    told: _Description, file: FileSource, decisions: Sequence[Decision], grid: Grid
) -> SearchSpace:
    everything = SearchSpace(told.id, decisions)
    lacking = everything.cardinality - len(grid.archs)
    if not lacking:
        return everything
    if told.complete:
        rows = set(grid.archs)
        first = next(arch for arch in everything.enumerate() if arch not in rows)
        raise InvalidTable(
            f"{file.path} lacks {lacking} of {everything.cardinality} combinations of choices, "
            f"the first one {everything.to_str(first)}. Add their rows, or leave out "
            "complete = true: the space is then what the table has"
        )
    return TableSpace(told.id, decisions, grid.archs)


def _lay_out(
    told: _Description, grid: Grid
) -> tuple[dict[str, tuple[str, np.ndarray[Any, np.dtype[np.int64]]]], Layout]:
    """Name the columns of the source, and say what they mean."""
    cells = {}
    levels = []
    for level, epochs in enumerate(grid.epochs):
        rows = grid.rows[:, level]
        scores = {
            f"{column}@{epochs}#{trial}": (column, rows[:, [trial]])
            for column in told.valid or told.test
            for trial in range(rows.shape[1])
        }
        cells |= scores
        ...
    return cells, layout
