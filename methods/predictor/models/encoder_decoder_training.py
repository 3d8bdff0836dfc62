"""Training the encoder-predictor-decoder, with and without guessed labels, and climbing in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness import Architecture, SearchSpace
from harness.live.torch_tools import one_thread, torch_generator
from methods.predictor.models.batches import copied, weighted
from methods.predictor.models.encoder_decoder import EncoderDecoder

Settings = Literal["paper", "released"]
ScheduleName = Literal["fast", "paper"]
Rows = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float64]

# Numbers of the LSTM and of the predictor. The released NAS-Bench-101 code has them swapped.
SIZES: dict[Settings, tuple[int, int]] = {"paper": (16, 64), "released": (64, 16)}

# Share of the squared error in the loss; the rest is the surprise at the tokens.
TRADE_OFF = 0.8
WEIGHT_DECAY = 1e-4
LARGEST_GRADIENT = 5.0

# Sequences encoded or decoded at once: the states of so many stay in the cache of one core.
CHUNK = 512


@dataclass(frozen=True)
class Schedule:
    """How long a network is trained, and with what steps.

    Attributes:
        batch: examples a step; where labels are weighted, half of it are labels.
        alone_epochs: passes over the labels where nothing is ever guessed.
        label_epochs: passes over the labels before others are guessed.
        mixed_epochs: passes over the labels, or over labels and guesses where labels are copied.
        rate: of Adam; the highest one of the cycle where there is a cycle.
        weighted: whether each step sees labels and guesses, weighted as `upsample` copies of each
            label would weigh; else the labels are copied.
        cycle: whether the rate rises and falls to nothing (one cycle, Smith and Topin 2019).
    """

    batch: int
    alone_epochs: int
    label_epochs: int
    mixed_epochs: int
    rate: float
    weighted: bool
    cycle: bool


# Found on NAS-Bench-201 and NAS-Bench-101. Labels alone are soon overfitted, so guesses are made
# early; beside guesses training can go on until what is encoded is decoded again, without which the
# ascent ends anywhere.
SCHEDULES: dict[ScheduleName, Schedule] = {
    "fast": Schedule(200, 400, 100, 500, 5e-3, weighted=True, cycle=True),
    "paper": Schedule(100, 1000, 1000, 500, 1e-3, weighted=False, cycle=False),
}


class Learner:
    """An encoder-predictor-decoder of a space; what it learned carries over from fit to fit."""

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        settings: Settings,
        schedule: ScheduleName,
    ) -> None:
        """Draw the weights.

        Args:
            space: of the architectures.
            rng: seeds the generator of weights, batches and dropout.
            settings: which sizes the network has.
            schedule: how it is trained.
        """
        self._space = space
        self._generator = torch_generator(rng)
        self._schedule = SCHEDULES[schedule]
        hidden, width = SIZES[settings]
        self.network = EncoderDecoder(space.token_choices, hidden, width, self._generator).eval()
        self._mean, self._scale = 0.0, 1.0

    def fit(
        self, archs: Rows, scores: FloatArray, others: Rows | None = None, upsample: int = 0
    ) -> FloatArray:
        """Learn labels; then guess those of other architectures, and learn both.

        Labels are taken at their distance from the mean of these labels, in standard deviations.

        Args:
            archs: genotypes with labels, shape (n, decisions).
            scores: the labels, shape (n,).
            others: genotypes without labels, shape (m, decisions).
            upsample: how many copies of a label weigh as it does beside the guesses; 0 for as many
                as there are guesses for each label.

        Returns:
            The guesses, shape (m,).
        """
        self._mean, self._scale = float(scores.mean()), float(scores.std()) or 1.0
        tokens = self._tokens(archs)
        targets = torch.from_numpy((scores - self._mean) / self._scale).float()
        schedule = self._schedule
        with one_thread():
            if others is None or len(others) == 0:
                self._train(tokens, targets, 0, 1, schedule.alone_epochs)
                return np.empty(0)
            self._train(tokens, targets, 0, 1, schedule.label_epochs)
            unlabelled = self._tokens(others)
            guesses = self._predict(unlabelled)
            self._train(
                torch.cat([tokens, unlabelled], dim=1),
                torch.cat([targets, guesses]),
                len(others),
                upsample or ceil(len(others) / len(archs)),
                schedule.mixed_epochs,
            )
        return self._as_scores(guesses)

    def predict(self, archs: Rows) -> FloatArray:
        """Expected scores, shape (n,)."""
        with one_thread():
            return self._as_scores(self._predict(self._tokens(archs)))

    def climb(self, seeds: Rows, steps: Sequence[float]) -> Iterator[list[Architecture | None]]:
        """Decode architectures from where the predicted score is higher than at the seeds.

        The step is made from the encoding of each position along the gradient of the score with
        respect to it, and the result is normalised, as encodings are. No gradient flows through
        the LSTM.

        Args:
            seeds: genotypes, shape (n, decisions).
            steps: lengths in gradients, from short to long.

        Yields:
            For each step what is decoded from each seed; None for what is no architecture.
        """
        with one_thread():
            with torch.inference_mode():
                encoded = self.network.encode(self._tokens(seeds))
            gradient = self.gradient(encoded)
        # The first steps often lead to enough: later ones are decoded more at a time.
        start, size = 0, 1
        most = max(1, CHUNK // len(seeds))
        while start < len(steps):
            etas = torch.tensor(steps[start : start + size])[None, :, None, None]
            moved = functional.normalize(encoded[:, None] + etas * gradient[:, None], dim=-1)
            with one_thread(), torch.inference_mode():
                tokens = self.network.greedy(moved.flatten(1, 2)).T.numpy()
            for part in tokens.reshape(-1, len(seeds), len(encoded)):
                yield self._space.from_sequences(part)
            start += size
            size = min(2 * size, most)

    def gradient(self, encoded: Tensor) -> Tensor:
        """The gradient of the predicted scores with respect to encodings, of their shape."""
        free = encoded.clone().requires_grad_()
        score = self.network.score(self.network.pool(free)).sum()
        (gradient,) = torch.autograd.grad(score, free)
        return gradient

    def _tokens(self, archs: Rows) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(self._space.sequences(archs).T)).long()

    def _as_scores(self, outputs: Tensor) -> FloatArray:
        return outputs.double().numpy() * self._scale + self._mean

    def _predict(self, tokens: Tensor) -> Tensor:
        network = self.network
        with torch.inference_mode():
            scores = [
                network.score(network.pool(network.encode(part)))
                for part in torch.split(tokens, CHUNK, dim=1)
            ]
        # Not an inference tensor, which could not be learned from.
        return torch.cat(scores).clone()

    def _train(
        self, tokens: Tensor, targets: Tensor, others: int, upsample: int, epochs: int
    ) -> None:
        """One phase of training, with an Adam of its own; the labels come before the others."""
        schedule, network = self._schedule, self.network
        n = len(targets) - others
        plan = weighted if schedule.weighted else copied
        steps, batches = plan(n, others, upsample, schedule.batch, epochs, self._generator)
        optimiser = torch.optim.Adam(
            network.parameters(), lr=schedule.rate, weight_decay=WEIGHT_DECAY, fused=True
        )
        cycle = None
        if schedule.cycle:
            cycle = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, schedule.rate, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
            )
        network.train()
        for index, weights in batches:
            optimiser.zero_grad()
            error, surprise = network.loss(tokens[:, index], targets[index])
            loss = weights @ (TRADE_OFF * error + (1 - TRADE_OFF) * surprise)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
            optimiser.step()
            if cycle:
                cycle.step()
        network.eval()
