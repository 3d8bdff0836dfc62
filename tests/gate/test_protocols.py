"""Protocol files and published values: all can be read, and what they name exists."""

from __future__ import annotations

import csv
import fnmatch
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.core.names import parse_reference
from harness.core.registry import (
    list_benchmarks,
    load_method,
    load_scorer,
    method_names,
    missing_extra,
)
from harness.gate import protocol as protocols
from harness.gate.availability import NOT_YET, has_cuda, lacking
from harness.gate.protocol import InvalidProtocol, Protocol, load_protocol, protocol_names
from harness.gate.published import published_folder, read_published
from harness.study.plan import Study

ROOT = Path(__file__).parents[2]
ASKED_FOR = {
    "asng-celeba", "asng-cifar10", "asng-toy", "bananas-nasbench101", "e2nas-nasbench201",
    "gbdt-nas-nasbench101", "naap440", "nasbench201-iclr2020", "nasbench201-oneshot",
    "natsbench-oneshot", "natsbench-tpami", "seminas-imagenet", "seminas-nasbench101",
    "seminas-tts", "weaknas-nasbench201",
}  # fmt: skip
SIX = [
    f"{dataset}-{split}"
    for dataset in ("cifar10", "cifar100", "imagenet16-120")
    for split in ("valid", "test")
]
TINY = """
title = "Tiny"
label = "one run"
report = "the mean"
margin = 0.1

[[studies]]
name = "search"
table = "tiny"
benchmarks = ["nasbench-graph/proteins"]
budget = "10"
seeds = 4
columns = [{name = "test"}]
[studies.methods]
rs = "random-search"
"""
HEADER = "table,row,column,mean,std,runs,certainty,source\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a folder with one published value and the protocol ``tiny`` the published one."""
    (tmp_path / "protocols").mkdir()
    (tmp_path / "published.csv").write_text(HEADER + "tiny,rs,test,0.70,0.02,9,code,here\n")
    monkeypatch.setattr(protocols, "published_folder", lambda: tmp_path)
    return lambda text: (tmp_path / "protocols" / "tiny.toml").write_text(text) and None


def loaded(text: str, write: Callable[[str], None]) -> Protocol:
    write(text)
    return load_protocol("tiny")


def test_all_are_there() -> None:
    assert set(protocol_names()) >= ASKED_FOR


@pytest.mark.parametrize("name", protocol_names())
def test_every_row_and_column_was_published(name: str) -> None:
    """Reading refuses names that the table has not; some value must stand beside ours."""
    protocol = load_protocol(name)
    for own in protocol.studies:
        places = [(row, column.name) for row in own.rows for column in own.columns]
        table = tomllib.loads((published_folder() / "protocols" / f"{name}.toml").read_text())
        if any("table" in study for study in table["studies"]):
            assert any(place in own.published for place in places)
        else:
            assert protocol.notes, "where nothing is published, a note says so"


@pytest.mark.parametrize("name", protocol_names())
def test_what_is_registered_can_be_loaded(name: str) -> None:
    """References are right to their last parameter; what is not registered is said so."""
    protocol = load_protocol(name)
    known = {entry.id for entry in list_benchmarks()}
    absent = [
        parse_reference(text).name
        for own in protocol.studies
        for text in (*own.study.benchmarks, *(c.report for c in own.columns if c.report))
        if parse_reference(text).name not in known
    ]
    assert bool(absent) == lacking(protocol).startswith(NOT_YET)
    assert all(name in lacking(protocol) for name in absent)
    for own in protocol.studies:
        for reference in own.rows.values():
            if not isinstance(own.study, Study):
                load_scorer(reference)
            elif not missing_extra("neural"):
                assert parse_reference(reference).name in method_names()
                load_method(reference)


def test_the_six_columns() -> None:
    (own,) = load_protocol("nasbench201-iclr2020").studies
    assert [column.name for column in own.columns] == SIX
    assert list(own.rows) == ["random-search", "rea", "reinforce", "bohb"]
    assert len(own.study.seeds) == own.seeds == 500
    assert own.study.budget == "12000s"
    assert own.study.benchmarks == ("nasbench201/cifar10:searched=valid@12",)
    assert own.published["rea", "cifar10-test"].mean == 93.92
    assert own.published["random-search", "imagenet16-120-valid"].std == 1.10


def test_three_data_sets_are_searched_separately() -> None:
    (own,) = load_protocol("natsbench-tpami").studies
    assert isinstance(own.study, Study)
    assert isinstance(own.study.budget, dict)
    assert list(own.study.budget.values()) == ["20000s", "40000s", "120000s"]
    assert tuple(own.study.budget) == own.study.benchmarks
    searched = [column.benchmark or own.study.benchmarks[0] for column in own.columns]
    assert searched == [text for text in own.study.benchmarks for _ in range(2)]
    assert [column.name for column in own.columns] == SIX


