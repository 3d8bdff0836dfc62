"""The entry point: deterministic, independent of company, quick."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.analyse import StudyAnalysis, analyse
from harness.core.benchmark import BenchmarkCard
from harness.study.results import PairRuns, StudyResults

METHODS = ("random-search", "a", "b", "c", "d", "e")


@pytest.fixture
def study(
    make_study: Callable[..., StudyResults],
    make_runs: Callable[..., PairRuns],
    make_card: Callable[..., BenchmarkCard],
) -> Callable[[int], StudyResults]:
    """Six methods on two benchmarks, with curves of ten steps."""

    def build(seeds: int) -> StudyResults:
        rng = np.random.default_rng(0)
        cards = [make_card(id=f"space/{i}") for i in range(2)]
        runs = []
        for card in cards:
            for j, method in enumerate(METHODS):
                steps = np.sort(rng.uniform(85, 94 + j / 10, (seeds, 10)), axis=1)
                at = np.unique(np.geomspace(1, 90, 10).astype(int))[:10]
                curves = [list(zip(at, run[: len(at)], strict=True)) for run in steps]
                final = steps[:, len(at) - 1]
                runs.append(make_runs(method, final, card=card, curves=curves))
        return make_study(runs, cards=cards)

    return build


def p_values(analysis: StudyAnalysis) -> dict[tuple[str, frozenset[str]], float | None]:
    found = {
        (benchmark.card.id, frozenset((c.a, c.b))): c.p
        for benchmark in analysis.benchmarks
        for c in (*benchmark.comparisons, *benchmark.pairwise)
    }
    found |= {("suite", frozenset((c.a, c.b))): c.p for c in analysis.aggregate.comparisons}
    return found


def test_same_results_same_analysis(study: Callable[[int], StudyResults]) -> None:
    results = study(40)
    assert repr(analyse(results)) == repr(analyse(results))


def test_another_generator_draws_other_permutations(study: Callable[[int], StudyResults]) -> None:
    results = study(60)
    other = analyse(results, rng=np.random.default_rng(1))
    assert p_values(analyse(results)) != p_values(other)


def test_company_changes_no_p_value(study: Callable[[int], StudyResults]) -> None:
    results = study(60)
    whole = p_values(analyse(results))
    fewer = replace(
        results,
        methods=("d", "random-search", "b"),
        cards=results.cards[:0:-1],
        pairs={k: v for k, v in results.pairs.items() if k[1] in ("d", "random-search", "b")},
    )
    alone = p_values(analyse(fewer))
    shared = {key: p for key, p in alone.items() if key[0] != "suite"}
    assert len(shared) == 3
    assert shared == {key: whole[key] for key in shared}


def test_alpha_is_the_level_of_tests_and_intervals(study: Callable[[int], StudyResults]) -> None:
    results = study(10)
    strict, usual = analyse(results, alpha=0.001), analyse(results)
    assert strict.alpha == 0.001
    assert strict.benchmarks[0].comparisons[0].verdict == "cannot-tell"
    wide, narrow = strict.benchmarks[0].results[0].ci, usual.benchmarks[0].results[0].ci
    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > narrow[1] - narrow[0]


def test_one_entry_a_benchmark_in_order(study: Callable[[int], StudyResults]) -> None:
    analysis = analyse(study(10))
    assert [b.card.id for b in analysis.benchmarks] == ["space/0", "space/1"]
    assert analysis.control == "random-search"
    assert [axis.axis for axis in analysis.benchmarks[0].anytime] == ["queries", "seconds"]


def test_500_seeds_take_about_a_second(study: Callable[[int], StudyResults]) -> None:
    results = study(500)
    analyse(study(10))
    begin = time.process_time()
    analyse(results)
    assert time.process_time() - begin < 5.0


def test_importing_is_light() -> None:
    code = (
        "import sys, harness.analysis.analyse; "
        "print([m for m in ('scipy', 'pandas', 'matplotlib', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
