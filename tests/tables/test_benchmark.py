"""Benchmarks made of tables: settings, figures of the card, refusals, and what stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Budget, Decision, HarnessError, InvalidArchitecture, InvalidTable, SearchSpace
from harness.tables import Layout, LevelColumns, Source, TableBenchmark, TableFacts

SPACE = SearchSpace("made", [Decision("a", ("x", "y")), Decision("b", ("u", "v", "w"))])
ARCHS = list(SPACE.enumerate())
RNG = np.random.default_rng(0)
# A number that comes up nowhere else, so that it can be looked for.
SENTINEL = 0.123456789012345


class Columns(Source):
    """Columns made anew at each reading, which is written down."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = {name: repr(values) for name, values in columns.items()}
        self.log: list[str] = []

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self._columns)

    @property
    def checksum(self) -> str:
        return "c0ffee"

    @property
    def place(self) -> str:
        return "memory"

    def read(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        self.log += names
        return {name: np.array(eval(self._columns[name], {"nan": np.nan})) for name in names}


def columns() -> dict[str, list[Any]]:
    n = len(ARCHS)
    rng = np.random.default_rng(0)
    made = {
        f"{split}_{epochs}_{run}": rng.random(n).tolist()
        for split in ("valid", "test")
        for epochs in (5, 50)
        for run in range(3)
    }
    made["valid_50_2"][1] = float("nan")
    made["valid_5_2"][1] = float("nan")
    made["test_50_0"][3] = SENTINEL
    return made | {
        "key": [SPACE.to_str(arch) for arch in reversed(ARCHS)],
        "time": rng.random(n).tolist(),
        "size": list(range(n)),
    }


def runs(split: str, epochs: int) -> tuple[str, ...]:
    return tuple(f"{split}_{epochs}_{run}" for run in range(3))


def level(epochs: int) -> LevelColumns:
    return LevelColumns(epochs, runs("valid", epochs), ((float(epochs), "time"),))


LAYOUT = Layout(
    searched={"valid@5": (level(5),), "valid@50": (level(5), level(50))},
    reported={
        "test@50": runs("test", 50),
        "test@5": runs("test", 5),
        "valid@50": runs("valid", 50),
    },
    properties={"params": "size"},
    cost="training",
)
FACTS = TableFacts(
    id="made/data",
    dataset="data",
    metric="accuracy",
    direction="maximize",
    searched="valid@50",
    reported="test@50",
    default_budget=Budget(10, "queries"),
    citation="Doe 2025",
    licence="CC0",
)


def keys(source: Source) -> Sequence[str]:
    found: list[str] = source.read(["key"])["key"].tolist()
    return found


def make(
    settings: dict[str, str] | None = None,
    *,
    source: Source | None = None,
    layout: Layout = LAYOUT,
    facts: TableFacts = FACTS,
) -> TableBenchmark:
    source = source or Columns(columns())
    return TableBenchmark(facts, SPACE, source, layout, keys, SPACE.to_str, settings or {})


def brute(names: Sequence[str]) -> dict[tuple[int, ...], float]:
    """Mean over trials by architecture, with plain loops."""
    data = columns()
    found = {}
    for row, key in enumerate(data["key"]):
        scores = [data[name][row] for name in names if data[name][row] == data[name][row]]
        found[SPACE.from_str(key)] = sum(scores) / len(scores)
    return found


def test_card() -> None:
    card = make().card()
    reported = brute(runs("test", 50))
    assert card.optimum == pytest.approx(max(reported.values()))
    assert card.worst == pytest.approx(min(reported.values()))
    assert card.mean_random == pytest.approx(sum(reported.values()) / 6)
    assert (card.architectures, card.unique, card.checksum) == (6, 6, "c0ffee")
    assert (card.searched, card.reported, card.searches_reported) == ("valid@50", "test@50", False)
    assert card.searched_trials == "one training run of up to 3"
    assert card.reported_trials == "mean of up to 3 training runs"
    assert (card.noise, card.repeats, card.cost) == ("sampled", "charged", "training")
    assert card.units == ("queries", "epochs", "seconds")


def test_card_of_what_is_minimized() -> None:
    card = make(facts=replace(FACTS, direction="minimize")).card()
    reported = brute(runs("test", 50))
    assert card.optimum == pytest.approx(min(reported.values()))
    assert card.worst == pytest.approx(max(reported.values()))


def test_reporting_what_is_searched_is_stated() -> None:
    assert make({"reported": "valid@50"}).card().searches_reported


def test_report_is_on_the_own_scale() -> None:
    for direction in ("maximize", "minimize"):
        benchmark = make(facts=replace(FACTS, direction=direction))
        expected = brute(runs("test", 50))
        assert benchmark.report(ARCHS) == pytest.approx([expected[arch] for arch in ARCHS])


def test_mean_scores() -> None:
    oracle = make({"noise": "mean"}).oracle(0)
    for epochs in (5, 50):
        expected = brute(runs("valid", epochs))
        for arch in ARCHS:
            assert oracle.measure(arch, epochs)[0] == pytest.approx(expected[arch])


def test_what_is_minimized_is_searched_with_its_sign_changed() -> None:
    benchmark = make({"noise": "mean"}, facts=replace(FACTS, direction="minimize"))
    expected = brute(runs("valid", 50))
    for arch in ARCHS:
        assert benchmark.oracle(0).measure(arch, 50)[0] == pytest.approx(-expected[arch])


def test_fixed_trial() -> None:
    data = columns()
    oracle = make({"noise": "fixed", "trial": "1"}).oracle(99)
    for row, key in enumerate(data["key"]):
        seen = oracle.measure(SPACE.from_str(key), 50)[0]
        assert seen == data["valid_50_1"][row]


def test_fixed_trial_that_some_lack() -> None:
    with pytest.raises(InvalidTable, match="1 architectures were not trained in trial 2"):
        make({"noise": "fixed", "trial": "2"}).oracle(0)


def test_sampled_scores_are_single_runs() -> None:
    data = columns()
    for row, key in enumerate(data["key"]):
        runs_of_row = [data[name][row] for name in runs("valid", 50)]
        oracle = make().oracle(3)
        seen = {oracle.measure(SPACE.from_str(key), 50)[0] for _ in range(100)}
        assert seen == {score for score in runs_of_row if score == score}


def test_noise_is_the_same_for_the_same_key() -> None:
    queries = [ARCHS[i] for i in np.random.default_rng(1).integers(0, 6, 100)]
    seen = []
    for key in (1, 1, 2):
        oracle = make().oracle(key)
        seen.append([oracle.measure(arch, 50)[0] for arch in queries])
    assert seen[0] == seen[1] != seen[2]


def test_cost() -> None:
    data = columns()
    oracle = make().oracle(0)
    for row, key in enumerate(data["key"]):
        for epochs in (5, 50):
            seconds = oracle.measure(SPACE.from_str(key), epochs)[1]
            assert seconds == pytest.approx(epochs * data["time"][row])


def test_units_are_those_that_the_table_has() -> None:
    unknown = {"valid": (LevelColumns(None, runs("valid", 50)),)}
    benchmark = make(
        layout=replace(LAYOUT, searched=unknown), facts=replace(FACTS, searched="valid")
    )
    assert benchmark.units == ("queries",)
    assert np.isnan(benchmark.oracle(0).measure(ARCHS[0], None)[1])


@pytest.mark.parametrize(
    ("settings", "identity"),
    [
        ({}, "made/data"),
        ({"searched": "valid@50", "repeats": "charged"}, "made/data"),
        ({"searched": "valid@5"}, "made/data:searched=valid@5"),
        ({"noise": "fixed", "trial": "0"}, "made/data:noise=fixed,trial=0"),
        ({"repeats": "free", "reported": "test@5"}, "made/data:reported=test@5,repeats=free"),
    ],
)
def test_identity(settings: dict[str, str], identity: str) -> None:
    assert make(settings).id == identity


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"serched": "valid@5"}, "no setting of made/data 'serched'. Did you mean searched"),
        ({"searched": "valid@12"}, "no value for searched of made/data 'valid@12'"),
        ({"reported": "tset@50"}, "Did you mean test@50"),
        ({"noise": "some"}, "no value for noise"),
        ({"repeats": "never"}, "no value for repeats"),
        ({"noise": "fixed"}, "go together"),
        ({"trial": "1"}, "go together"),
        ({"noise": "fixed", "trial": "3"}, "has no trial 3: it has 3, counted from 0"),
        ({"noise": "fixed", "trial": "-1"}, "has no trial -1"),
    ],
)
def test_impossible_settings(settings: dict[str, str], words: str) -> None:
    with pytest.raises(HarnessError, match=words):
        make(settings)


