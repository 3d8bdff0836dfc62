"""The importer of NAS-Bench-101, on small files of the official structure written byte by byte."""

from __future__ import annotations

import base64
import json
import struct
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import HarnessError, InvalidTable, MissingData, MissingExtra
from harness.core.registry import load_benchmark
from harness.tables.source import checksum_file, sha256_of
from spaces.nasbench101 import NasBench101Family, NasBench101Space
from spaces.nasbench101.cells import all_keys, row_of
from spaces.nasbench101.hashing import module_hash
from spaces.nasbench101.importer import import_nasbench101

google_crc32c = pytest.importorskip("google_crc32c")
pytest.importorskip("google.protobuf")

SPACE = NasBench101Space()
# All cells of up to four vertices: their keys are the smallest ones.
CELLS = all_keys()[:91]
FULL = (4, 12, 36, 108)
# By the choices of a genotype, and by the numbers that the hash takes.
NAMES = ("conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3")
LABELS = (1, 0, 2)


@dataclass(frozen=True)
class Record:
    """What a record says."""

    hash: str
    epochs: int
    adjacency: str
    operations: str
    params: int
    valid: float
    test: float
    seconds: float
    evaluations: int = 3
    checkpoint: str = ""


def double(number: int, value: float) -> bytes:
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def varint(value: int) -> bytes:
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + varint(high) if high else bytes([low])