def test_published_values() -> None:
    values = read_published(published_folder())
    assert len(values) == 775
    zero = values["nasbench201-iclr2020-oneshot", "darts-v1", "cifar10-test"]
    assert (zero.mean, zero.std, zero.runs, zero.certainty) == (54.30, 0.0, 3, "paper")
    assert zero.rounding == pytest.approx(0.005)
    none = values["seminas-nasbench101", "seminas", "2000-queries"]
    assert (none.mean, none.std, none.runs) == (94.02, None, None)
    assert values["naap440", "linear-regression", "violations-0-epochs"].rounding == 0.5
    assert all(value.source for value in values.values())


def test_a_wheel_has_all_of_it() -> None:
    from setuptools import find_namespace_packages

    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = find_namespace_packages(str(ROOT), include=built["packages"]["find"]["include"])
    folder = ROOT / "results" / "published"
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    # The package under test may be installed from a wheel.
    assert all((published_folder() / file).is_file() for file in files)
    for file in files:
        package = ".".join(("results", "published", *file.parent.parts))
        assert package in found
        patterns = built["package-data"][package]
        assert any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns), file
    assert "results" not in found
    assert not [name for name in found if name.startswith(("results.studies", "results.ref"))]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("margin", "margn", "no key 'margn'. Did you mean margin?"),
        ("budget", "budgte", "no key of a study 'budgte'. Did you mean budget?"),
        ('name = "test"', 'name = "tset"', "no column of tiny 'tset'. Did you mean test?"),
        ("rs =", "r =", "no row of tiny 'r'"),
        ('"tiny"', '"tniy"', "no published table 'tniy'. Did you mean tiny?"),
        ('{name = "test"}', '{name = "test", value = "x"}', "no value of a column 'x'"),
        ('{name = "test"}', '{name = "test", benchmark = "x"}', "no benchmark of the study 'x'"),
        ("seeds = 4", "seeds = 0", "0 seeds are no study"),
        ('label = "one run"', "", "missing 1 required positional argument: 'label'"),
        ("[[studies]]", "[[differences]]\ntext = 'a'\nwhen = 'b'\n[[studies]]", "no condition 'b'"),
        ("[[studies]]", "[[differences]]\ntext = 'a'\nrows = ['b']\n[[studies]]", "no row 'b'"),
        ("title =", "title", "is no protocol"),
    ],
)
def test_slips_are_refused(old: str, new: str, said: str, write: Callable[[str], None]) -> None:
    assert loaded(TINY, write).title == "Tiny"
    with pytest.raises(InvalidProtocol) as error:
        loaded(TINY.replace(old, new), write)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tiny,rs,test,0.70,0.02,9,code,here", "line 3: tiny/rs/test stands twice"),
        ("tiny,rs,b,0.70,0.02,9,rumour,here", "certainty 'rumour'"),
        ("tiny,rs,b,high,0.02,9,code,here", "could not convert"),
    ],
)
def test_slips_in_published_values(row: str, said: str, tmp_path: Path) -> None:
    first = "tiny,rs,test,0.70,0.02,9,code,here\n"
    (tmp_path / "published.csv").write_text(HEADER + first + row + "\n")
    with pytest.raises(protocols.HarnessError) as error:
        read_published(tmp_path)
    assert said in str(error.value)


def test_options(write: Callable[[str], None]) -> None:
    changed = loaded(TINY, write).changed(seeds="2", jobs=1, out="there")
    (own,) = changed.studies
    assert own.study.seeds == (0, 1)
    assert own.seeds == 4
    assert str(own.study.folder) == "there/search"
    assert str(load_protocol("tiny").studies[0].study.folder) == "results/tiny/search"


def test_committed_tables_have_the_published_values() -> None:
    for name in ("nasbench201-iclr2020", "natsbench-tpami"):
        (own,) = load_protocol(name).studies
        path = ROOT / "results" / "reference" / f"reproduce-{name}.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 24
        for row in rows:
            theirs = own.published[row["row"], row["column"]]
            assert float(row["published"]) == theirs.mean
            assert int(row["n"]) == theirs.runs == 500
            ours, se = float(row["mean"]), float(row["se"])
            assert float(row["difference"]) == pytest.approx(ours - theirs.mean)
            assert theirs.std is not None
            spread = float(row["std"]) ** 2 + theirs.std**2
            assert se == pytest.approx((spread / 500) ** 0.5)


def test_unknown_protocol(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "nasbench201-iclr2021"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Did you mean nasbench201-iclr2020" in err
    assert "harness list protocols" in err


def test_listing(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.gate.availability.has_cuda", lambda: False)
    assert main(["reproduce"]) == 0
    out = capfd.readouterr().out
    assert all(f"\n  {name} " in out for name in protocol_names())
    assert "needs a CUDA device" in out
    assert main(["list", "protocols"]) == 0
    assert capfd.readouterr().out == out


def test_the_driver_answers() -> None:
    assert has_cuda() in (True, False)
