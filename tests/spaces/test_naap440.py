"""NAAP-440: its space, its importer and the benchmark made of a small stand-in table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import Benchmark, HarnessError, InvalidTable, MissingData
from harness.core.registry import load_benchmark
from spaces.naap440 import Naap440Family, Naap440Space

SPACE = Naap440Space()
ARCHS = list(SPACE.enumerate())


def authors_table() -> pd.DataFrame:
    """A table of the author's form: accuracies rise with the parameters, but for noise."""
    rng = np.random.default_rng(0)
    params = np.array([SPACE.params(arch) for arch in ARCHS])
    layers = [[word for word in SPACE.words(arch) if word != "none"] for arch in ARCHS]
    table = {
        "ModelId": np.arange(1, 441),
        "IsTest": (np.arange(440) % 11 == 5).astype(int),
        "NumParams": params,
        "NumMACs": params * 50 + rng.integers(0, 1000, 440),
        "NumLayers": [len(words) for words in layers],
        "NumStages": [sum("s2" in word for word in words) for words in layers],
        "FirstLayerWidth": [int(words[0][3:5]) for words in layers],
        "LastLayerWidth": [int(words[-1][3:5]) for words in layers],
        "NumSkipConnections": [sum(word.endswith("r") for word in words) for words in layers],
        "NumPartialRFLayers": [
            sum(word.startswith("k1") and word.endswith("s2") for word in words) for words in layers
        ],
        "MaxAccuracy": np.zeros(440),
    }
    final = 0.5 + 0.02 * np.log(params) + 0.01 * rng.normal(size=440)
    for epoch in range(1, 91):
        table[f"e{epoch}LossMean"] = np.round(2 - epoch / 90 + 0.01 * rng.normal(size=440), 4)
        table[f"e{epoch}LossMedian"] = np.round(2 - epoch / 90 + 0.01 * rng.normal(size=440), 4)
        noise = 0.02 * rng.normal(size=440)
        table[f"e{epoch}Accuracy"] = np.round(final - 0.2 / epoch + noise, 4)
    table["MaxAccuracy"] = np.max([table[f"e{i}Accuracy"] for i in range(1, 91)], axis=0)
    return pd.DataFrame(table)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def imported(home: Path, tmp_path: Path) -> pd.DataFrame:
    table = authors_table()
    table.to_csv(tmp_path / "naap440v2.csv", index=False)
    file = Naap440Family().data_file()
    summary = file.importer(tmp_path / "naap440v2.csv", file.path)
    assert "440 networks, 40 of them" in str(summary)
    return table


def numbers(benchmark: Benchmark, archs: np.ndarray) -> np.ndarray:
    """The rows of genotypes in the author's table."""
    return np.array([ARCHS.index(arch) for arch in benchmark.space.tuples(archs)])


def test_counts() -> None:
    assert len(ARCHS) == 440
    assert [SPACE.number(arch) for arch in ARCHS] == list(range(1, 441))
    depths = [sum(word != "none" for word in SPACE.words(arch)) for arch in ARCHS]
    assert (depths.count(3), depths.count(4)) == (56, 384)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        # 3*12*9 + 12*16*9 + 16*16 weights, 2*(12+16+16) of normalisation, 16*10+10 at the end.
        ("k3w12s2,k3w16s2,k1w16s1,none", 324 + 1728 + 256 + 88 + 170),
        ("k3w12s2,k3w16s2,k1w16s1r,none", 324 + 1728 + 256 + 88 + 170),
        ("k3w16s2,k3w24s2,k3w32s1,k3w32s1r", 432 + 3456 + 6912 + 9216 + 208 + 330),
    ],
)
def test_params(text: str, params: int) -> None:
    assert SPACE.params(SPACE.from_str(text)) == params