def text(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def metrics(record: Record) -> bytes:
    """The wire format of the message ModelMetrics."""
    points = b""
    for at in range(record.evaluations):
        last = at == record.evaluations - 1
        points += text(
            1,
            double(1, record.epochs * at / 2)
            + double(2, record.seconds if last else 1.0)
            + double(3, 0.99)
            + double(4, record.valid if last else 0.1)
            + double(5, record.test if last else 0.2)
            + text(6, record.checkpoint.encode()),
        )
    return points + bytes([2 << 3]) + varint(record.params) + double(3, 1e4)


def payload(record: Record) -> bytes:
    # Some writers of base64 break lines.
    raw = base64.encodebytes(metrics(record)).decode()
    fields = [record.hash, record.epochs, record.adjacency, record.operations, raw]
    return json.dumps(fields).encode()


def crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def framed(data: bytes, crc: Callable[[bytes], int] = google_crc32c.value) -> bytes:
    def masked(part: bytes) -> bytes:
        value = crc(part)
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32)

    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def authors_cell(key: int, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """The matrix and operations of a cell, its vertices in any order that is allowed."""
    graphs = SPACE.graphs([row_of(key)])
    n = int(graphs.operations.sum())
    matrix = graphs.adjacency[0, :n, :n].astype(int)
    operations = graphs.operations[0, :n].argmax(axis=1)
    while True:
        order = [0, *(1 + rng.permutation(n - 2)), n - 1]
        other = matrix[np.ix_(order, order)]
        if not np.tril(other).any():
            return other, (operations[order][1:-1] - 1).tolist()


def records(epochs: Iterable[int] = FULL) -> list[Record]:
    """Three runs of every cell, in any order."""
    rng = np.random.default_rng(0)
    found = []
    for number, key in enumerate(CELLS.tolist()):
        matrix, operations = authors_cell(key, rng)
        n = len(matrix)
        bits = sum(1 << j * (j - 1) // 2 + i for j in range(n) for i in range(j) if matrix[i, j])
        cell = Record(
            hash=module_hash(bits, [LABELS[op] for op in operations]),
            epochs=0,
            adjacency="".join(map(str, matrix.ravel())),
            operations=",".join(["input", *(NAMES[op] for op in operations), "output"]),
            params=1000 + 300 * number,
            valid=0,
            test=0,
            seconds=0,
        )
        for length in [e for e in epochs for _ in range(3)]:
            valid, test, seconds = rng.random(3).astype(np.float32).tolist()
            found.append(replace(cell, epochs=length, valid=valid, test=test, seconds=seconds))
    return [found[i] for i in rng.permutation(len(found))]


def notation(record: Record) -> str:
    """A record's cell in the notation of the space, put together from its text."""
    names = record.operations.split(",")
    n = len(names)
    columns = [record.adjacency[v::n] for v in range(1, n)]
    sources = ["".join(str(i) for i, bit in enumerate(column) if bit == "1") for column in columns]
    return "|".join(
        f"{name.partition('-')[0]}:{before}"
        for name, before in zip(names[1:], sources, strict=True)
    )


FULL_FILE = records()
SMALL_FILE = records([108])


def write(path: Path, content: Iterable[Record]) -> Path:
    path.write_bytes(b"".join(framed(payload(record)) for record in content))
    return path


def load(tmp_path: Path, content: Iterable[Record]) -> Path:
    """Import into the data folder."""
    target = NasBench101Family().data_file().path
    import_nasbench101(write(tmp_path / "some.tfrecord", content), target, cells=CELLS)
    return target


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    return tmp_path


def runs(content: list[Record], epochs: int) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in content:
        if record.epochs == epochs:
            found.setdefault(record.hash, []).append(record)
    return found


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    record = payload(FULL_FILE[0])
    assert framed(record, crc32c) == framed(record)


@pytest.mark.parametrize(("content", "levels"), [(FULL_FILE, FULL), (SMALL_FILE, (108,))])
def test_all_values_arrive(content: list[Record], levels: tuple[int, ...], home: Path) -> None:
    load(home, content)
    for epochs in levels:
        trained = runs(content, epochs)
        assert len(trained) == len(CELLS)
        for trial in range(3):
            settings = f"searched=valid@{epochs},reported=test@{epochs},noise=fixed,trial={trial}"
            benchmark = load_benchmark(f"nasbench101/cifar10:{settings}")
            assert benchmark.fidelities == levels[: levels.index(epochs) + 1]
            oracle = benchmark.oracle(0)
            for three in trained.values():
                arch = SPACE.from_str(notation(three[0]))
                score, seconds = oracle.measure(arch, epochs)
                assert score == three[trial].valid
                assert seconds == pytest.approx(sum(run.seconds for run in three) / 3, rel=1e-6)
                assert oracle.properties(arch) == {"params": three[0].params}
            for three in list(trained.values())[::9]:
                arch = SPACE.from_str(notation(three[0]))
                assert benchmark.reported_trials(arch).tolist() == [run.test for run in three]  # type: ignore[attr-defined]


def test_what_the_benchmark_states(home: Path) -> None:
    target = load(home, FULL_FILE)
    benchmark = load_benchmark("nasbench101/cifar10")
    card = benchmark.card()
    tests = [np.mean([run.test for run in three]) for three in runs(FULL_FILE, 108).values()]
    assert card.optimum == pytest.approx(max(tests))
    assert card.worst == pytest.approx(min(tests))
    assert card.mean_random == pytest.approx(np.mean(tests))
    assert (card.architectures, card.unique) == (91, 91)
    assert (card.searched, card.reported, card.noise) == ("valid@108", "test@108", "sampled")
    assert (card.searched_trials, card.searches_reported) == ("one training run of up to 3", False)
    assert card.units == ("queries", "epochs", "seconds")
    assert (card.default_budget, card.metric) == ("300 queries", "accuracy (0-1)")
    assert card.checksum == sha256_of(target)
    assert benchmark.fidelities == FULL
    three = next(iter(runs(FULL_FILE, 36).values()))
    arch, oracle = SPACE.from_str(notation(three[0])), benchmark.oracle(3)
    assert {oracle.measure(arch, 36)[0] for _ in range(60)} == {run.valid for run in three}


def test_a_smaller_file_has_only_its_levels(home: Path) -> None:
    load(home, SMALL_FILE)
    assert load_benchmark("nasbench101/cifar10").fidelities == (108,)
    with pytest.raises(HarnessError, match=r"no value for searched .* 'valid@12'"):
        load_benchmark("nasbench101/cifar10:searched=valid@12")


def test_table_summary_and_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    target = tmp_path / "new" / "table.parquet"
    source = write(tmp_path / "source.tfrecord", FULL_FILE)
    summary = import_nasbench101(
        source, target, progress=lambda *done: told.append(done), cells=CELLS
    )
    assert "91 cells" in str(summary)
    assert "3 of each cell with 4, 12, 36, 108 epochs" in str(summary)
    assert told == sorted(told)
    assert told[-1] == (91, 91)
    assert checksum_file(target).read_text() == f"{sha256_of(target)}  table.parquet\n"
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "table.parquet",
        "table.parquet.sha256",
    ]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    long = [replace(record, checkpoint="x" * 5000) for record in FULL_FILE]
    source = write(tmp_path / "source.tfrecord", long)
    assert source.stat().st_size > 20e6
    import pyarrow.parquet  # noqa: F401  Its own memory is not what is measured.

    tracemalloc.start()
    try:
        import_nasbench101(source, tmp_path / "table.parquet", cells=CELLS)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


# What is refused


def refused(path: Path, match: str, cells: Any = CELLS) -> None:
    """Nothing is written, and a table that was there stays."""
    target = path.parent / "table.parquet"
    target.write_text("older")
    with pytest.raises(InvalidTable, match=match):
        import_nasbench101(path, target, cells=cells)
    assert target.read_text() == "older"
    assert sorted(path.parent.iterdir()) == sorted([path, target])


def frames() -> list[bytes]:
    return [framed(payload(record)) for record in SMALL_FILE]


def test_a_flipped_byte(tmp_path: Path) -> None:
    parts = frames()
    parts[4] = parts[4][:50] + bytes([parts[4][50] ^ 1]) + parts[4][51:]
    path = tmp_path / "source.tfrecord"
    path.write_bytes(b"".join(parts))
    refused(path, "record 5 does not match its checksum")


def test_a_flipped_byte_in_a_length(tmp_path: Path) -> None:
    parts = frames()
    parts[2] = bytes([parts[2][0] ^ 1]) + parts[2][1:]
    path = tmp_path / "source.tfrecord"
    path.write_bytes(b"".join(parts))
    refused(path, "the length of record 3 does not match its checksum")


@pytest.mark.parametrize("left", [5, 12, 100, -1])
def test_a_file_that_ends_within_a_record(left: int, tmp_path: Path) -> None:
    parts = frames()[:8]
    parts[7] = parts[7][:left]
    path = tmp_path / "source.tfrecord"
    path.write_bytes(b"".join(parts))
    refused(path, "truncated: it ends within record 8")


def test_what_is_no_tfrecord_file(tmp_path: Path) -> None:
    path = tmp_path / "source.tfrecord"
    path.write_text("<html>The file has moved</html>")
    refused(path, "no TFRecord file")
    path.write_bytes(framed(b"not json"))
    refused(path, "record 1 is no run of NAS-Bench-101: JSONDecodeError")
    path.write_bytes(framed(b'["a", 1]'))
    refused(path, "record 1 is no run of NAS-Bench-101: ValueError")
    with pytest.raises(MissingData, match="no file"):
        import_nasbench101(tmp_path / "none", tmp_path / "table.parquet")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"hash": "0" * 32}, "does not have the hash 0{32}|0{32} with .* in an earlier record"),
        ({"epochs": 13}, "trained for 13 epochs"),
        ({"valid": 1.5}, "its accuracies are 1.5"),
        ({"test": float("nan")}, "its test_accuracy is nan"),
        ({"seconds": -1.0}, "its training_time is -1"),
        ({"evaluations": 2}, "it has 2 evaluations, not 3"),
        ({"params": 5}, "with 5 parameters|in an earlier record"),
        ({"operations": "input,conv5x5-bn-relu,output"}, "no operations of a cell"),
        ({"operations": "input"}, "no operations of a cell"),
        ({"adjacency": "010100"}, "no matrix of 2 to 7 vertices"),
        ({"adjacency": "0210"}, "no matrix of 2 to 7 vertices"),
        ({"adjacency": "0110"}, "no upper triangular matrix"),
        ({"adjacency": "0" * 25}, "no matrix of . vertices"),
        ({"operations": "input,output", "adjacency": "0000"}, "is not in the space"),
    ],
)
def test_a_record_that_is_not_as_theirs(change: dict[str, Any], match: str, tmp_path: Path) -> None:
    content = list(SMALL_FILE)
    at = next(i for i, record in enumerate(content) if record.operations.count(",") == 2)
    content[at] = replace(content[at], **change)
    path = write(tmp_path / "source.tfrecord", content)
    refused(path, f"record \\d+ is no run of NAS-Bench-101: .*({match})")


