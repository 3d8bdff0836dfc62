"""The predictor of NAO (Luo et al., NeurIPS 2018), as SemiNAS runs it on NAS-Bench-101."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Predictor


class NAOPredictor(Predictor):
    """An LSTM encodes the architecture, a head predicts its score, a decoder reads it back.

    The network and the loss are those of SemiNAS (Luo et al., NeurIPS 2020, section 3), which for
    lack of unlabelled architectures is NAO. The published schedule is 1,000 epochs in batches of
    100 with Adam at 0.001. The default one is 400 epochs, but at most 2,000 steps, at a rate that
    rises to 0.005 and falls to nothing. With single-run labels on NAS-Bench-201 (CIFAR-10),
    Kendall's tau with the mean test accuracy is 0.539 (published schedule: 0.544) for 100 labels,
    the mean of five draws of them, and 0.602 (0.606) for 300, of three.

    Attributes:
        settings: ``paper`` has an LSTM of 16 and a predictor of 64; ``released``, as the code for
            NAS-Bench-101, 64 and 16.
        schedule: ``fast``, or ``paper`` for the published one.
    """

    extra: ClassVar[str] = "neural"

    settings: Literal["paper", "released"] = "paper"
    schedule: Literal["fast", "paper"] = "fast"

    def needs(self) -> frozenset[str]:
        """Sequences of tokens."""
        return frozenset({"sequence"})

    def learn(self, archs: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Train a new network."""
        from methods.predictor.models.encoder_decoder_training import Learner

        self._learner = Learner(self.space, self.rng, self.settings, self.schedule)
        self._learner.fit(archs, scores)

    def guess(self, archs: NDArray[np.int64]) -> NDArray[np.float64]:
        """What the head predicts."""
        return self._learner.predict(archs)
