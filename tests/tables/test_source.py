"""Columns of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from harness import InvalidTable, MissingData
from harness.tables.source import FileSource, checksum_file, sha256_of

COLUMNS = {
    "text": ["a", "b", "c"],
    "whole": [1, 2, 3],
    "real": [0.1, 0.2, 0.3],
    "gaps": [0.5, None, 1.5],
    "truth": [True, False, True],
    "odd[1]": [7, 8, 9],
}


@pytest.fixture(params=["parquet", "csv"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> FileSource:
    path = tmp_path / f"table.{request.param}"
    write = pq.write_table if request.param == "parquet" else pc.write_csv
    write(pa.table(COLUMNS), path)
    return FileSource(path)


def test_columns(file: FileSource) -> None:
    assert file.columns == set(COLUMNS)


def test_read(file: FileSource) -> None:
    read = file.read(list(COLUMNS))
    assert list(read) == list(COLUMNS)
    for name in ("text", "whole", "real", "odd[1]"):
        assert read[name].tolist() == COLUMNS[name]
    assert read["gaps"].tolist() == pytest.approx([0.5, np.nan, 1.5], nan_ok=True)
    assert read["truth"].tolist() == [1, 0, 1]


def test_only_what_is_asked_for_is_read(file: FileSource, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    whole, part = pq.ParquetFile.read, pc.read_csv

    def parquet(self: Any, *args: Any, **how: Any) -> Any:
        table = whole(self, *args, **how)
        decoded.extend(table.column_names)
        return table

    def csv(*args: Any, **how: Any) -> Any:
        table = part(*args, **how)
        decoded.extend(table.column_names)
        return table

    monkeypatch.setattr(pq.ParquetFile, "read", parquet)
    monkeypatch.setattr(pc, "read_csv", csv)
    file.read(["real", "whole"])
    assert sorted(decoded) == ["real", "whole"]


def test_nothing_is_kept(file: FileSource) -> None:
    first = file.read(["real"])["real"]
    first[:] = -1
    assert file.read(["real"])["real"].tolist() == COLUMNS["real"]
    assert not any(isinstance(value, np.ndarray) for value in vars(file).values())


def test_elements_of_lists(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"curve": [[0.1, 0.2], [0.3, 0.4], None]}), path)
    read = FileSource(path).read(["curve[0]", "curve[1]"])
    assert read["curve[0]"].tolist() == pytest.approx([0.1, 0.3, np.nan], nan_ok=True)
    assert read["curve[1]"].tolist() == pytest.approx([0.2, 0.4, np.nan], nan_ok=True)


def test_several_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    values = [None if i % 7 == 0 else i / 8 for i in range(100)]
    pq.write_table(pa.table({"x": values}), path, row_group_size=13)
    expected = [np.nan if value is None else value for value in values]
    assert FileSource(path).read(["x"])["x"].tolist() == pytest.approx(expected, nan_ok=True)


def test_unknown_column(file: FileSource) -> None:
    with pytest.raises(InvalidTable, match=r"no column reel\. All: gaps, odd"):
        file.read(["reel"])


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,a\n1,2\n")
    with pytest.raises(InvalidTable, match="two columns have the same name"):
        FileSource(path).read(["a"])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"no table at .*absent\.csv"):
        FileSource(tmp_path / "absent.csv")


def test_other_formats(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    path.touch()
    with pytest.raises(InvalidTable, match=r"a \.parquet or a \.csv"):
        FileSource(path)


@pytest.mark.parametrize("keep", [0, 4, 0.5, 0.99])
def test_cut_parquet(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table(COLUMNS), path)
    content = path.read_bytes()
    path.write_bytes(content[: keep if keep > 1 else int(keep * len(content))])
    with pytest.raises(InvalidTable, match="is not a whole Parquet file"):
        FileSource(path).read(["real"])


def test_overwritten_parquet(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"x": list(range(1000))}), path)
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)
    with pytest.raises(InvalidTable, match="is not a whole Parquet file"):
        FileSource(path).read(["x"])


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n3\n"])
def test_damaged_csv(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(InvalidTable, match="is not a whole CSV file"):
        FileSource(path).read(["a"])


def test_checksum(file: FileSource) -> None:
    assert file.checksum == sha256_of(file.path)
    checksum_file(file.path).write_text("0123abcd  table\n")
    assert FileSource(file.path).checksum == "0123abcd"


def test_reading_does_not_load_pandas(file: FileSource) -> None:
    code = (
        "import sys; from pathlib import Path; from harness.tables import FileSource;"
        f"FileSource(Path({str(file.path)!r})).read({list(COLUMNS)!r});"
        "sys.exit(bool({'pandas', 'torch', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
