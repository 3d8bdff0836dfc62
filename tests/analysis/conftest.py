"""Builders of small studies; every number that a test relies on is given by the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.core.benchmark import BenchmarkCard
from harness.study.results import Curve, FloatArray, PairRuns, StudyResults

BASE_CARD = BenchmarkCard(
    id="space/data",
    version=1,
    space="space",
    dataset="data",
    metric="accuracy (%)",
    direction="maximize",
    searched="valid@12",
    searched_trials="one trial",
    reported="test@200",
    reported_trials="mean of all trials",
    searches_reported=False,
    noise="sampled",
    repeats="charged",
    cost="training and evaluation",
    architectures=15_625,
    unique=6_466,
    optimum=95.0,
    worst=10.0,
    mean_random=85.0,
    default_budget="100 queries",
    units=("queries", "seconds"),
    citation="nobody",
    licence="none",
    checksum="",
)


def _card(**changes: object) -> BenchmarkCard:
    return replace(BASE_CARD, **changes)


def _runs(
    method: str,
    reported: Sequence[float] | FloatArray,
    *,
    card: BenchmarkCard = BASE_CARD,
    seeds: Sequence[int] | None = None,
    failed: Sequence[int] = (),
    queries: int = 100,
    second: float = 10.0,
    curves: Sequence[Sequence[tuple[int, float]]] | None = None,
) -> PairRuns:
    """Runs whose curve is one step at the first query unless ``curves`` names (query, score)s.

    A query costs ``second`` seconds; positions in ``failed`` fail.
    """
    n = len(reported)
    fails = np.isin(np.arange(n), failed)
    scores = np.where(fails, card.worst, np.asarray(reported, dtype=np.float64))
    steps = curves if curves is not None else [[(1, score)] for score in scores]
    return PairRuns(
        benchmark=card.id,
        method=method,
        seeds=np.arange(n) if seeds is None else np.asarray(seeds, dtype=np.int64),
        reported=scores,
        valid=np.where(fails, np.nan, scores - 1.0),
        failed=fails,
        queries=np.full(n, queries),
        unique=np.full(n, queries // 2),
        epochs=np.full(n, 12.0 * queries),
        seconds=np.full(n, second * queries),
        wall=np.full(n, 0.01),
        curves=tuple(
            Curve(
                queries=np.array([q for q, _ in run if not fail], dtype=np.int64),
                seconds=np.array([second * q for q, _ in run if not fail], dtype=np.float64),
                reported=np.array([score for _, score in run if not fail], dtype=np.float64),
            )
            for run, fail in zip(steps, fails, strict=True)
        ),
        errors={int(position): "Traceback" for position in failed},
    )


def _study(
    pairs: Sequence[PairRuns] | Mapping[str, Sequence[float] | FloatArray],
    *,
    cards: Sequence[BenchmarkCard] = (BASE_CARD,),
    control: str = "random-search",
    seeds: int | None = None,
    budget: str = "100 queries",
) -> StudyResults:
    """A study of runs, or of scores by method on one benchmark."""
    if isinstance(pairs, Mapping):
        pairs = [_runs(method, scores, card=cards[0]) for method, scores in pairs.items()]
    asked = seeds if seeds is not None else max(len(pair.seeds) for pair in pairs)
    return StudyResults(
        name="test",
        cards=tuple(cards),
        budgets={card.id: budget for card in cards},
        methods=tuple(dict.fromkeys(pair.method for pair in pairs)),
        control=control,
        pairs={(pair.benchmark, pair.method): pair for pair in pairs},
        seeds=tuple(range(asked)),
        provenance={},
    )


@pytest.fixture
def make_card() -> Callable[..., BenchmarkCard]:
    return _card


@pytest.fixture
def make_runs() -> Callable[..., PairRuns]:
    return _runs


@pytest.fixture
def make_study() -> Callable[..., StudyResults]:
    return _study
