"""Texts and their spectrograms as examples to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.live.examples import Batch, Examples
from harness.live.speech.ljspeech import Clip
from harness.live.speech.mel import FLOOR, MELS
from harness.live.speech.mel_cache import Mels
from harness.live.speech.phonemes import Pronunciation, pronounce

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SILENCE = float(np.log(FLOOR))


@dataclass(frozen=True, eq=False)
class Utterances(Examples):
    """Some of the clips of a data set.

    A batch has inputs ``(tokens, previous, lengths)`` and targets ``(mels, steps, lengths)``, with
    the longest text and recording of the batch of L tokens and S steps; a step is a group of
    consecutive frames.

    * tokens: numbers of `SYMBOLS`, shape (n, L), 0 behind the end.
    * previous: the log-mels of the last frame before each step, shape (n, S, mels); silence before
      the first one.
    * lengths: numbers of tokens, shape (n,).
    * mels: log-mels, shape (n, S, group * mels), silence behind the end.
    * steps: their numbers, shape (n,).

    Attributes:
        mels: of the whole data set.
        index: of the clips, shape (utterances,).
        group: frames a step.
    """

    mels: Mels
    index: tuple[int, ...]
    group: int

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.index)

    @cached_property
    def clips(self) -> tuple[Clip, ...]:
        """The clips."""
        return tuple(self.mels.clips[i] for i in self.index)

    @cached_property
    def pronunciations(self) -> tuple[Pronunciation, ...]:
        """How the clips are spoken."""
        return tuple(pronounce(clip.text) for clip in self.clips)

    def batch(
        self, index: Tensor, device: torch.device, generator: torch.Generator | None = None
    ) -> Batch:
        """See `Examples.batch`; nothing is changed for training."""
        import torch

        chosen = index.tolist()
        tokens, lengths = padded([self.pronunciations[i].tokens for i in chosen])
        recordings = [self.mels.of(self.index[i]) for i in chosen]
        steps = torch.tensor([-(-len(frames) // self.group) for frames in recordings])
        shape = (len(chosen), int(steps.max()) * self.group, MELS)
        mels = np.full(shape, SILENCE, np.float32)
        for row, frames in zip(mels, recordings, strict=True):
            row[: len(frames)] = frames
        last = mels[:, self.group - 1 :: self.group]
        previous = np.roll(last, 1, axis=1)
        previous[:, 0] = SILENCE
        grouped = torch.from_numpy(mels).view(len(chosen), -1, self.group * MELS)
        lengths = lengths.to(device)
        inputs = (tokens.to(device), torch.from_numpy(previous).to(device), lengths)
        return inputs, (grouped.to(device), steps.to(device), lengths)


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Sequences of tokens behind which there are zeros, shape (n, L), and their lengths, (n,)."""
    import torch

    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = torch.tensor(sequence)
    return tokens, lengths
