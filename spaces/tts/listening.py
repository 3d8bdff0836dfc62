"""Listening to trained networks: what a recogniser understands, and which words they skip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from harness.live.exhibits import Alignment, Exhibit, Sound
from harness.live.speech.mel import RATE
from harness.live.speech.phonemes import pronounce
from harness.live.speech.utterances import Utterances

if TYPE_CHECKING:
    import torch
    from torch import nn

HARD_SENTENCES = Path(__file__).with_name("hard_sentences.txt")


def hard_sentences() -> list[str]:
    """Sentences that provoke skipped and repeated words, our own."""
    return HARD_SENTENCES.read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True, eq=False)
class Listening:
    """How trained networks are listened to.

    The paper reports what people understood and heard wrong. These are proxies: a recogniser
    (pocketsphinx) stands in for listeners, and misunderstands a fifth of the words of the real
    recordings, whose rates are therefore reported beside: those of the recordings themselves, and
    those of copy synthesis, their spectrograms made audible as those of the network are, by
    Griffin-Lim. Since it errs so often, skips and repeats are counted along the path of the
    attention: the token with the largest weight at each step, of the best head.

    Attributes:
        utterances: of the test data.
        folder: of their recordings.
        sentences: how many of them are synthesised, the first ones.
        hard: how many of the hard sentences are.
    """

    utterances: Utterances
    folder: Path
    sentences: int
    hard: int

    @cached_property
    def _texts(self) -> list[str]:
        return [clip.text for clip in self.utterances.clips[: self.sentences]]

    def measures(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """What is understood, and what goes wrong on hard sentences.

        Args:
            network: a `spaces.tts.network.SpeechNetwork` in evaluation mode, on the device.
            device: where to compute.

        Returns:
            Word and phone error rates in percent of all words and phones, which can exceed 100;
            skipped and repeated words in percent of the words of the hard sentences, and the share
            of hard sentences with any of them or without an end.
        """
        from harness.live.speech.griffin_lim import griffin_lim
        from spaces.tts.network import SpeechNetwork
        from spaces.tts.synthesis import synthesise

        speaker = cast(SpeechNetwork, network)
        spoken = synthesise(speaker, [pronounce(text) for text in self._texts], device)
        own = [griffin_lim(found.mels.cpu()).numpy() for found in spoken]
        return {
            **self._error_rates(own, ""),
            **self._floors,
            **self._robustness(speaker, device),
        }

    @cached_property
    def _floors(self) -> dict[str, float]:
        """What is understood of the recordings, and of their spectrograms made audible."""
        copies = [self._copy(number) for number in range(len(self._texts))]
        return {
            **self._error_rates(self._recordings(), " of the ground truth"),
            **self._error_rates(copies, " of copy synthesis"),
        }

    def _copy(self, number: int) -> NDArray[np.float32]:
        import torch

        from harness.live.speech.griffin_lim import griffin_lim

        mels = self.utterances.mels.of(self.utterances.index[number])
        copy: NDArray[np.float32] = griffin_lim(torch.tensor(mels)).numpy()
        return copy

    def _recordings(self) -> list[NDArray[np.float32]]:
        from harness.live.speech.ljspeech import wav_path
        from harness.live.speech.wav import floats_of

        names = [clip.name for clip in self.utterances.clips[: self.sentences]]
        contents = [wav_path(self.folder, name).read_bytes() for name in names]
        return [floats_of(content) for content in contents]

    def _error_rates(self, sounds: Sequence[NDArray[np.float32]], of: str) -> dict[str, float]:
        from harness.live.speech.recognition import phone_error_rate, transcribe, word_error_rate

        heard = transcribe(sounds)
        return {
            f"word error rate{of} (%)": word_error_rate(self._texts, heard),
            f"phone error rate{of} (%)": phone_error_rate(self._texts, heard),
        }

    def _robustness(self, network: Any, device: torch.device) -> dict[str, float]:
        from harness.live.speech.alignment import skips_and_repeats
        from spaces.tts.synthesis import synthesise

        texts = [pronounce(text) for text in hard_sentences()[: self.hard]]
        if not texts:
            return {}
        words, skipped, repeated, wrong = 0, 0, 0, 0
        for text, found in zip(texts, synthesise(network, texts, device), strict=True):
            path = found.best_attention().argmax(1).tolist()
            skips, repeats = skips_and_repeats(path, text.owners)
            words += len(text.words)
            skipped, repeated = skipped + skips, repeated + repeats
            wrong += bool(skips or repeats or not found.ended)
        return {
            "skipped words of hard sentences (%)": 100 * skipped / words,
            "repeated words of hard sentences (%)": 100 * repeated / words,
            "hard sentences with an error (%)": 100 * wrong / len(texts),
        }

    def exhibits(self, network: nn.Module, device: torch.device) -> Iterator[Exhibit]:
        """Of each synthesised sentence its alignment and recording, beside the real recording."""
        from harness.live.speech.griffin_lim import griffin_lim
        from spaces.tts.network import SpeechNetwork
        from spaces.tts.synthesis import synthesise

        texts = [pronounce(text) for text in self._texts]
        spoken = synthesise(cast(SpeechNetwork, network), texts, device)
        real = self._recordings()
        for i, (text, found) in enumerate(zip(texts, spoken, strict=True)):
            name = self.utterances.clips[i].name
            weights = found.best_attention().float().cpu().numpy()
            yield Alignment(f"{name}-alignment", weights, text.symbols)
            yield Sound(f"{name}-synthesised", griffin_lim(found.mels.cpu()).numpy(), RATE)
            yield Sound(f"{name}-copy-synthesis", self._copy(i), RATE)
            yield Sound(f"{name}-recording", real[i], RATE)
