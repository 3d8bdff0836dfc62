"""One benchmark: rows, groups and the edges of what a study can leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.analysis.analyse import analyse
from harness.analysis.summary import BenchmarkAnalysis, MethodSummary
from harness.core.benchmark import BenchmarkCard
from harness.study.results import PairRuns, StudyResults

Study = Callable[..., StudyResults]
Runs = Callable[..., PairRuns]
Card = Callable[..., BenchmarkCard]


def only(study: StudyResults, **options: object) -> BenchmarkAnalysis:
    (benchmark,) = analyse(study, **options).benchmarks  # type: ignore[arg-type]
    return benchmark


def rows(benchmark: BenchmarkAnalysis) -> dict[str, MethodSummary]:
    return {row.method: row for row in benchmark.results}


def noisy(mean: float, n: int = 30, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.2, n)


@pytest.fixture
def three(make_study: Study) -> StudyResults:
    """Two methods that nothing tells apart, and a control below them."""
    return make_study(
        {"random-search": noisy(92.0, seed=1), "x": noisy(93.0, seed=2), "y": noisy(93.05, seed=3)}
    )


def test_a_row(three: StudyResults) -> None:
    row = rows(only(three))["x"]
    scores = noisy(93.0, seed=2)
    assert (row.n, row.missing, row.failed) == (30, 0, 0)
    assert row.mean == pytest.approx(scores.mean())
    assert row.std == pytest.approx(scores.std(ddof=1))
    assert row.ci == pytest.approx(stats.ttest_1samp(scores, 0).confidence_interval(), abs=1e-9)
    assert row.median == pytest.approx(np.median(scores))
    assert row.iqm == pytest.approx(stats.trim_mean(scores, 0.25))
    assert row.regret == pytest.approx(95.0 - scores.mean())
    assert row.relative_improvement == pytest.approx(100 * (scores.mean() - 85) / 85)
    assert (row.queries, row.unique, row.seconds) == (100.0, 50.0, 1000.0)
    assert row.valid_mean == pytest.approx(scores.mean() - 1)


def test_ranks_are_per_seed(three: StudyResults) -> None:
    scores = np.stack([three.pairs["space/data", m].reported for m in three.methods], axis=1)
    expected = stats.rankdata(-scores, axis=1).mean(axis=0)
    assert [row.rank for row in only(three).results] == pytest.approx(expected)


def test_groups_and_the_top(three: StudyResults) -> None:
    benchmark = only(three)
    assert {m: row.group for m, row in rows(benchmark).items()} == {
        "random-search": "b",
        "x": "a",
        "y": "a",
    }
    assert benchmark.top == ("y", "x")
    assert [row.top for row in benchmark.results] == [False, True, True]
    assert benchmark.top_text == "Top group: y, x (no pair of them differs at 0.05)."


def test_comparisons_are_with_the_control(three: StudyResults) -> None:
    comparisons = only(three).comparisons
    assert [(c.a, c.b, c.tests, c.verdict) for c in comparisons] == [
        ("x", "random-search", 2, "better"),
        ("y", "random-search", 2, "better"),
    ]
    assert all(
        c.p_adjusted == 2 * c.p for c in comparisons if c.p == min(d.p or 1 for d in comparisons)
    )
    reversed_study = replace(three, control="y")
    assert [(c.a, c.b) for c in only(reversed_study).comparisons] == [
        ("random-search", "y"),
        ("x", "y"),
    ]


def test_letters_come_from_all_pairs(three: StudyResults) -> None:
    assert [(c.a, c.b, c.tests) for c in only(three).pairwise] == [
        ("random-search", "x", 3),
        ("random-search", "y", 3),
        ("x", "y", 3),
    ]


def test_power_and_pairing_lines(three: StudyResults) -> None:
    benchmark = only(three)
    assert benchmark.power is not None
    assert (benchmark.power.n, benchmark.power.tests) == (30, 2)
    assert benchmark.power.effect == pytest.approx(0.53, abs=0.005)
    sd = np.median([c.sd for c in benchmark.comparisons])
    assert benchmark.power.difference == pytest.approx(benchmark.power.effect * sd)
    assert benchmark.power.effect_holm > benchmark.power.effect
    correlations = [c.seed_correlation for c in benchmark.pairwise]
    assert benchmark.seed_correlation == pytest.approx(np.median(correlations))


def test_minimise_mirrors_everything(three: StudyResults, make_card: Card) -> None:
    loss = make_card(direction="minimize", optimum=-95.0, worst=-10.0, mean_random=-85.0)
    flipped = replace(
        three,
        cards=(loss,),
        pairs={k: replace(p, reported=-p.reported) for k, p in three.pairs.items()},
    )
    ours, theirs = only(three), only(flipped)
    for a, b in zip(ours.results, theirs.results, strict=True):
        assert b.mean == pytest.approx(-(a.mean or 0))
        for field in ("regret", "relative_improvement", "rank", "group", "top", "std"):
            assert getattr(a, field) == pytest.approx(getattr(b, field)), field
    for c, d in zip(ours.comparisons, theirs.comparisons, strict=True):
        assert (c.difference, c.p, c.verdict) == (d.difference, d.p, d.verdict)


def test_failed_runs_count_with_the_worst_score(make_study: Study, make_runs: Runs) -> None:
    study = make_study(
        [make_runs("random-search", noisy(92.0)), make_runs("x", noisy(93.0), failed=[4, 7])]
    )
    row = rows(only(study))["x"]
    assert (row.n, row.failed) == (30, 2)
    scores = study.pairs["space/data", "x"].reported
    assert scores.min() == 10.0
    assert row.mean == pytest.approx(scores.mean())
    assert row.valid_mean == pytest.approx(np.delete(noisy(93.0), [4, 7]).mean() - 1)


def test_all_failed(make_study: Study, make_runs: Runs) -> None:
    failed = make_runs("x", np.zeros(10), failed=range(10))
    failed = replace(failed, seconds=np.full(10, np.nan))
    benchmark = only(make_study([make_runs("random-search", noisy(92.0, 10)), failed]))
    row = rows(benchmark)["x"]
    assert (row.failed, row.mean, row.std, row.degenerate) == (10, 10.0, 0.0, True)
    assert (row.valid_mean, row.seconds) == (None, None)
    assert benchmark.comparisons[0].verdict == "worse"


def test_one_seed(make_study: Study) -> None:
    benchmark = only(make_study({"random-search": [92.0], "x": [93.0]}))
    row = rows(benchmark)["x"]
    assert (row.n, row.mean, row.std, row.ci, row.rank) == (1, 93.0, None, None, 1.0)
    assert benchmark.comparisons[0].verdict == "cannot-tell"
    assert (benchmark.top, benchmark.power, benchmark.seed_correlation) == ((), None, None)
    assert "cannot tell" in benchmark.top_text
    assert any("fewer than 10 seeds" in note for note in benchmark.notes)


def test_two_seeds(make_study: Study) -> None:
    benchmark = only(make_study({"random-search": [92.0, 92.1], "x": [93.0, 93.2]}))
    assert rows(benchmark)["x"].ci is not None
    assert benchmark.comparisons[0].ci is not None
    assert benchmark.comparisons[0].verdict == "cannot-tell"
    assert [row.group for row in benchmark.results] == ["", ""]


def test_all_equal(make_study: Study) -> None:
    benchmark = only(make_study({m: np.full(30, 95.0) for m in ("random-search", "x", "y")}))
    assert [row.degenerate for row in benchmark.results] == [True] * 3
    assert [(row.ci, row.regret, row.rank) for row in benchmark.results] == [
        ((95.0, 95.0), 0.0, 2.0)
    ] * 3
    assert [row.group for row in benchmark.results] == ["a"] * 3
    assert {c.verdict for c in benchmark.comparisons} == {"equivalent"}
    assert {c.ties for c in benchmark.comparisons} == {30}


def test_single_method(make_study: Study) -> None:
    benchmark = only(make_study({"random-search": noisy(92.0)}))
    assert (benchmark.comparisons, benchmark.pairwise, benchmark.power) == ((), (), None)
    assert (benchmark.results[0].rank, benchmark.results[0].group) == (1.0, "")
    assert benchmark.top_text == ""


def test_seconds_that_are_unknown(make_study: Study, make_runs: Runs) -> None:
    runs = replace(make_runs("random-search", noisy(92.0)), seconds=np.full(30, np.nan))
    benchmark = only(make_study([runs]))
    assert benchmark.results[0].seconds is None
    assert [axis.axis for axis in benchmark.anytime] == ["queries"]


def test_seeds_are_paired_by_value(make_study: Study, make_runs: Runs) -> None:
    scores = noisy(92.0)
    partial = make_runs("x", scores[10:25] + 1.0, seeds=range(10, 25))
    benchmark = only(make_study([make_runs("random-search", scores), partial], seeds=30))
    comparison = benchmark.comparisons[0]
    assert (comparison.n, comparison.unpaired, benchmark.common_seeds) == (15, 15, 15)
    assert comparison.difference == pytest.approx(1.0)
    assert rows(benchmark)["x"].missing == 15
    assert benchmark.notes == (
        "x: 15 of 30 runs are missing",
        "methods are compared on the seeds that both have; ranks are over the 15 seeds that all "
        "methods with a run have",
    )


def test_seeds_without_overlap(make_study: Study, make_runs: Runs) -> None:
    left = make_runs("random-search", noisy(92.0, 15), seeds=range(15))
    right = make_runs("x", noisy(93.0, 15), seeds=range(15, 30))
    benchmark = only(make_study([left, right], seeds=30))
    assert benchmark.comparisons[0].verdict == "cannot-tell"
    assert [row.rank for row in benchmark.results] == [None, None]
    assert benchmark.power is None


def test_a_method_without_runs(three: StudyResults) -> None:
    pairs = {key: runs for key, runs in three.pairs.items() if key[1] != "x"}
    benchmark = only(replace(three, pairs=pairs))
    missing = rows(benchmark)["x"]
    assert missing == MethodSummary("x", n=0, missing=30)
    assert [c.a for c in benchmark.comparisons] == ["y"]


def test_a_control_without_runs(three: StudyResults) -> None:
    pairs = {key: runs for key, runs in three.pairs.items() if key[1] != "random-search"}
    benchmark = only(replace(three, pairs=pairs))
    assert benchmark.comparisons == ()
    assert rows(benchmark)["x"].group == "a"


def test_nothing_has_run(three: StudyResults) -> None:
    benchmark = only(replace(three, pairs={}))
    assert [row.n for row in benchmark.results] == [0, 0, 0]
    assert (benchmark.pairwise, benchmark.anytime, benchmark.common_seeds) == ((), (), 0)


def test_a_method_with_few_seeds_blocks_no_other(
    three: StudyResults, make_study: Study, make_runs: Runs
) -> None:
    runs = [*three.pairs.values(), make_runs("z", noisy(99.0, 3))]
    benchmark = only(make_study(runs))
    groups = {m: row.group for m, row in rows(benchmark).items()}
    assert any(note.startswith("z: cannot be grouped") for note in benchmark.notes)
    assert groups == {"random-search": "b", "x": "a", "y": "a", "z": ""}


@pytest.mark.parametrize("worst", [np.inf, np.nan])
def test_a_worst_score_that_is_not_finite(
    worst: float, make_study: Study, make_runs: Runs, make_card: Card
) -> None:
    loss = make_card(direction="minimize", optimum=1.0, worst=worst, mean_random=5.0, metric="loss")
    runs = [
        make_runs("random-search", noisy(3.0, seed=1), card=loss),
        make_runs("x", noisy(2.0, seed=2), card=loss),
        make_runs("y", noisy(2.0, seed=3), card=loss, failed=[5]),
    ]
    benchmark = only(make_study(runs, cards=[loss]))
    broken = rows(benchmark)["y"]
    assert (broken.failed, broken.mean, broken.ci, broken.group) == (1, None, None, "")
    verdicts = {c.a: c.verdict for c in benchmark.comparisons}
    assert verdicts == {"x": "better", "y": "cannot-tell"}
    assert {m: row.group for m, row in rows(benchmark).items() if m != "y"} == {
        "random-search": "b",
        "x": "a",
    }


def test_an_optimum_that_is_unknown(make_study: Study, make_runs: Runs, make_card: Card) -> None:
    live = make_card(optimum=np.nan, mean_random=np.nan)
    benchmark = only(make_study([make_runs("random-search", noisy(92.0), card=live)], cards=[live]))
    row = benchmark.results[0]
    assert row.mean is not None
    assert (row.regret, row.relative_improvement) == (None, None)


@pytest.mark.parametrize(
    ("margin", "verdict"), [("default", "equivalent"), (0.001, "better"), (None, "better")]
)
def test_margin(make_study: Study, margin: object, verdict: str) -> None:
    base = noisy(92.0, 100)
    study = make_study({"random-search": base, "x": base + 0.02 + noisy(0.0, 100, 5) / 10})
    assert only(study, margin=margin).comparisons[0].verdict == verdict
