"""One run of a ranking study: a scorer learns from labels and orders what it has not seen."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.logs import Logs
from harness.core.predictor import Predictor
from harness.study.guard import guarded, recorded
from harness.study.rank_field import Draw, Field
from harness.study.rank_quality import Quality, quality
from harness.study.results import FloatArray
from harness.study.run import streams


@dataclass(frozen=True)
class RankRecord:
    """A finished run.

    Attributes:
        seed: its seed.
        error: traceback of a failed run; empty otherwise.
        wall: seconds on the wall.
        fit_seconds: seconds on the wall of learning; NaN for a failed run.
        predict_seconds: seconds on the wall of predicting; NaN for a failed run.
        digest: SHA-256 of the predictions, shortened, by which two runs can be compared to the
            last bit; empty for a failed run.
        quality: what the predictions are worth; None for a failed run.
        logs: what the scorer wrote down as it learned, by its name; empty for a failed run.
    """

    seed: int
    error: str
    wall: float
    fit_seconds: float
    predict_seconds: float
    digest: str
    quality: Quality | None
    logs: Logs


@dataclass(frozen=True)
class _Predictions:
    scores: FloatArray
    fit_seconds: float
    predict_seconds: float
    logs: Logs


def rank_seeds(
    scorer: Predictor,
    field: Field,
    labels: int,
    tested: int,
    seeds: Sequence[int],
    time_limit: float | None = None,
) -> list[RankRecord]:
    """Run one scorer under several seeds.

    Args:
        scorer: every run gets a copy of its own.
        field: the architectures.
        labels: how many are labelled.
        tested: how many are ordered.
        seeds: one run each.
        time_limit: seconds on the wall for learning and predicting; None for no limit.

    Returns:
        One record a seed; a run that raised, or predicted NaN, has its traceback in it.
    """
    return [_run(scorer, field, labels, tested, seed, time_limit) for seed in seeds]


def failed_run(seed: int, error: str, wall: float) -> RankRecord:
    """The record of a run without predictions."""
    return RankRecord(seed, error, wall, math.nan, math.nan, "", None, {})


def _run(
    scorer: Predictor,
    field: Field,
    labels: int,
    tested: int,
    seed: int,
    time_limit: float | None,
) -> RankRecord:
    rng, noise_key = streams(seed)
    draw = field.draw(seed, labels, tested)
    found: _Predictions | None = None
    with recorded() as outcome:
        found = guarded(lambda: _predict(scorer, field, draw, rng, noise_key), time_limit)
    if found is None:
        return failed_run(seed, outcome.error, outcome.wall)
    return RankRecord(
        seed=seed,
        error="",
        wall=outcome.wall,
        fit_seconds=found.fit_seconds,
        predict_seconds=found.predict_seconds,
        digest=hashlib.sha256(found.scores.tobytes()).hexdigest()[:16],
        quality=quality(found.scores, field.truth(draw.tested), draw.shuffle),
        logs=found.logs,
    )


def _predict(
    scorer: Predictor, field: Field, draw: Draw, rng: np.random.Generator, noise_key: int
) -> _Predictions:
    benchmark = field.benchmark
    own = copy.deepcopy(scorer)
    own.attach(
        benchmark.space,
        rng,
        properties=benchmark.oracle(noise_key).properties,
        task=benchmark.task if own.trains() else None,
    )
    scores = field.labels(draw.labelled, noise_key)
    start = time.perf_counter()
    own.fit(field.archs[draw.labelled], scores)
    learnt = time.perf_counter()
    predicted = own.predict(field.archs[draw.tested])
    return _Predictions(predicted, learnt - start, time.perf_counter() - learnt, own.logs)
