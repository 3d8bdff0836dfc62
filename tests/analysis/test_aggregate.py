"""Results over benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats

from harness.analysis.aggregate import TAUS, MethodAggregate, SuiteAnalysis
from harness.analysis.analyse import analyse
from harness.analysis.ranking import friedman
from harness.analysis.scale import normalise
from harness.core.benchmark import BenchmarkCard
from harness.study.results import FloatArray, PairRuns, StudyResults

METHODS = ("random-search", "x", "y", "z")


@pytest.fixture
def suite(
    make_study: Callable[..., StudyResults],
    make_runs: Callable[..., PairRuns],
    make_card: Callable[..., BenchmarkCard],
) -> Callable[..., StudyResults]:
    """Four methods on benchmarks of which every second one is minimised, 12 seeds."""

    def build(benchmarks: int, effect: float = 0.5) -> StudyResults:
        rng = np.random.default_rng(benchmarks)
        cards, runs = [], []
        for i in range(benchmarks):
            flip = -1.0 if i % 2 else 1.0
            card = make_card(
                id=f"space/{i}",
                direction="minimize" if i % 2 else "maximize",
                optimum=flip * 95.0,
                mean_random=flip * 85.0,
                worst=flip * 10.0,
            )
            cards.append(card)
            for j, method in enumerate(METHODS):
                scores = 91.0 + effect * j + rng.normal(0, 0.5) + rng.normal(0, 0.5, 12)
                runs.append(make_runs(method, flip * scores, card=card))
        return make_study(runs, cards=cards)

    return build


def normalised(study: StudyResults, method: str) -> FloatArray:
    return np.stack(
        [normalise(study.pairs[card.id, method].reported, card) for card in study.cards]
    )


def by_name(suite: SuiteAnalysis) -> dict[str, MethodAggregate]:
    return {entry.method: entry for entry in suite.methods}


def test_normalised_scores_are_comparable(make_card: Callable[..., BenchmarkCard]) -> None:
    card = make_card(direction="minimize", optimum=2.0, mean_random=6.0)
    np.testing.assert_allclose(normalise(np.array([6.0, 4.0, 2.0, 8.0]), card), [0, 0.5, 1, -0.5])
    with pytest.raises(ValueError, match="no gap"):
        normalise(np.ones(1), make_card(optimum=np.nan))


def test_iqm_over_all_runs(suite: Callable[..., StudyResults]) -> None:
    study = suite(6)
    entry = by_name(analyse(study).aggregate)["y"]
    cells = normalised(study, "y")
    assert entry.iqm == pytest.approx(stats.trim_mean(cells, 0.25, axis=None), abs=1e-12)
    assert entry.ci is not None
    assert entry.ci[0] < entry.iqm < entry.ci[1]
    resampled = []
    rng = np.random.default_rng(1)
    for _ in range(2_000):
        drawn = [rng.choice(row, row.size) for row in cells]
        resampled.append(stats.trim_mean(np.concatenate(drawn), 0.25))
    assert entry.ci == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=0.002)


def test_profile_is_the_share_of_better_runs(suite: Callable[..., StudyResults]) -> None:
    study = suite(5)
    analysis = analyse(study).aggregate
    entry = by_name(analysis)["z"]
    cells = normalised(study, "z")
    assert entry.profile is not None
    np.testing.assert_allclose(entry.profile, [(cells > tau).mean() for tau in analysis.taus])
    assert (entry.profile_low <= entry.profile).all()
    assert (entry.profile <= entry.profile_high).all()
    assert TAUS[0] == 0.0
    assert TAUS[-1] == pytest.approx(0.999)


def test_ranks_and_friedman_take_the_seed_means(suite: Callable[..., StudyResults]) -> None:
    study = suite(7)
    analysis = analyse(study).aggregate
    means = np.array([normalised(study, method).mean(axis=1) for method in METHODS]).T
    ranks = stats.rankdata(-means, axis=1)
    assert [entry.rank for entry in analysis.methods] == pytest.approx(ranks.mean(axis=0))
    assert analysis.friedman == friedman(ranks)
    assert analysis.friedman is not None
    theirs = stats.friedmanchisquare(*means.T)
    assert analysis.friedman.chi2 == pytest.approx(theirs.statistic, abs=1e-12 * 100)


def test_pairwise_equals_scikit_posthocs(suite: Callable[..., StudyResults]) -> None:
    study = suite(9, effect=0.2)
    table = {method: normalised(study, method).mean(axis=1) for method in METHODS}
    long = pd.DataFrame(table).melt(var_name="method", value_name="score")
    theirs = scikit_posthocs.posthoc_wilcoxon(
        long, val_col="score", group_col="method", method="exact", p_adjust="holm"
    )
    tests = analyse(study).aggregate.pairwise
    assert len(tests) == 6
    for test in tests:
        assert test.n == 9
        assert test.p_adjusted == pytest.approx(theirs.loc[test.a, test.b], abs=1e-12)


def test_groups_over_benchmarks(suite: Callable[..., StudyResults]) -> None:
    far_apart = analyse(suite(10, effect=2.0)).aggregate
    assert [entry.group for entry in far_apart.methods] == ["d", "c", "b", "a"]
    too_few = analyse(suite(6, effect=2.0)).aggregate
    assert [entry.group for entry in too_few.methods] == [""] * 4


def test_too_few_benchmarks_make_no_general_claim(suite: Callable[..., StudyResults]) -> None:
    analysis = analyse(suite(4)).aggregate
    assert (analysis.friedman, analysis.pairwise) == (None, ())
    assert "too few for a general claim (5 or more)" in analysis.population
    assert all(entry.iqm is not None for entry in analysis.methods)


def test_on_this_suite_the_observation_is_a_seed(suite: Callable[..., StudyResults]) -> None:
    study = suite(3)
    comparisons = analyse(study).aggregate.comparisons
    assert [(c.a, c.b, c.n, c.tests) for c in comparisons] == [
        (method, "random-search", 12, 3) for method in METHODS[1:]
    ]
    difference = normalised(study, "z").mean(axis=0) - normalised(study, "random-search").mean(0)
    assert comparisons[-1].difference == pytest.approx(difference.mean())
    assert comparisons[-1].sd == pytest.approx(difference.std(ddof=1))


def test_a_missing_cell_is_never_averaged_away(suite: Callable[..., StudyResults]) -> None:
    study = suite(6)
    whole = analyse(study).aggregate
    pairs = dict(study.pairs)
    del pairs["space/3", "x"]
    runs = pairs["space/2", "y"]
    pairs["space/2", "y"] = replace(
        runs,
        seeds=runs.seeds[:-1],
        reported=runs.reported[:-1],
        valid=runs.valid[:-1],
        failed=runs.failed[:-1],
        queries=runs.queries[:-1],
        unique=runs.unique[:-1],
        epochs=runs.epochs[:-1],
        seconds=runs.seconds[:-1],
        wall=runs.wall[:-1],
        curves=runs.curves[:-1],
    )
    partial = analyse(replace(study, pairs=pairs)).aggregate
    entries = by_name(partial)
    assert entries["x"] == MethodAggregate("x", "12 of 12 runs on space/3 are missing")
    assert entries["y"] == MethodAggregate("y", "1 of 12 runs on space/2 are missing")
    assert entries["z"].iqm == by_name(whole)["z"].iqm
    assert entries["z"].ci == by_name(whole)["z"].ci
    assert entries["z"].rank == pytest.approx(1.0, abs=0.5)
    assert [c.a for c in partial.comparisons] == ["z"]
    assert partial.friedman is None
    assert [(test.a, test.b) for test in partial.pairwise] == [("random-search", "z")]


def test_a_control_with_a_missing_cell(suite: Callable[..., StudyResults]) -> None:
    study = suite(5)
    pairs = {key: runs for key, runs in study.pairs.items() if key != ("space/0", "random-search")}
    analysis = analyse(replace(study, pairs=pairs)).aggregate
    assert analysis.comparisons == ()
    assert by_name(analysis)["x"].iqm is not None


def test_scores_that_cannot_be_normalised(suite: Callable[..., StudyResults]) -> None:
    study = suite(2)
    cards = (study.cards[0], replace(study.cards[1], optimum=np.nan))
    analysis = analyse(replace(study, cards=cards)).aggregate
    assert {entry.iqm for entry in analysis.methods} == {None}
    assert all("space/1 has no gap" in entry.reason for entry in analysis.methods)
    runs = study.pairs["space/0", "x"]
    broken = replace(runs, reported=np.full(12, -np.inf))
    analysis = analyse(replace(study, pairs={**study.pairs, ("space/0", "x"): broken})).aggregate
    assert by_name(analysis)["x"].reason == "a score on space/0 is not finite"


def test_one_method_on_one_benchmark(make_study: Callable[..., StudyResults]) -> None:
    analysis = analyse(make_study({"random-search": [90.0, 91.0]})).aggregate
    (entry,) = analysis.methods
    assert entry.iqm == pytest.approx(0.55)
    assert (entry.rank, entry.group) == (1.0, "")
    assert (analysis.comparisons, analysis.friedman, analysis.pairwise) == ((), None, ())
