"""Speech from texts alone: each frame follows from those before it; needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.live.speech.alignment import diagonal_focus
from harness.live.speech.mel import MELS
from harness.live.speech.phonemes import Pronunciation
from harness.live.speech.utterances import SILENCE, padded
from spaces.tts.network import SpeechNetwork

# Nobody speaks slower: frames for each token, three times the mean of LJSpeech.
SLOWEST = 20


@dataclass(frozen=True, eq=False)
class Spoken:
    """A synthesised utterance.

    Attributes:
        mels: log-mels, shape (frames, mels).
        attention: of each head of each layer, shape (heads, steps, tokens).
        ended: whether the network ended it, and not its limit.
    """

    mels: Tensor
    attention: Tensor
    ended: bool

    def best_attention(self) -> Tensor:
        """That of the head with the largest diagonal focus rate, shape (steps, tokens)."""
        steps, tokens = torch.tensor(self.attention.shape[1:])[:, None]
        # A tenth of the utterance to either side, however long it is.
        focus = diagonal_focus(self.attention[None].cpu(), steps, tokens, 0.1 * int(steps))[0]
        return self.attention[int(focus.argmax())]


def synthesise(
    network: SpeechNetwork, texts: Sequence[Pronunciation], device: torch.device
) -> list[Spoken]:
    """Speak texts.

    Args:
        network: in evaluation mode, on the device.
        texts: one or more.
        device: where to compute.
    """
    tokens, lengths = (values.to(device) for values in padded([text.tokens for text in texts]))
    limits = (SLOWEST * lengths / network.shape.group).ceil().long()
    ends = limits.clone()
    previous = torch.full((len(texts), 1, MELS), SILENCE, device=device)
    with torch.inference_mode():
        memory, there = network.encode(tokens, lengths)
        for step in range(1, int(limits.max()) + 1):
            mels, stop, attention = network.decode(memory, there, previous)
            ends = torch.where((stop[:, -1] > 0) & (step < ends), step, ends)
            if step >= int(ends.max()):
                break
            previous = torch.cat([previous, mels[:, -1:, -MELS:]], 1)
    return [
        Spoken(
            mels[i, :end].reshape(-1, MELS),
            attention[i, :, :end, : len(text.tokens)],
            bool(end < limits[i]),
        )
        for i, (text, end) in enumerate(zip(texts, ends.tolist(), strict=True))
    ]
