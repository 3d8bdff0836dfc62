"""A small task and short recipes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.live.recipe import Recipe
from harness.live.tasks import Part, Task


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        optimizer="nesterov",
        schedule="cosine",
        initialisation="fan-in-uniform",
        precision="float64",
        epochs=3,
        batch=16,
        learning_rate=0.1,
        warmup=0.5,
        momentum=0.9,
        weight_decay=5e-4,
        label_smoothing=0.1,
        shift=1,
    )


@pytest.fixture(scope="session")
def task() -> Task:
    """Three classes of noisy 8x8 images of two channels."""
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(3, 2, 8, 8))

    def part(count: int) -> Part:
        labels = rng.integers(3, size=count)
        images = patterns[labels] + rng.normal(size=(count, 2, 8, 8))
        return Part(images.astype(np.float32), labels)

    return Task("noise", part(70), part(60), part(110), classes=3, background=-0.5, hash="none")
