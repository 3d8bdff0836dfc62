"""A ranking study is analysed with the statistics of a study of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from harness.analysis.aggregate import analyse_suite
from harness.analysis.rank_analyse import ScorerMeans, analyse_ranking
from harness.analysis.streams import named_streams
from harness.analysis.summary import analyse_benchmark
from harness.core.benchmark import BenchmarkCard
from harness.study.rank_results import Cell, RankResults, ScorerRuns
from harness.study.results import FloatArray

MEANS = [
    name for name in (field.name for field in fields(ScorerMeans))
    if name not in ("scorer", "violations_median", "fit_seconds", "predict_seconds")
]  # fmt: skip


def runs(cell: Cell, scorer: str, tau: FloatArray, failed: int = 0, regret: float = 1.0):
    """Runs with these correlations; the first ones have failed."""
    fails = np.arange(tau.size) < failed
    return ScorerRuns(
        cell=cell,
        scorer=scorer,
        seeds=np.arange(tau.size),
        failed=fails,
        wall=np.ones(tau.size),
        fit_seconds=np.where(fails, np.nan, np.arange(tau.size) ** 2.0),
        predict_seconds=np.where(fails, np.nan, 0.25),
        kendall=np.where(fails, -1.0, tau),
        spearman=np.where(fails, -1.0, tau / 2),
        violations=np.where(fails, 10.0, 3.0),
        mae=np.where(fails, np.nan, 7.0),
        regret_1=np.where(fails, 85.0, regret * (1 - tau)),
        regret_10=np.where(fails, 85.0, regret * (1 - tau) / 2),
        top_share=np.where(fails, 0.0, 0.5),
        errors=dict.fromkeys(range(failed), "Traceback"),
    )


def study(
    cards: list[BenchmarkCard],
    taus: dict[str, Callable[[int, int], FloatArray]],
    labels: tuple[int, ...] = (50, 100),
    **options: object,
) -> RankResults:
    """Correlations of each scorer by (number of the benchmark, number of labels)."""
    cells = [Cell(card.id, n, 998, 900, False) for card in cards for n in labels]
    found = {}
    for cell in cells:
        place = [card.id for card in cards].index(cell.benchmark)
        for scorer, of in taus.items():
            found[cell.benchmark, cell.labels, scorer] = runs(cell, scorer, of(place, cell.labels))
    seeds = max(own.seeds.size for own in found.values())
    return RankResults(
        "test", tuple(cards), tuple(cells), tuple(taus), next(iter(taus)), "kendall", 1000, found,
        tuple(range(seeds)), {}, **options,
    )  # fmt: skip


def noise(*words: int, size: int = 12) -> FloatArray:
    return np.random.default_rng(words).normal(0, 0.01, size)


@pytest.fixture
def cards(make_card: Callable[..., BenchmarkCard]) -> list[BenchmarkCard]:
    return [make_card(), make_card(id="space/other", optimum=1.0, worst=0.0, mean_random=0.5)]


@pytest.fixture
def results(cards: list[BenchmarkCard]) -> RankResults:
    return study(
        cards,
        {
            "weak": lambda b, n: 0.3 + noise(1, b, n),
            "strong": lambda b, n: 0.3 + n / 200 + noise(2, b, n),
            "same": lambda b, n: 0.3 + noise(1, b, n) + noise(3, b, n) / 10,
        },
    )


def test_means(results: RankResults) -> None:
    for cell in analyse_ranking(results).cells:
        for means, row in zip(cell.means, cell.statistics.results, strict=True):
            own = results.runs[cell.cell.benchmark, cell.cell.labels, means.scorer]
            assert means.scorer == row.method
            assert row.mean == means.kendall == own.kendall.mean()
            for name in MEANS:
                assert getattr(means, name) == getattr(own, name).mean()
            assert means.violations_median == 3
            assert means.fit_seconds == np.median(np.arange(12) ** 2)


def test_verdicts_and_groups(results: RankResults) -> None:
    found = analyse_ranking(results)
    assert [cell.cell for cell in found.cells] == list(results.cells)
    for cell in found.cells:
        verdicts = {c.a: c.verdict for c in cell.statistics.comparisons}
        assert verdicts == {"strong": "better", "same": "equivalent"}
        assert cell.statistics.top == ("strong",)
        assert [row.group for row in cell.statistics.results] == ["b", "a", "b"]
        assert "every other scorer differs" in cell.statistics.top_text
        assert not cell.statistics.anytime


def test_is_the_analysis_of_a_study_of_methods(
    results: RankResults, make_card: Callable[..., BenchmarkCard], make_runs, make_study
) -> None:
    """The same numbers as reported scores of methods give the same statistics."""
    cell = results.cells[1]
    scale = analyse_ranking(results).cells[1].statistics.scale
    card = make_card(
        id=cell.id, optimum=1.0, worst=-1.0, mean_random=0.0, metric="Kendall's tau",
    )  # fmt: skip
    pairs = [
        make_runs(name, results.runs[cell.benchmark, cell.labels, name].kendall, card=card)
        for name in results.scorers
    ]
    streams = named_streams(np.random.default_rng(0))
    other = make_study(pairs, cards=[card], control="weak")
    expected = analyse_benchmark(other, card, scale, 0.05, streams)
    found = analyse_ranking(results).cells[1].statistics
    assert found.comparisons == expected.comparisons
    assert found.pairwise == expected.pairwise
    for row, own in zip(expected.results, found.results, strict=True):
        for name in ("mean", "std", "ci", "median", "iqm", "rank", "group", "top", "regret"):
            assert getattr(row, name) == getattr(own, name)


def test_aggregate_takes_the_mean_over_labels(
    results: RankResults, cards: list[BenchmarkCard], make_card, make_runs, make_study
) -> None:
    """Two numbers of labels on two benchmarks are two benchmarks, not four."""
    perfect = {"optimum": 1.0, "worst": -1.0, "mean_random": 0.0}
    known = [make_card(id=card.id, **perfect) for card in cards]
    pairs = [
        make_runs(
            name,
            (results.runs[card.id, 50, name].kendall + results.runs[card.id, 100, name].kendall)
            / 2,
            card=card,
        )
        for card in known
        for name in results.scorers
    ]
    other = make_study(pairs, cards=known, control="weak")
    expected = analyse_suite(other, 0.05, 0.01, named_streams(np.random.default_rng(0)))
    found = analyse_ranking(results).aggregate
    assert found.benchmarks == ("space/data", "space/other")
    assert "Across 2 benchmarks: too few" in found.population
    assert found.comparisons == expected.comparisons
    for own, reference in zip(found.methods, expected.methods, strict=True):
        assert (own.iqm, own.ci, own.rank) == (reference.iqm, reference.ci, reference.rank)


def test_curves_over_labels(results: RankResults) -> None:
    found = analyse_ranking(results)
    assert found.labels == (50, 100)
    for curve in found.curves:
        for labels, score in zip(found.labels, curve.scores, strict=True):
            own = [results.runs[card.id, labels, curve.scorer].kendall for card in results.cards]
            assert score == pytest.approx(np.mean(own), abs=1e-12)


def test_regret_is_better_when_lower(results: RankResults) -> None:
    found = analyse_ranking(replace(results, measure="regret"))
    for cell in found.cells:
        own = {row.method: row for row in cell.statistics.results}
        assert own["strong"].mean == cell.means[1].regret_1
        assert cell.statistics.card.direction == "minimize"
        assert cell.statistics.card.optimum == 0.0
        assert cell.statistics.top[0] == "strong"
        (difference,) = [c for c in cell.statistics.comparisons if c.a == "strong"]
        assert difference.difference == pytest.approx(own["weak"].mean - own["strong"].mean)
    # 85 and 0.5 are the regrets of the mean random architecture: 10 and 0.5 of the two cards.
    normalised = [
        1 - results.runs[card.id, 50, "weak"].regret_1.mean() / abs(card.optimum - card.mean_random)
        for card in results.cards
    ]
    assert found.curves[0].scores[0] == pytest.approx(np.mean(normalised))


def test_spearman(results: RankResults) -> None:
    found = analyse_ranking(replace(results, measure="spearman"))
    for cell in found.cells:
        for means, row in zip(cell.means, cell.statistics.results, strict=True):
            assert row.mean == means.spearman != means.kendall


def test_failed_runs_count_as_the_worst(results: RankResults) -> None:
    cell = results.cells[0]
    key = (cell.benchmark, cell.labels, "strong")
    results.runs[key] = runs(cell, "strong", results.runs[key].kendall, failed=3)
    found = analyse_ranking(results).cells[0]
    own = results.runs[key]
    means, row = found.means[1], found.statistics.results[1]
    assert row.failed == 3
    assert row.n == 12
    assert means.kendall == row.mean == pytest.approx((own.kendall[3:].sum() - 3) / 12)
    assert means.regret_1 == pytest.approx((own.regret_1[3:].sum() + 3 * 85) / 12)
    assert means.mae == 7.0
    assert means.predict_seconds == 0.25


def test_missing_runs(results: RankResults) -> None:
    cell = results.cells[0]
    key = (cell.benchmark, cell.labels, "strong")
    full = results.runs[key]
    for kept in (5, 0):
        results.runs[key] = runs(cell, "strong", full.kendall[:kept])
        found = analyse_ranking(results)
        row = found.cells[0].statistics.results[1]
        assert (row.n, row.missing) == (kept, 12 - kept)
        assert (found.cells[0].means[1].kendall is None) == (kept == 0)
        assert "are missing" in found.aggregate.methods[1].reason
        assert found.aggregate.methods[0].iqm is not None
        assert (found.curves[1].scores[0] is None) == (kept == 0)


def test_one_cell(cards: list[BenchmarkCard]) -> None:
    found = analyse_ranking(study(cards[:1], {"only": lambda b, n: noise(1, n)}, labels=(5,)))
    assert len(found.cells) == 1
    assert found.cells[0].statistics.comparisons == ()
    assert found.cells[0].cell.id == "space/data, 5 labels"


def test_seeds_of_a_whole_split_vary_little(results: RankResults) -> None:
    assert not any(cell.notes for cell in analyse_ranking(results).cells)
    cells = tuple(replace(cell, split=True, available=100) for cell in results.cells)
    known = {(cell.benchmark, cell.labels): cell for cell in cells}
    fixed = {key: replace(own, cell=known[key[:2]]) for key, own in results.runs.items()}
    for cell in analyse_ranking(replace(results, cells=cells, runs=fixed)).cells:
        told = "every seed labels and orders the same architectures" in " ".join(cell.notes)
        assert told == (cell.cell.labels == 100)
