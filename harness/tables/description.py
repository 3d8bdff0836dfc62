"""Tables that a user describes: a short TOML file beside a Parquet or CSV file is a benchmark.

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
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.core.budget import Budget
from harness.core.errors import InvalidTable, MissingData, UnknownName
from harness.core.space import Architecture, Decision, SearchSpace
from harness.tables.benchmark import TableBenchmark
from harness.tables.grid import (
    Coded,
    Grid,
    GridSource,
    IntArray,
    check_property,
    check_scores,
    check_seconds,
    make_grid,
    read_coded,
)
from harness.tables.layout import Layout, LevelColumns, TableFacts
from harness.tables.schema import Description, read_description
from harness.tables.source import FileSource, Source, sha256_of
from harness.tables.table_space import TableSpace


def load_described(path: Path, settings: Mapping[str, str]) -> TableBenchmark:
    """Make a benchmark of a table.

    Args:
        path: the description, a TOML file.
        settings: of the names in `harness.tables.SETTINGS`.

    Raises:
        MissingData: there is no such file, or not the table that it names.
        InvalidTable: the description or the table is wrong; says where and what to do.
    """
    told = read_description(path)
    file = _open_table(told)
    _check_columns(told, file)
    decisions, codes = _read_decisions(told, file)
    trials = read_coded(file, told.trial) if told.trial else None
    grid = make_grid(file, codes, _read_epochs(told, file), trials)
    space = _make_space(told, file, decisions, grid)
    _check_values(told, file, grid, space)
    # Both files decide about the scores.
    digest = hashlib.sha256(path.read_bytes() + sha256_of(file.path).encode()).hexdigest()
    cells, layout = _lay_out(told, grid)
    facts = TableFacts(
        id=told.id,
        dataset=told.dataset,
        metric=told.metric,
        direction=told.direction,
        searched=next(iter(layout.searched)),
        reported=next(iter(layout.reported)),
        default_budget=told.budget or Budget(min(200, max(1, len(grid.archs) // 4)), "queries"),
        citation=told.citation,
        licence=told.licence,
    )
    source = GridSource(file, grid.archs, cells, digest)
    return TableBenchmark(facts, space, source, layout, _row_keys, tuple, settings)


def _row_keys(source: Source) -> Sequence[Architecture]:
    assert isinstance(source, GridSource)
    return source.archs


def _open_table(told: Description) -> FileSource:
    place = told.path.parent / told.table
    if not place.is_file():
        beside = [p.name for p in told.path.parent.iterdir() if p.suffix in (".csv", ".parquet")]
        raise MissingData(f"{told.path}: {UnknownName('table', told.table, beside)}")
    return FileSource(place)


def _check_columns(told: Description, file: FileSource) -> None:
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


def _read_decisions(told: Description, file: FileSource) -> tuple[list[Decision], list[IntArray]]:
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
                raise InvalidTable(
                    f"{told.path}: {UnknownName(f'choice of {name}', value, choices)}"
                )
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


def _read_epochs(told: Description, file: FileSource) -> Coded | int | None:
    if not isinstance(told.epochs, str):
        return told.epochs
    column = read_coded(file, told.epochs)
    values = column.values
    if values.dtype == object or (values != np.floor(values)).any() or values[0] < 1:
        raise InvalidTable(f"{file.path}: column '{told.epochs}' must have whole numbers above 0")
    return column


def _make_space(
    told: Description, file: FileSource, decisions: Sequence[Decision], grid: Grid
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


def _check_values(told: Description, file: FileSource, grid: Grid, space: SearchSpace) -> None:
    test = check_scores(file, grid, told.test, space.to_str, last=bool(told.valid))
    if told.valid:
        valid = check_scores(file, grid, told.valid, space.to_str, last=False)
        if np.array_equal(valid, test, equal_nan=True):
            raise InvalidTable(
                f"{file.path}: {', '.join(told.valid)} and {', '.join(told.test)} hold the same "
                "scores. If the table has test scores only, leave valid out of the description and "
                "say searches_reported = true"
            )
    if told.seconds:
        check_seconds(file, told.seconds)
    for column in told.properties.values():
        check_property(file, grid, column, space.to_str)


def _lay_out(told: Description, grid: Grid) -> tuple[dict[str, tuple[str, IntArray]], Layout]:
    """Name the columns of the source, and say what they mean."""
    cells: dict[str, tuple[str, IntArray]] = {}

    def scores(columns: Sequence[str], level: int) -> tuple[str, ...]:
        rows = grid.rows[:, level]
        runs = {
            f"{column} (epochs {grid.epochs[level]}, run {run})": (column, rows[:, [run]])
            for column in columns
            for run in range(rows.shape[1])
        }
        cells.update(runs)
        return tuple(runs)

    levels = []
    for level, epochs in enumerate(grid.epochs):
        seconds: tuple[tuple[float, str], ...] = ()
        if told.seconds:
            name = f"{told.seconds} (epochs {epochs})"
            cells[name] = (told.seconds, grid.rows[:, level])
            seconds = ((1.0, name),)
        levels.append(LevelColumns(epochs, scores(told.valid or told.test, level), seconds))
    for column in told.properties.values():
        # Any row of an architecture will do.
        cells[column] = (column, grid.rows.reshape(len(grid.archs), -1).max(axis=1, keepdims=True))
    last = f"@{grid.epochs[-1]}" if grid.epochs[-1] else ""
    return cells, Layout(
        searched={f"{'valid' if told.valid else 'test'}{last}": tuple(levels)},
        reported={f"test{last}": scores(told.test, -1)},
        properties=told.properties,
        trials=f"mean of {told.mean_of} training runs" if told.mean_of else "training run",
        averaged=told.mean_of is not None,
        cost=told.cost,
        searches_reported=not told.valid,
    )