@pytest.mark.parametrize("noise", [{"noise": "sampled"}, {"noise": "fixed", "trial": "0"}])
def test_averages_cannot_be_sampled(noise: dict[str, str]) -> None:
    layout = replace(LAYOUT, averaged=True, trials="mean of 3 training runs")
    with pytest.raises(HarnessError, match=r"only their averages\. Use noise=mean"):
        make(noise, layout=layout)


def test_averages_are_stated() -> None:
    averages = Layout(
        searched={"valid@50": (LevelColumns(50, ("valid_50_0",)),)},
        reported={"test@50": ("test_50_0",)},
        trials="mean of 3 training runs",
        averaged=True,
    )
    card = make(layout=averages).card()
    assert card.noise == "mean"
    assert card.searched_trials == card.reported_trials == "mean of 3 training runs"


def damaged(name: str, row: int, value: Any) -> Columns:
    data = columns()
    data[name][row] = value
    return Columns(data)


def without_scores(row: int) -> Columns:
    data = columns()
    for name in runs("valid", 50):
        data[name][row] = float("nan")
    return Columns(data)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (without_scores(4), "1 rows have no score in valid_50_0.*the first one in row 4"),
        (damaged("time", 2, -1.0), "seconds that are negative or missing"),
        (damaged("time", 2, float("nan")), "seconds that are negative or missing"),
    ],
)
def test_damaged_tables(source: Source, words: str) -> None:
    with pytest.raises(InvalidTable, match=words):
        make(source=source).oracle(0)


