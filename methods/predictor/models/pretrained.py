"""Predictors whose encoder first learns labels that cost nothing."""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import Predictor, SearchSpace, require, unlabelled_scorer
from methods.predictor.models.unlabelled import draw_unlabelled
from methods.predictor.models.weak_labels import Properties, no_properties, standardised

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from methods.predictor.models.pretrained_networks import Network

Rows = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]

# Architectures that are predicted at once: their activations stay in the cache of one core.
CHUNK = 2_048


class PretrainedPredictor(Predictor):
    """An encoder that learns weak labels of many architectures, then the scores of a few.

    The encoder is pretrained once after each `attach`, at the first fit, and every fit starts from
    it. Where there are no weak labels, fits start from random weights.

    Attributes:
        pretrain: whether weak labels are learned first.
        unlabelled: how many architectures they are learned from at most; each is asked for its
            free properties.
        weak: a scorer that needs no labels, by name or path, whose scores are one more weak label,
            e.g. ``naswot`` or ``supernet``; empty for none. In AceNAS and FBNetV3 that is a
            supernet's accuracy, and statistics of the network.
    """

    extra: ClassVar[str] = "neural"

    pretrain: bool = True
    unlabelled: int = 2_000
    weak: str = ""

    def __post_init__(self) -> None:
        """Check the hyper-parameters."""
        require(self, unlabelled=(1, inf))

    def trains(self) -> bool:
        """Whether the scorer of `weak` does."""
        return bool(self.weak) and unlabelled_scorer(self.weak).trains()

    def uses(self) -> tuple[str, ...]:
        """The scorer of `weak`."""
        return (self.weak,) if self.weak else ()

    def attach(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        properties: Properties = no_properties,
        task: Any = None,
    ) -> None:
        """Say what the architectures are, and forget what was learned of others."""
        super().attach(space, rng, properties, task)
        self._encoder: dict[str, Tensor] | None = None

    @abstractmethod
    def weak_labels(self, archs: Rows) -> FloatArray:
        """What is known of architectures for free, shape (n, labels); there may be no label."""

    @abstractmethod
    def inputs(self, archs: Rows) -> tuple[Tensor, ...]:
        """What the encoder is shown of architectures, n rows in each tensor."""

    @abstractmethod
    def network(self, inputs: tuple[Tensor, ...], generator: Generator) -> Network:
        """A network with random weights that scales its inputs as these need it."""

    @abstractmethod
    def learn_weak(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        labels: NDArray[np.float32],
        generator: Generator,
    ) -> None:
        """Teach the encoder of a network standardised weak labels."""

    @abstractmethod
    def tune(
        self,
        network: Network,
        inputs: tuple[Tensor, ...],
        scores: FloatArray,
        pretrained: bool,
        generator: Generator,
    ) -> None:
        """Teach a network scores."""

    def learn(self, archs: NDArray[np.int64], scores: FloatArray) -> None:
        """Fit the network to scores, from the pretrained encoder where there is one."""
        from harness.live.torch_tools import one_thread, torch_generator

        with one_thread():
            if self.pretrain and self._encoder is None and self._has_weak_labels(archs):
                self._encoder = self._pretrained()
            generator = torch_generator(self.rng)
            inputs = self.inputs(archs)
            self._network = self.network(inputs, generator)
            if self._encoder is not None:
                self._network.encoder.load_state_dict(self._encoder)
            self.tune(self._network, inputs, scores, self._encoder is not None, generator)

    def guess(self, archs: NDArray[np.int64]) -> FloatArray:
        """See `Predictor.guess`; only the order of the predictions means something."""
        import torch

        from harness.live.torch_tools import one_thread

        guessed = np.empty(len(archs))
        with one_thread(), torch.inference_mode():
            for start in range(0, len(archs), CHUNK):
                rows = archs[start : start + CHUNK]
                guessed[start : start + CHUNK] = self._network(*self.inputs(rows)).numpy()
        return guessed

    def _has_weak_labels(self, archs: Rows) -> bool:
        return bool(self.weak) or self.weak_labels(archs[:1]).size > 0

    def _pretrained(self) -> dict[str, Tensor]:
        """Weights of an encoder that learned weak labels."""
        from harness.live.torch_tools import torch_generator

        archs = draw_unlabelled(self.space, self.rng, self.space.integers([]), self.unlabelled)
        generator = torch_generator(self.rng)
        inputs = self.inputs(archs)
        network = self.network(inputs, generator)
        labels = standardised(
            np.concatenate([self._weak_scores(archs), self.weak_labels(archs)], axis=1)
        )
        if labels.size:
            self.learn_weak(network, inputs, labels, generator)
        return network.encoder.state_dict()

    def _weak_scores(self, archs: Rows) -> FloatArray:
        """Ranks by the scorer of `weak`, whose scale can be anything; shape (n, 1), or (n, 0)."""
        if not self.weak:
            return np.empty((len(archs), 0))
        from scipy.stats import rankdata

        scorer = unlabelled_scorer(self.weak)
        scorer.attach(self.space, self.rng, self.properties, self.task)
        scorer.fit(archs, np.zeros(len(archs)))
        ranks = rankdata(scorer.predict(archs))
        self.spent += scorer.spent
        return np.asarray(ranks, np.float64)[:, None]
