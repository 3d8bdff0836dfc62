"""The default schedule of SemiNAS against the published one, in one run."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from methods.predictor.models.encoder_decoder_training import SCHEDULES, Learner, ScheduleName
from spaces.nasbench201.space import NasBench201Space

LABELS, GUESSES = 100, 10_000

# Epochs of the published schedule that are timed, of the phase with labels and of that with both.
TIMED = (50, 2)


def test_default_is_five_times_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Same labels, same unlabelled architectures and same network, on one core.

    The published schedule has 1,000 epochs over the labels and 500 over copies of the labels and
    guesses. A few of each kind are timed, and their time is multiplied by the number of epochs;
    the default schedule is timed as a whole.
    """
    space, rng = NasBench201Space(), np.random.default_rng(0)
    rows = rng.permutation(space.population)
    archs, others = rows[:LABELS], rows[LABELS : LABELS + GUESSES]
    scores = rng.normal(size=LABELS)
    published = SCHEDULES["paper"]

    def seconds(schedule: ScheduleName) -> float:
        learner = Learner(space, np.random.default_rng(0), "paper", schedule)
        start = time.perf_counter()
        learner.fit(archs, scores, others)
        return time.perf_counter() - start

    def published_seconds(label_epochs: int, mixed_epochs: int) -> float:
        bounded = replace(published, label_epochs=label_epochs, mixed_epochs=mixed_epochs)
        monkeypatch.setitem(SCHEDULES, "paper", bounded)
        return seconds("paper")

    seconds("fast")  # imports and caches
    default = seconds("fast")
    guessing = published_seconds(0, 0)
    label_epoch = (published_seconds(TIMED[0], 0) - guessing) / TIMED[0]
    mixed_epoch = (published_seconds(0, TIMED[1]) - guessing) / TIMED[1]
    whole = guessing + published.label_epochs * label_epoch + published.mixed_epochs * mixed_epoch
    print(f"{whole:.0f} s as published, {default:.1f} s by default: {whole / default:.0f} times")
    assert whole >= 5 * default