def test_incomplete_files(tmp_path: Path) -> None:
    cell = FULL_FILE[0].hash
    path = tmp_path / "source.tfrecord"
    at = next(i for i, run in enumerate(FULL_FILE) if (run.hash, run.epochs) == (cell, 36))
    write(path, [run for i, run in enumerate(FULL_FILE) if i != at])
    refused(
        path, f"1 of the 91 cells lack some of 3 runs of 36 epochs, the first one, {cell}, has 2"
    )
    write(path, [run for run in FULL_FILE if (run.hash, run.epochs) != (cell, 12)])
    refused(path, f"lack some of 3 runs of 12 epochs, the first one, {cell}, has 0")
    write(path, [*FULL_FILE, FULL_FILE[at]])
    refused(path, f"cell {cell} has more than 3 of 36 epochs")
    write(path, [run for run in FULL_FILE if run.hash != cell])
    refused(path, "1 of the 91 cells are missing, the first one is ")
    write(path, [run for run in FULL_FILE if run.epochs != 108])
    refused(path, "there are no runs of 108 epochs")
    write(path, SMALL_FILE)
    refused(path, "423,533 of the 423,624 cells are missing", cells=None)


@pytest.mark.parametrize("module", ["google_crc32c", "google.protobuf"])
def test_without_the_extra(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaces.nasbench101 import official

    official._model_metrics.cache_clear()
    path = write(tmp_path / "source.tfrecord", SMALL_FILE[:1])
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'nas-harness\[nasbench101\]'"):
        import_nasbench101(path, tmp_path / "table.parquet", cells=CELLS)