@pytest.mark.parametrize(
    "text",
    [
        "k3w12s2,k3w24s2,k1w16s1r,none",  # Adds 24 channels to 16.
        "k3w12s2,k3w16s2,k1w16s1,k1w32s1r",
        "k3w12s2,k3w16s2,k1w16s2,k1w32s2",  # Four layers with stride 2.
    ],
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(HarnessError, match="not a valid architecture"):
        SPACE.from_str(text)


def test_features_without_a_table_are_one_hot() -> None:
    np.testing.assert_array_equal(SPACE.features(ARCHS), SPACE.one_hot(ARCHS))


def test_benchmark(imported: pd.DataFrame) -> None:
    benchmark = load_benchmark("naap440/cifar10")
    card = benchmark.card()
    assert (card.id, card.searched, card.reported) == ("naap440/cifar10", "best@90", "best@90")
    assert card.searches_reported
    assert (card.architectures, card.unique) == (440, 440)
    assert card.units == ("queries", "epochs")
    assert (card.default_budget, card.licence) == ("50 queries", "MIT")
    assert card.optimum == imported.MaxAccuracy.max()
    assert card.worst == imported.MaxAccuracy.min()
    oracle = benchmark.oracle(0)
    for row in (0, 7, 439):
        curve = imported.loc[row, [f"e{i}Accuracy" for i in range(1, 91)]].astype(float)
        for epochs in (1, 2, 30, 90):
            assert oracle.measure(ARCHS[row], epochs)[0] == curve[:epochs].max()
        assert benchmark.report([ARCHS[row]]) == [imported.MaxAccuracy[row]]
        assert oracle.properties(ARCHS[row]) == {
            "params": imported.NumParams[row],
            "macs": imported.NumMACs[row],
            "layers": imported.NumLayers[row],
            "stages": imported.NumStages[row],
        }


def test_accuracy_after_each_epoch(imported: pd.DataFrame) -> None:
    benchmark = load_benchmark("naap440/cifar10:searched=test@90,reported=test@90")
    oracle = benchmark.oracle(0)
    for epochs in (1, 45, 90):
        assert oracle.measure(ARCHS[3], epochs)[0] == imported[f"e{epochs}Accuracy"][3]
    assert benchmark.report([ARCHS[3]]) == [imported.e90Accuracy[3]]


@pytest.mark.parametrize(
    ("settings", "id"),
    [
        ("", "naap440/cifar10"),
        (":epochs=0,split=original", "naap440/cifar10"),
        (":split=left,epochs=9", "naap440/cifar10:epochs=9,split=left"),
        (":repeats=free,epochs=3", "naap440/cifar10:repeats=free,epochs=3"),
    ],
)
def test_id(settings: str, id: str, imported: pd.DataFrame) -> None:
    benchmark = load_benchmark(f"naap440/cifar10{settings}")
    assert benchmark.id == benchmark.card().id == id
    assert load_benchmark(id).id == id


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("epochs=4", "no epochs=4. All: 0, 3, 6, 9"),
        ("split=up", "no split=up. All: original, interpolation, left"),
        ("epoch=3", "no setting epoch. All: epochs, split, searched"),
        ("searched=valid", "'valid'"),
    ],
)
def test_unknown_settings(settings: str, message: str, imported: pd.DataFrame) -> None:
    with pytest.raises(HarnessError, match=message):
        load_benchmark(f"naap440/cifar10:{settings}")


@pytest.mark.parametrize("split", ["original", "interpolation", "left", "right", "dual"])
@pytest.mark.parametrize("epochs", [0, 3, 6, 9])
def test_features(split: str, epochs: int, imported: pd.DataFrame) -> None:
    """Against the columns by name, scaled by scikit-learn on the training networks."""
    from sklearn.preprocessing import StandardScaler

    benchmark = load_benchmark(f"naap440/cifar10:epochs={epochs},split={split}")
    scheme = ["NumParams", "NumMACs", "NumLayers", "NumStages"]
    scheme += ["FirstLayerWidth", "LastLayerWidth", "NumSkipConnections", "NumPartialRFLayers"]
    if split == "original":
        scheme = scheme[:6] if epochs else ["NumParams", "NumStages"]
    curves = [f"e{i}{what}" for i in range(1, epochs + 1) for what in CURVES]
    columns = imported[scheme + curves].astype(float)
    for name in {"NumParams", "NumMACs"} & set(scheme):
        columns[name] = np.log(columns[name])
    train, _ = benchmark.ranking_split() or ()
    scaler = StandardScaler().fit(columns.to_numpy()[numbers(benchmark, train)])
    shown = benchmark.space.features(ARCHS)
    assert shown.dtype == np.float64
    np.testing.assert_allclose(shown, scaler.transform(columns.to_numpy()), atol=1e-12)
    np.testing.assert_array_equal(benchmark.space.features(ARCHS[::-7]), shown[::-7])