def test_two_rows_of_one_architecture() -> None:
    data = columns()
    data["key"][0] = data["key"][1]
    with pytest.raises(InvalidTable, match="another row describes already"):
        make(source=Columns(data)).oracle(0).measure(ARCHS[0], 50)


def test_missing_row() -> None:
    data = columns()
    data["key"][0] = "of another space"
    with pytest.raises(InvalidTable, match=r"no row for y,w, a valid architecture of made"):
        make(source=Columns(data)).oracle(0).measure((1, 2), 50)


@pytest.mark.parametrize("arch", [(0, 3), (0,), [0, 0], "x,u", None])
def test_architectures_of_other_spaces(arch: Any) -> None:
    with pytest.raises(InvalidArchitecture):
        make().oracle(0).measure(arch, 50)


def test_properties() -> None:
    data = columns()
    oracle = make().oracle(0)
    for row, key in enumerate(data["key"]):
        assert oracle.properties(SPACE.from_str(key)) == {"params": float(row)}


def test_searching_reads_no_test_scores() -> None:
    source = Columns(columns())
    oracle = make(source=source).oracle(0)
    for arch in ARCHS:
        oracle.measure(arch, 5)
        oracle.measure(arch, 50)
        oracle.properties(arch)
    assert not [name for name in source.log if name.startswith("test")]


def test_no_test_score_is_in_memory(reachable: Callable[[object], set[float]]) -> None:
    benchmark = make()
    oracle = benchmark.oracle(0)
    for arch in ARCHS:
        oracle.measure(arch, 50)
        oracle.properties(arch)
    benchmark.card()
    benchmark.report(ARCHS)
    numbers = reachable([benchmark, oracle])
    data = columns()
    assert data["valid_50_0"][0] in numbers, "the walk finds what is there"
    assert SENTINEL not in numbers
    assert not numbers & {score for name in runs("test", 50) for score in data[name]}
