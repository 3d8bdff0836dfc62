"""NAS-Bench-Macro: its space, its importer and the benchmark made of a small stand-in table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import InvalidArchitecture, InvalidTable, MissingData
from harness.core.registry import load_benchmark
from spaces.nasbench_macro import NasBenchMacroFamily, NasBenchMacroSpace

SPACE = NasBenchMacroSpace()
networks = st.tuples(*[st.integers(0, 2)] * 8)


def authors_file() -> dict[str, dict[str, Any]]:
    """A file of the authors' form; equal networks have equal values, as theirs do."""
    numbers: dict[str, int] = {}
    content = {}
    for arch in SPACE.enumerate():
        number = numbers.setdefault(SPACE.canonical(arch), len(numbers))
        runs = [40 + number / 100, 41 + number / 100, 42 + number / 100]
        content[SPACE.to_str(arch)] = {
            "test_acc": runs,
            "mean_acc": sum(runs) / 3,
            "std": 1.0,
            "params": 1000 + number,
            "flops": 2000 + number,
        }
    return content


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    source = tmp_path / "nas-bench-macro_cifar10.json"
    source.write_text(json.dumps(authors_file()))
    file = NasBenchMacroFamily().data_file()
    summary = file.importer(source, file.path)
    assert "6,561" in str(summary)
    return file.path


def test_counts() -> None:
    archs = list(SPACE.enumerate())
    assert len(archs) == SPACE.cardinality == 6_561
    assert len({SPACE.canonical(arch) for arch in archs}) == 3_969


@given(networks)
def test_notation(arch: tuple[int, ...]) -> None:
    text = SPACE.to_str(arch)
    assert text == "".join(map(str, arch))
    assert SPACE.from_str(text) == arch


@pytest.mark.parametrize("text", ["", "0000000", "000000000", "00000003", "0000000a", "0000000²"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(InvalidArchitecture, match="eight digits"):
        SPACE.from_str(text)


@given(networks)
def test_canonical_is_a_network_of_its_own_class(arch: tuple[int, ...]) -> None:
    canonical = SPACE.canonical(arch)
    assert SPACE.canonical(SPACE.from_str(canonical)) == canonical


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ("00000001", "00000010", True),
        ("00010000", "00001000", True),
        # The first layer of a stage changes the size of its input.
        ("00000100", "00000010", False),
        ("00100000", "00010000", False),
        # The first stage has only one layer besides its first.
        ("01000000", "10000000", False),
        ("00000012", "00000021", False),
    ],
)
def test_identities_within_a_stage(first: str, second: str, equal: bool) -> None:
    forms = {SPACE.canonical(SPACE.from_str(text)) for text in (first, second)}
    assert (len(forms) == 1) == equal


def test_benchmark(imported: Path) -> None:
    benchmark = load_benchmark("nasbench-macro/cifar10")
    card = benchmark.card()
    assert (card.architectures, card.unique) == (6_561, 3_969)
    assert (card.searched, card.reported, card.searches_reported) == ("test", "test", True)
    assert (card.noise, card.units) == ("sampled", ("queries",))
    assert card.optimum == pytest.approx(41 + 3968 / 100)
    assert card.worst == 41
    arch = SPACE.from_str("00000001")
    oracle = benchmark.oracle(0)
    number = oracle.properties(arch)["params"] - 1000
    seen = {round(oracle.measure(arch, None)[0] - number / 100, 9) for _ in range(50)}
    assert seen == {40, 41, 42}
    assert benchmark.report([arch]) == [pytest.approx(41 + number / 100)]


def test_equal_networks_meet_the_same_noise(imported: Path) -> None:
    scores = []
    for text in ("00000001", "00000010"):
        oracle = load_benchmark("nasbench-macro/cifar10").oracle(5)
        scores.append([oracle.measure(SPACE.from_str(text), None)[0] for _ in range(20)])
    assert scores[0] == scores[1]


def test_import_writes_a_checksum(imported: Path) -> None:
    assert imported.with_name(imported.name + ".sha256").is_file()
    assert not list(imported.parent.glob("*.part"))


@pytest.mark.parametrize("damage", ["cut", "architecture", "run", "all runs", "list", "text"])
def test_import_refuses(damage: str, tmp_path: Path) -> None:
    content: Any = authors_file()
    if damage == "architecture":
        del content["00000000"]
    elif damage == "run":
        content["00000012"]["test_acc"].pop()
    elif damage == "all runs":
        for row in content.values():
            row["test_acc"].pop()
    elif damage == "text":
        content["00000012"]["params"] = "many"
    elif damage == "list":
        content = [1, 2]
    text = json.dumps(content)
    source = tmp_path / "source.json"
    source.write_text(text[: len(text) // 2] if damage == "cut" else text)
    target = tmp_path / "table.parquet"
    with pytest.raises(InvalidTable, match=r"source\.json is not the whole"):
        NasBenchMacroFamily().data_file().importer(source, target)
    assert not target.exists()


def test_missing_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(MissingData, match="harness data import nasbench-macro"):
        load_benchmark("nasbench-macro/cifar10")
    assert str(tmp_path) in NasBenchMacroFamily().entries()[0].missing
