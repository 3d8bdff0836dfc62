"""The predictor of SemiNAS (Luo et al., NeurIPS 2020, section 3)."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from harness import require
from methods.predictor.models.nao import NAOPredictor
from methods.predictor.models.unlabelled import draw_unlabelled


class SemiNASPredictor(NAOPredictor):
    """The network of NAO, trained on labels and then on its own guesses for unlabelled ones too.

    It learns the labels, guesses the scores of architectures without one, and goes on with both,
    the labels upsampled so that the guesses do not drown them (Luo et al., NeurIPS 2020,
    algorithm 1). The published schedule has 1,000 epochs of the first kind and 500 of the second
    kind over all copies: 101,000 steps for 100 labels. The default one has 100 over the labels and
    500 with guesses, in steps of 100 labels and 100 guesses with weights in the place of copies, at
    a rate that rises to 0.005 and falls to nothing: 600 steps for 100 labels, and never more than
    2,000 of a kind. With 1,000 guesses on NAS-Bench-201 (CIFAR-10) its Kendall's tau differs
    from that of the published schedule by -0.003 for 100 labels (95 % interval -0.011 to 0.006) and
    by 0.001 for 300 (-0.005 to 0.006), 30 seeds: `results/README.md`.

    Attributes:
        settings: ``paper`` has an LSTM of 16 and a predictor of 64; ``released``, as the code for
            NAS-Bench-101, 64 and 16.
        schedule: ``fast``, or ``paper`` for the published one.
        unlabelled: how many architectures are guessed; fewer where the space has fewer, and none
            for NAO.
        upsample: how often a label counts beside a guess; 10 in the released code for 1,100
            labels, 0 for as many guesses as there are for each label, its fallback.
    """

    unlabelled: int = 10_000
    upsample: int = 0

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, unlabelled=(0, inf), upsample=(0, inf))

    def learn(self, archs: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Train a new network, twice."""
        from methods.predictor.models.encoder_decoder_training import Learner

        self._learner = Learner(self.space, self.rng, self.settings, self.schedule)
        others = draw_unlabelled(self.space, self.rng, archs, self.unlabelled)
        self._learner.fit(archs, scores, others, self.upsample)