CURVES = ("LossMean", "LossMedian", "Accuracy")


def test_splits(imported: pd.DataFrame) -> None:
    order = imported.MaxAccuracy.argsort(kind="stable").to_numpy()
    train = [row for row in order if not imported.IsTest[row]]
    test = [row for row in order if imported.IsTest[row]]
    expected = {
        "original": (train, test),
        "interpolation": (train, test),
        "left": (train[200:], test[:20]),
        "right": (train[:200], test[20:]),
        "dual": (train[100:300], test[:10] + test[30:]),
    }
    for split, parts in expected.items():
        benchmark = load_benchmark(f"naap440/cifar10:split={split}")
        for part, rows in zip(benchmark.ranking_split() or (), parts, strict=True):
            assert numbers(benchmark, part).tolist() == rows


def test_other_benchmarks_have_no_split() -> None:
    assert load_benchmark("nasbench-graph/proteins").ranking_split() is None


def test_table_in_single_precision(imported: pd.DataFrame) -> None:
    """The decimals of the author's file come back."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    before = load_benchmark("naap440/cifar10:epochs=9")
    path = Naap440Family().data_file().path
    floats = imported.select_dtypes("float64").columns
    single = imported.astype(dict.fromkeys(floats, "float32"))
    pq.write_table(pa.Table.from_pandas(single.iloc[::-1]), path)
    after = load_benchmark("naap440/cifar10:epochs=9")
    assert after.report(ARCHS) == before.report(ARCHS) == imported.MaxAccuracy.tolist()
    np.testing.assert_allclose(
        after.space.features(ARCHS), before.space.features(ARCHS), rtol=0, atol=1e-12
    )
    for first, second in zip(before.ranking_split(), after.ranking_split(), strict=True):
        assert set(map(tuple, first)) == set(map(tuple, second))


def test_import_writes_a_checksum(imported: pd.DataFrame, home: Path) -> None:
    path = Naap440Family().data_file().path
    assert path == home / "naap440" / "naap440v2.parquet"
    assert path.with_name(path.name + ".sha256").is_file()
    assert not list(path.parent.glob("*.part"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("cut", "networks 1 to 440"),
        ("order", "networks 1 to 440"),
        ("column", "e40LossMean"),
        ("params", "network 3 does not have"),
        ("best", "MaxAccuracy"),
        ("text", "texts"),
        ("empty", "missing"),
        ("name", r"end in \.csv"),
        ("absent", "no table"),
    ],
)
def test_import_refuses(damage: str, message: str, tmp_path: Path) -> None:
    table = authors_table()
    if damage == "cut":
        table = table[:300]
    elif damage == "order":
        table = table[::-1]
    elif damage == "column":
        table = table.drop(columns="e40LossMean")
    elif damage == "params":
        table.loc[2, "NumParams"] += 1
    elif damage == "best":
        table.loc[2, "MaxAccuracy"] += 0.01
    elif damage == "text":
        table["e3Accuracy"] = table.e3Accuracy.astype(str) + "%"
    elif damage == "empty":
        table.loc[2, "e3Accuracy"] = np.nan
    source = tmp_path / ("naap440v2.txt" if damage == "name" else "naap440v2.csv")
    if damage != "absent":
        table.to_csv(source, index=False)
    target = tmp_path / "table.parquet"
    with pytest.raises(InvalidTable, match=rf"is not the whole naap440v2\.csv.*{message}"):
        Naap440Family().data_file().importer(source, target)
    assert not target.exists()


def test_missing_table(home: Path) -> None:
    with pytest.raises(MissingData, match="harness data import naap440"):
        load_benchmark("naap440/cifar10")
    assert str(home) in Naap440Family().entries()[0].missing
