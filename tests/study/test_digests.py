from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from harness.study.digests import digests_of
from harness.study.lists import arrays, lists

TOLD = {"identity": {"method": "m", "rate": 0.1}}


def table(**columns):
    lengths = [np.array([1.0, 2.0]), np.array([]), np.array([0.0])]
    return pa.table(
        {"seed": [0, 1, 2], "score": [0.5, float("nan"), 0.0], "error": ["", "x", ""],
         "trace": lists(lengths), **columns}
    )  # fmt: skip


def test_the_same_however_it_is_cut():
    whole = digests_of(table(), TOLD)
    pieces = pa.concat_tables([table().slice(0, 1), table().slice(1)])
    assert pieces.column("trace").num_chunks == 2
    assert digests_of(pieces, TOLD) == whole
    assert digests_of(table(), dict(reversed(TOLD.items()))) == whole
    assert len(whole.runs) == 3
    assert list(whole.columns) == ["seed", "score", "error", "trace"]


@pytest.mark.parametrize(
    ("column", "row", "values"),
    [
        ("score", 2, [0.5, float("nan"), -0.0]),
        ("score", 0, [np.nextafter(0.5, 1), float("nan"), 0.0]),
        ("score", 1, [0.5, 1.0, 0.0]),
        ("seed", 1, [0, 3, 2]),
        ("error", 0, ["y", "x", ""]),
        ("trace", 2, lists([np.array([1.0, 2.0]), np.array([]), np.array([-0.0])])),
        ("trace", 1, lists([np.array([1.0, 2.0]), np.array([0.0]), np.array([0.0])])),
    ],
)
def test_a_changed_value_shows_in_its_run_and_its_column(column, row, values):
    before, after = digests_of(table(), TOLD), digests_of(table(**{column: values}), TOLD)
    assert [i for i in range(3) if before.runs[i] != after.runs[i]] == [row]
    assert [n for n in before.columns if before.columns[n] != after.columns[n]] == [column]
    assert before.told == after.told


def test_a_value_that_moved_to_the_next_row():
    moved = table(trace=lists([np.array([1.0]), np.array([2.0]), np.array([0.0])]))
    before, after = digests_of(table(), TOLD), digests_of(moved, TOLD)
    assert [i for i in range(3) if before.runs[i] != after.runs[i]] == [0, 1]
    assert before.columns["trace"] != after.columns["trace"]


def test_what_is_told_besides():
    other = {"identity": {"method": "m", "rate": 0.2}}
    before, after = asdict(digests_of(table(), TOLD)), asdict(digests_of(table(), other))
    assert before.pop("told") != after.pop("told")
    assert before == after


def test_lists_read_back():
    rows = [np.array([3, 1], np.int16), np.array([], np.int16), np.array([2], np.int16)]
    for row, found in zip(rows, arrays(pa.chunked_array([lists(rows)])), strict=True):
        assert found.dtype == row.dtype
        assert found.tolist() == row.tolist()
