"""What is wrong with a described table is said with its place and its remedy."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from harness import HarnessError, InvalidTable, MissingData
from harness.tables.description import load_described

DESCRIPTION: dict[str, str] = {
    "table": '"scores.csv"',
    "decisions": '["kernel", "width"]',
    "valid": '"valid_acc"',
    "test": '"test_acc"',
    "trial": '"seed"',
    "epochs": '"epoch"',
    "seconds": '"cost"',
    "metric": '"accuracy"',
    "direction": '"maximize"',
    "properties": '{params = "size"}',
}


def table() -> list[dict[str, Any]]:
    return [
        {
            "kernel": kernel,
            "width": width,
            "seed": seed,
            "epoch": epoch,
            "valid_acc": 0.1 * kernel + 0.01 * seed + 0.001 * epoch + len(width),
            "test_acc": 0.2 * kernel + 0.03 * seed + 0.002 * epoch + len(width),
            "cost": 1.5 * epoch,
            "size": kernel,
        }
        for kernel, width, seed, epoch in itertools.product(
            [3, 5], ["narrow", "wide"], [1, 2], [1, 9]
        )
    ]


def write(folder: Path, rows: list[dict[str, Any]], changes: dict[str, str | None]) -> Path:
    pc.write_csv(pa.Table.from_pylist(rows), folder / "scores.csv")
    path = folder / "mine.toml"
    said = {key: value for key, value in (DESCRIPTION | changes).items() if value is not None}
    path.write_text("\n".join(f"{key} = {value}" for key, value in said.items()))
    return path


def refusal(path: Path, kind: type[HarnessError] = InvalidTable) -> str:
    with pytest.raises(kind) as caught:
        load_described(path, {})
    return str(caught.value)


def test_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    card = load_described(write(tmp_path, table(), {}), {}).card()
    assert (card.architectures, card.units) == (4, ("queries", "epochs", "seconds"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vaild": '"x"'}, ["mine.toml", "no key 'vaild'", "Did you mean valid?"]),
        ({"table": None}, ["does not say table"]),
        ({"metric": None, "direction": None}, ["does not say metric, direction"]),
        ({"valid": None}, ['valid = "COLUMN"', "searches_reported = true"]),
        ({"searches_reported": "true"}, ["leave valid out"]),
        ({"direction": '"maximise"'}, ["no direction 'maximise'", "Did you mean", "maximize"]),
        ({"decisions": '"kernel"'}, ["decisions must be a list of texts, not 'kernel'"]),
        ({"decisions": "[]"}, ["decisions must be a list of texts, not []"]),
        ({"decisions": "[1, 2]"}, ["decisions must be a list of texts"]),
        ({"valid": "3"}, ["valid must be a text or a list of texts, not 3"]),
        ({"epochs": "true"}, ["epochs must be a text or a whole number above 0, not True"]),
        ({"epochs": "0"}, ["epochs must be a text or a whole number above 0, not 0"]),
        ({"complete": '"yes"'}, ["complete must be true or false, not 'yes'"]),
        ({"properties": '"size"'}, ["properties must be a section of its own"]),
        ({"properties": "{params = 3}"}, ["properties must be a section"]),
        ({"choices": '{width = "wide"}'}, ["choices must be a section"]),
        ({"id": '"my convnets"'}, ["'my convnets' cannot be an id", 'id = "mylab/convnets"']),
        ({"budget": '"many"'}, ["mine.toml", "cannot read the budget 'many'"]),
        ({"budget": "0"}, ["budget must be"]),
        ({"budget": '"20s"', "seconds": None}, ["20 seconds needs the key 'seconds'"]),
        ({"mean_of": "3"}, ["mean_of is for tables that have only means"]),
        ({"valid": '"valid_ac"'}, ["valid: no column 'valid_ac'", "Did you mean valid_acc"]),
        ({"decisions": '["kernel", "widht"]'}, ["decisions: no column 'widht'", "Did you mean"]),
        ({"trial": '"sed"'}, ["trial: no column 'sed'", "Did you mean seed?"]),
        ({"properties": '{params = "sise"}'}, ["properties: no column 'sise'"]),
        ({"valid": '"test_acc"'}, ["'test_acc' stands in valid and in test"]),
        ({"properties": '{hint = "test_acc"}'}, ["'test_acc' stands in test and in properties"]),
        ({"trial": None}, ["rows 1 and 3 are the same architecture and epochs", "trial ="]),
        ({"epochs": None}, ["rows 1 and 2 are the same architecture and training run"]),
        ({"choices": '{widht = ["wide"]}'}, ["choices: no decision 'widht'", "mean width?"]),
        ({"choices": '{width = ["wide", "narow"]}'}, ["no choice of width 'narrow'", "narow"]),
    ],
)
def test_descriptions(tmp_path: Path, changes: dict[str, str | None], words: list[str]) -> None:
    path = write(tmp_path, table(), changes)
    message = refusal(path)
    assert [word for word in words if word not in message] == []
    assert "mine.toml" in message or "scores.csv" in message


def change(row: int, column: str, value: Any) -> list[dict[str, Any]]:
    rows = table()
    rows[row][column] = value
    return rows


def as_text(row: int, column: str, value: str) -> list[dict[str, Any]]:
    rows = table()
    for i, one in enumerate(rows):
        one[column] = value if i == row else str(one[column])
    return rows


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (change(4, "valid_acc", None), ["no score in column 'valid_acc', row 5"]),
        (change(4, "valid_acc", float("nan")), ["no score in column 'valid_acc', row 5"]),
        (change(5, "test_acc", None), ["no score in column 'test_acc', row 6"]),
        (change(4, "valid_acc", float("inf")), ["infinite number in column 'valid_acc', row 5"]),
        (
            as_text(6, "valid_acc", "bad"),
            ["'bad', which is no number, in column 'valid_acc', row 7"],
        ),
        (change(3, "cost", None), ["no seconds, or negative ones in column 'cost', row 4"]),
        (change(3, "cost", -1.0), ["no seconds, or negative ones in column 'cost', row 4"]),
        (change(3, "size", None), ["nothing in column 'size', row 4"]),
        (change(3, "size", 4), ["'size' differs between rows of 3,narrow"]),
        (change(3, "kernel", None), ["nothing in column 'kernel', row 4"]),
        (change(3, "width", ""), ["nothing in column 'width', row 4"]),
        (change(3, "width", "a,b"), ["'a,b' in column 'width' has a comma"]),
        (change(3, "width", "wide "), ["'wide ' in column 'width' has a comma or a space"]),
        (change(3, "seed", None), ["nothing in column 'seed', row 4"]),
        (change(3, "epoch", 2.5), ["'epoch' must have whole numbers above 0"]),
        (change(3, "epoch", 0), ["'epoch' must have whole numbers above 0"]),
        (table() + table()[5:7], ["rows 6 and 17 are the same", "(2 such rows in all)"]),
        (table()[1:], ["3,narrow has not the training runs of the last epochs", "at 1 epochs"]),
        (table()[:1] + table()[2:], ["3,narrow has not the training runs"]),
        (table()[:8], ["column 'kernel' is 3 in all rows", "Leave it out"]),
    ],
)
def test_tables(tmp_path: Path, rows: list[dict[str, Any]], words: list[str]) -> None:
    message = refusal(write(tmp_path, rows, {}))
    assert [word for word in words if word not in message] == []
    assert "mine.toml" in message or "scores.csv" in message


def test_running_numbers_are_no_training_runs(tmp_path: Path) -> None:
    rows = [
        {
            "kernel": i,
            "width": j,
            "valid_acc": i + j / 50,
            "test_acc": i - j / 50,
            "seed": 50 * i + j,
        }
        for i in range(50)
        for j in range(50)
    ]
    changes = {"epochs": None, "seconds": None, "properties": None}
    message = refusal(write(tmp_path, rows, changes))
    assert "2500 rows for 2500 architectures x 1 epochs x 2500 training runs" in message


def test_missing_fidelity_of_an_architecture(tmp_path: Path) -> None:
    rows = [row for row in table() if (row["kernel"], row["width"], row["epoch"]) != (5, "wide", 9)]
    assert "5,wide has no score in test_acc at 9 epochs" in refusal(write(tmp_path, rows, {}))


def test_test_scores_are_needed_at_the_last_epochs_only(tmp_path: Path) -> None:
    rows = [row | {"test_acc": row["test_acc"] if row["epoch"] == 9 else None} for row in table()]
    load_described(write(tmp_path, rows, {}), {})
    alone = {"valid": None, "searches_reported": "true"}
    assert "no score in column 'test_acc', row 1" in refusal(write(tmp_path, rows, alone))


def test_incomplete_table(tmp_path: Path) -> None:
    rows = [row for row in table() if (row["kernel"], row["width"]) != (5, "narrow")]
    message = refusal(write(tmp_path, rows, {"complete": "true"}))
    assert "lacks 1 of 4 combinations of choices, the first one 5,narrow" in message
    load_described(write(tmp_path, rows, {}), {})
    load_described(write(tmp_path, table(), {"complete": "true"}), {})


def test_validation_that_is_test(tmp_path: Path) -> None:
    rows = [row | {"test_acc": row["valid_acc"]} for row in table()]
    assert "valid_acc and test_acc hold the same scores" in refusal(write(tmp_path, rows, {}))


def test_empty_tables(tmp_path: Path) -> None:
    path = write(tmp_path, table(), {})
    (tmp_path / "scores.csv").write_text(",".join(table()[0]) + "\n")
    assert "scores.csv has no rows" in refusal(path)
    (tmp_path / "scores.csv").write_text("")
    assert "is not a whole CSV file" in refusal(path)


def test_empty_column(tmp_path: Path) -> None:
    rows = [row | {"valid_acc": None} for row in table()]
    path = write(tmp_path, rows, {"table": '"scores.parquet"'})
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "scores.parquet")
    assert "no score in column 'valid_acc', row 1" in refusal(path)


def test_cut_parquet(tmp_path: Path) -> None:
    path = write(tmp_path, table(), {"table": '"scores.parquet"'})
    pq.write_table(pa.Table.from_pylist(table()), tmp_path / "scores.parquet")
    content = (tmp_path / "scores.parquet").read_bytes()
    (tmp_path / "scores.parquet").write_bytes(content[: len(content) // 2])
    message = refusal(path)
    assert "scores.parquet is not a whole Parquet file" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'table = "a.csv"\ndecisions = [', "end of document"),
        (b"table: a.csv\n", "line 1"),
        (b'table = "\xff"\n', "is not a TOML file"),
        (b'table = "a"\ntable = "b"\n', "line 2"),
    ],
)
def test_malformed_toml(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    message = refusal(path)
    assert "mine.toml is not a TOML file" in message
    assert words in message


def test_missing_files(tmp_path: Path) -> None:
    assert "no description of a table at" in refusal(tmp_path / "absent.toml", MissingData)
    path = write(tmp_path, table(), {"table": '"score.csv"'})
    message = refusal(path, MissingData)
    assert "no table 'score.csv'" in message
    assert "Did you mean scores.csv?" in message


def test_other_formats(tmp_path: Path) -> None:
    path = write(tmp_path, table(), {"table": '"scores.xlsx"'})
    (tmp_path / "scores.xlsx").touch()
    assert "a .parquet or a .csv" in refusal(path)


def test_folder_as_description(tmp_path: Path) -> None:
    assert "is not a TOML file" in refusal(tmp_path)
