"""Tiny tasks whose networks a test makes, and a way to score them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.live.tasks import Part
from harness.testing.synthetic import SyntheticSpace


class TinyTask:
    """Images of a test, and networks made by it: ``build(arch, generator)``."""

    name, classes = "tiny", 3

    def __init__(self, build, images, labels):
        self.build = build
        self.train = self.valid = Part(np.asarray(images, np.float32), np.asarray(labels, np.int64))

    def loss(self, outputs, labels):
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, labels)

    def network(self, arch, generator):
        return self.build(arch, generator).train()


@pytest.fixture
def tiny_task() -> Any:
    return TinyTask


@pytest.fixture
def score() -> Callable[..., Any]:
    """Scores of the networks 0, 1 ... of a builder; images in random order."""

    def run(proxy, build, images, labels=None, count=1, seed=0):
        labels = np.zeros(len(images)) if labels is None else labels
        proxy.attach(
            SyntheticSpace((count,)),
            np.random.default_rng(seed),
            task=TinyTask(build, images, labels),
        )
        proxy.fit([(0,)], [0.0])
        return proxy.predict([(i,) for i in range(count)])

    return run


@pytest.fixture
def softmax() -> Callable[..., Any]:
    def of(logits):
        shifted = np.exp(logits - logits.max(1, keepdims=True))
        return shifted / shifted.sum(1, keepdims=True)

    return of


@pytest.fixture
def batch() -> tuple[Any, Any]:
    """Eight images of 2x1x2 pixels and their labels, of three classes."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(8, 2, 1, 2)).astype(np.float32), rng.integers(3, size=8)
